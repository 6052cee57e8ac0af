"""AccountService: local accounts and their roles, and changing one's own password."""

import re
from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, BeforeValidator
from sqlalchemy import case, select

from mutua.console.admission import CallerDep, ConsoleDep, about, address_of
from mutua.console.api import query, short_list
from mutua.console.api.access import ApiRoute
from mutua.console.api.body import MAX_JSON_BYTES, Text
from mutua.console.api.collection import LargePageDep
from mutua.console.api.errors import NOT_FOUND, ApiError, invalid_value, missing_value, refused_value, unable
from mutua.console.api.query import Field, Kind
from mutua.console.console import Console
from mutua.console.users import Account, AccountRefusedError, Change, Role, UnknownAccountError, account_of
from mutua.message import message
from mutua.storage.tables import users

router = APIRouter(prefix="/api/AccountService", tags=["Accounts"], route_class=ApiRoute, max_body_size=MAX_JSON_BYTES)

_LOCAL_USER = 1
"""`UserTypeId` of a user who is known here, and not by a directory."""
_ACCOUNT_ID = re.compile("[0-9]{1,18}")

_FIELDS = {
    "Id": Field(users.c.id, Kind.IDENTIFIER),
    "UserName": Field(users.c.user_name, Kind.TEXT),
    "Name": Field(case((users.c.full_name == "", users.c.user_name), else_=users.c.full_name), Kind.TEXT),
    "Description": Field(users.c.description, Kind.TEXT),
    "RoleId": Field(users.c.role_id, Kind.TEXT),
    "Enabled": Field(users.c.enabled, Kind.BOOLEAN),
    "IsBuiltin": Field(users.c.builtin, Kind.BOOLEAN),
}
_ROLE_DESCRIPTIONS = {
    Role.ADMINISTRATOR: "May do everything.",
    Role.DEVICE_MANAGER: "May see everything but accounts, and manage devices.",
    Role.VIEWER: "May see everything but accounts.",
}
_ROLE_FIELDS = {"Id": Kind.TEXT, "Name": Kind.TEXT}


def _as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


RoleNumber = Annotated[Text, BeforeValidator(_as_text)]
"""A text on the wire; clients that read it from a table send a number."""


class AccountBody(BaseModel):
    """A local account. What is null or left out stays as it is; a new one needs a name, a password and a role."""

    UserName: Text | None = None
    Password: Text | None = None
    RoleId: RoleNumber | None = None
    Name: Text | None = None
    Description: Text | None = None
    Enabled: bool | None = None
    Locked: bool | None = None
    UserTypeId: int | None = None
    DirectoryServiceId: int | None = None


class NewPassword(BaseModel):
    """One's own password, and the one to have from now on."""

    CurrentPassword: Text
    NewPassword: Text


@router.get("/Accounts")
def list_accounts(console: ConsoleDep, page: LargePageDep) -> dict[str, object]:
    """Every account, by id."""
    with console.database.reading() as connection:
        locked = console.accounts.failures.locked()
        return query.answer(
            connection,
            select(users),
            page,
            _FIELDS,
            "AccountService.Account",
            lambda row: _account(account_of(row), locked=locked(row["user_name"])),
        )


@router.post("/Accounts", status_code=201)
def create_account(body: AccountBody, request: Request, console: ConsoleDep) -> JSONResponse:
    """A new local account."""
    for name in ("UserName", "Password", "RoleId"):
        if not getattr(body, name):
            raise missing_value(name)
    try:
        account = console.users.add(_change(body))
    except AccountRefusedError as error:
        raise _refused(error) from error
    about(request, account.name)
    told = _told(console, account)
    return JSONResponse(told, status_code=201, headers={"Location": str(told["@odata.id"])})


@router.get("/Accounts('{identifier}')")
def one_account(identifier: str, console: ConsoleDep) -> dict[str, object]:
    """One account."""
    try:
        return _told(console, console.users.read(_number(identifier)))
    except UnknownAccountError as error:
        raise ApiError(NOT_FOUND) from error


