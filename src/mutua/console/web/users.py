"""Application Settings → Users: who may sign in, and as what."""

from collections.abc import Callable

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from mutua.console.admission import CallerDep, ConsoleDep, about
from mutua.console.console import Console
from mutua.console.passwords import MAX_PASSWORD, MIN_PASSWORD
from mutua.console.users import MAX_NAME, AccountRefusedError, Change, Role, UnknownAccountError, User
from mutua.console.web import words
from mutua.console.web.forms import Form, FormDep
from mutua.console.web.rendering import page, redirect
from mutua.console.web.visitor import PageRoute
from mutua.message import Message

PATH = "/settings/users"

router = APIRouter(prefix=PATH, route_class=PageRoute)

_LONGEST_NUMBER = 18


@router.get("")
def show(request: Request, console: ConsoleDep) -> Response:
    """The accounts, and a form for a new one."""
    return _page(request, console)


@router.post("/add")
def add(request: Request, console: ConsoleDep, form: FormDep) -> Response:
    """Add an account, or say what is wrong with it, beside the field."""
    try:
        account = console.users.add(Change(name=form.text("user"), password=form.text("password"), role=_role(form)))
    except AccountRefusedError as error:
        return _page(request, console, status=400, entered=form, refused=error)
    about(request, account.name)
    return redirect(PATH, "user-added")


@router.post("/role")
def role(request: Request, console: ConsoleDep, caller: CallerDep, form: FormDep) -> Response:
    """Give an account another role."""
    change = Change(role=_role(form))
    return _attempt(
        request, console, form, lambda number: console.users.change(number, change, caller.user), "user-changed"
    )


@router.post("/unlock")
def unlock(request: Request, console: ConsoleDep, form: FormDep) -> Response:
    """Let an account sign in again."""
    return _attempt(request, console, form, lambda number: _unlock(console, number), "user-unlocked")


@router.post("/delete")
def delete(request: Request, console: ConsoleDep, caller: CallerDep, form: FormDep) -> Response:
    """Delete an account with its sessions."""
    return _attempt(request, console, form, lambda number: console.users.delete(number, caller.user), "user-deleted")


def _unlock(console: Console, number: int) -> None:
    account = console.users.change(number, Change(enabled=True))
    console.accounts.failures.forgive(account.name)


def _attempt(request: Request, console: Console, form: Form, order: Callable[[int], object], note: str) -> Response:
    try:
        account = console.users.read(_number(form))
        about(request, account.name)
        order(account.id)
    except UnknownAccountError as error:
        raise HTTPException(404) from error
    except AccountRefusedError as error:
        return _page(request, console, status=409, problem=error.problem)
    return redirect(PATH, note)


def _number(form: Form) -> int:
    text = form.text("id")
    if not text.isascii() or not text.isdigit() or len(text) > _LONGEST_NUMBER:
        raise HTTPException(400)
    return int(text)


def _role(form: Form) -> Role:
    try:
        return Role(form.text("role"))
    except ValueError as error:
        raise HTTPException(400) from error


def _page(
    request: Request,
    console: Console,
    *,
    status: int = 200,
    entered: Form | None = None,
    refused: AccountRefusedError | None = None,
    problem: Message | None = None,
) -> Response:
    locked = console.accounts.failures.locked()
    me: User = request.state.caller.user
    return page(
        request,
        "users.html",
        status=status,
        here=PATH,
        path=PATH,
        accounts=[(account, words.USER_ROLES[account.role], locked(account.name)) for account in console.users.all()],
        me=me,
        roles=words.USER_ROLES,
        meanings=words.USER_ROLE_MEANINGS,
        entered={"user": entered.text("user"), "role": entered.text("role")} if entered else {"user": "", "role": "16"},
        refused=refused,
        problem=problem,
        limits=(MAX_NAME, MIN_PASSWORD, MAX_PASSWORD),
    )