@router.put("/Accounts('{identifier}')")
def change_account(
    identifier: str, body: AccountBody, request: Request, console: ConsoleDep, caller: CallerDep
) -> dict[str, object]:
    """Change an account; a new password ends its sessions. `Locked: false` lets it try again at once."""
    try:
        before = console.users.read(_number(identifier))
        about(request, before.name)
        account = console.users.change(before.id, _change(body), caller.user)
    except UnknownAccountError as error:
        raise ApiError(NOT_FOUND) from error
    except AccountRefusedError as error:
        raise _refused(error) from error
    if body.Locked is False:
        console.accounts.failures.forgive(account.name)
    return _told(console, account)


@router.delete("/Accounts('{identifier}')", status_code=204)
def delete_account(identifier: str, request: Request, console: ConsoleDep, caller: CallerDep) -> Response:
    """Delete an account with its sessions."""
    try:
        account = console.users.read(_number(identifier))
        about(request, account.name)
        console.users.delete(account.id, caller.user)
    except UnknownAccountError as error:
        raise ApiError(NOT_FOUND) from error
    except AccountRefusedError as error:
        raise _refused(error) from error
    return Response(status_code=204)


@router.get("/Roles")
def list_roles(page: LargePageDep) -> dict[str, object]:
    """The roles that an account can have."""
    return short_list.answer([_role(role) for role in Role], page, _ROLE_FIELDS, "AccountService.Role")


@router.get("/Roles('{identifier}')")
def one_role(identifier: str) -> dict[str, object]:
    """One role."""
    if identifier not in set(Role):
        raise ApiError(NOT_FOUND)
    return {"@odata.context": "/api/$metadata#AccountService.Role"} | _role(Role(identifier))


@router.post("/Actions/AccountService.ChangePassword", status_code=204)
def change_password(body: NewPassword, request: Request, console: ConsoleDep, caller: CallerDep) -> Response:
    """Change one's own password; every other session of the account ends."""
    try:
        console.change_own_password(
            caller.user, body.CurrentPassword, body.NewPassword, address_of(request), caller.session
        )
    except AccountRefusedError as error:
        raise _refused(error) from error
    return Response(status_code=204)


def _number(identifier: str) -> int:
    if not _ACCOUNT_ID.fullmatch(identifier):
        raise ApiError(NOT_FOUND)
    return int(identifier)


def _change(body: AccountBody) -> Change:
    if body.UserTypeId not in (None, _LOCAL_USER):
        raise invalid_value("UserTypeId")
    if body.DirectoryServiceId not in (None, 0):
        raise invalid_value("DirectoryServiceId")
    if body.RoleId is not None and body.RoleId not in set(Role):
        raise refused_value("RoleId", message("expected one of {roles}.", roles=", ".join(Role)))
    return Change(
        name=body.UserName,
        password=body.Password,
        role=Role(body.RoleId) if body.RoleId is not None else None,
        full_name=body.Name,
        description=body.Description,
        enabled=body.Enabled,
    )


def _refused(error: AccountRefusedError) -> ApiError:
    return unable([error.problem]) if error.field is None else refused_value(error.field, error.problem)


def _told(console: Console, account: Account) -> dict[str, object]:
    locked = console.accounts.failures.locked()(account.name)
    return {"@odata.context": "/api/$metadata#AccountService.Account"} | _account(account, locked=locked)


def _account(account: Account, *, locked: bool) -> dict[str, object]:
    return {
        "@odata.type": "#AccountService.Account",
        "@odata.id": f"/api/AccountService/Accounts('{account.id}')",
        "Id": str(account.id),
        "UserTypeId": _LOCAL_USER,
        "DirectoryServiceId": 0,
        "Description": account.description,
        "Name": account.full_name or account.name,
        "Password": None,
        "PlainTextPassword": None,
        "UserName": account.name,
        "RoleId": account.role,
        "Locked": locked,
        "IsBuiltin": account.builtin,
        "Enabled": account.enabled,
        "IsVisible": True,
    }


def _role(role: Role) -> dict[str, object]:
    return {
        "@odata.type": "#AccountService.Role",
        "@odata.id": f"/api/AccountService/Roles('{role}')",
        "Id": role,
        "Name": role.name,
        "Description": _ROLE_DESCRIPTIONS[role],
        "IsBuiltin": True,
    }
