"""The table of permissions: every route is in it, and what it says is what happens, for every role."""

from collections.abc import Iterator
from http.cookies import SimpleCookie

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Mount, Route
from tests.console.wire import SESSIONS, Wire
from tests.running import RunningConsole

from mutua.console.accounts import SessionKind
from mutua.console.admission import GuardedRoute
from mutua.console.api.access import ApiRoute
from mutua.console.app import public_app
from mutua.console.permissions import ROUTES, Least, least_for
from mutua.console.users import Change, Role, User
from mutua.console.web.visitor import PageRoute
from mutua.storage import tables

STANDINGS = {
    Role.VIEWER: Least.VIEWER,
    Role.DEVICE_MANAGER: Least.DEVICE_MANAGER,
    Role.ADMINISTRATOR: Least.ADMINISTRATOR,
}
PASSWORD = "a password of somebody"
GUARDED = sorted(route for route, least in ROUTES.items() if least is not Least.PUBLIC)


def walk(routes: list[BaseRoute]) -> Iterator[BaseRoute]:
    """Every route below an application, however it was put in."""
    for route in routes:
        included = getattr(route, "original_router", None)
        if included is not None:
            yield from walk(included.routes)
        elif isinstance(route, Mount) and (inner := _innermost(route.app)):
            yield from walk(inner)
        else:
            yield route


def _innermost(app: object) -> list[BaseRoute]:
    while hasattr(app, "_app"):
        app = app._app
    router = getattr(app, "router", None)
    return list(router.routes) if router is not None else []


def names(route: BaseRoute) -> set[str]:
    """A route as the table writes it."""
    if isinstance(route, Mount):
        return {f"GET {route.path}"}
    assert isinstance(route, Route | APIRoute)
    return {f"{method} {route.path}" for method in (route.methods or set()) - {"HEAD"}}


@pytest.fixture(scope="module")
def routes(running: RunningConsole) -> list[BaseRoute]:
    return list(walk(_innermost(public_app(running.console))))


def test_every_route_of_the_application_is_in_the_table_and_nothing_else_is(routes: list[BaseRoute]) -> None:
    served = set[str]().union(*map(names, routes))
    assert len(served) > 45
    assert served == ROUTES.keys()


def test_what_is_not_guarded_is_public(routes: list[BaseRoute]) -> None:
    for route in routes:
        if not isinstance(route, GuardedRoute):
            assert {ROUTES[name] for name in names(route)} == {Least.PUBLIC}


def test_few_things_are_public_and_none_of_them_tells_what_is_managed() -> None:
    public = {route for route, least in ROUTES.items() if least is Least.PUBLIC}
    assert public == {
        "GET /api/openapi.json",
        "GET /healthz",
        "GET /login",
        "GET /readyz",
        "GET /static",
        "POST /api/SessionService/Sessions",
        "POST /language",
        "POST /login",
        "POST /logout",
    }


def _answer() -> None:
    """Of a route that is never asked."""


@pytest.mark.parametrize("kind", [ApiRoute, PageRoute])
def test_a_route_that_is_not_in_the_table_cannot_be_made(kind: type[GuardedRoute]) -> None:
    router = APIRouter(route_class=kind)
    with pytest.raises(LookupError, match="GET /api/Forgotten"):
        router.get("/api/Forgotten")(_answer)
    with pytest.raises(LookupError):
        router.delete("/devices")(_answer)
    with pytest.raises(LookupError):
        least_for(["GET", "POST"], "/devices")
    assert least_for(["GET"], "/devices") is Least.VIEWER


@pytest.fixture(scope="module")
def users(running: RunningConsole) -> dict[Role, User]:
    """Somebody of each role."""
    added = [running.console.users.add(Change(f"{role.name}", PASSWORD, role)) for role in Role]
    return {account.role: User(account.id, account.name, account.role) for account in added}


def _header(running: RunningConsole, user: User, route: str) -> str:
    """What lets the user in, by a session of the kind that the route knows."""
    if " /api/" in route:
        return f"X-Auth-Token: {running.console.accounts.sign_in(user, SessionKind.API, '127.0.0.1')[1]}"
    token = running.console.accounts.sign_in(user, SessionKind.WEB, "127.0.0.1")[1]
    return f"Cookie: __Host-session-{running.console.guid[:8]}={token}"


def _ask(wire: Wire, route: str, header: str) -> int:
    method, path = route.split(" ")
    body = b"{}" if " /api/" in route and method in ("POST", "PUT") else b""
    return wire.ask(
        method, path.replace("{identifier}", "0" * 36), (header, "Content-Type: application/json"), body
    ).status


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("route", GUARDED)
def test_a_role_may_do_what_the_table_says_and_nothing_else(
    running: RunningConsole, wire: Wire, users: dict[Role, User], route: str, role: Role
) -> None:
    status = _ask(wire, route, _header(running, users[role], route))
    assert (status == 403) is (STANDINGS[role] < ROUTES[route])
    assert status not in (401, 303)


@pytest.mark.parametrize("route", GUARDED)
def test_who_must_change_their_password_does_that_or_leaves(
    running: RunningConsole, wire: Wire, users: dict[Role, User], route: str
) -> None:
    del users
    _set_must_change(running, "ADMINISTRATOR", must=True)
    try:
        account = running.console.users.find("ADMINISTRATOR")
        status = _ask(wire, route, _header(running, User(account.id, account.name, account.role), route))
    finally:
        _set_must_change(running, "ADMINISTRATOR", must=False)
    if ROUTES[route] is Least.SIGNED_IN:
        assert status not in (401, 403, 303)
    else:
        assert status == (403 if " /api/" in route else 303)


def _set_must_change(running: RunningConsole, name: str, *, must: bool) -> None:
    changed = tables.users.update().where(tables.users.c.user_name == name)
    with running.console.database.writing() as connection:
        connection.execute(changed.values(must_change_password=must))


def test_what_is_refused_says_why(running: RunningConsole, wire: Wire, users: dict[Role, User]) -> None:
    header = _header(running, users[Role.VIEWER], "GET /api/")
    answer = wire.ask("GET", "/api/AccountService/Accounts", (header,))
    assert (answer.status, answer.message_id) == (403, "CGEN1008")
    assert "role" in answer.body.decode()
    page = wire.ask("POST", "/migration/start", (_header(running, users[Role.VIEWER], "POST /"),))
    assert b"Your role does not allow this" in page.body


def test_a_change_of_role_holds_for_sessions_that_are_open(
    running: RunningConsole, wire: Wire, users: dict[Role, User]
) -> None:
    user = users[Role.DEVICE_MANAGER]
    header = _header(running, user, "GET /api/")
    route = "POST /api/DeviceService/Actions/DeviceService.ImportDevices"
    assert _ask(wire, route, header) != 403
    running.console.users.change(user.id, Change(role=Role.VIEWER))
    assert _ask(wire, route, header) == 403
    running.console.users.change(user.id, Change(role=Role.DEVICE_MANAGER))


def test_sessions_are_seen_and_ended_by_their_owner_or_an_administrator(
    running: RunningConsole, wire: Wire, users: dict[Role, User]
) -> None:
    mine, theirs = (_header(running, users[role], "GET /api/") for role in (Role.VIEWER, Role.DEVICE_MANAGER))
    seen = wire.ask("GET", SESSIONS, (mine,)).json["value"]
    assert {session["UserName"] for session in seen} == {"VIEWER"}
    other = wire.ask("GET", SESSIONS, (theirs,)).json["value"][0]["@odata.id"]
    refused = wire.ask("DELETE", other, (mine,))
    assert (refused.status, refused.message_id) == (404, "CGEN1006")
    assert wire.ask("DELETE", seen[0]["@odata.id"], (mine,)).status == 204
    everybody = {session["UserName"] for session in wire.ask("GET", SESSIONS).json["value"]}
    assert {"VIEWER", "DEVICE_MANAGER"} & everybody
    assert wire.ask("DELETE", other).status == 204


def test_signing_in_to_the_pages_with_a_password_to_be_changed_leads_to_changing_it(
    running: RunningConsole, wire: Wire, users: dict[Role, User]
) -> None:
    del users
    _set_must_change(running, "VIEWER", must=True)
    form = f"user=VIEWER&password={PASSWORD.replace(' ', '+')}&next=/devices".encode()
    answer = wire.ask("POST", "/login", ("Content-Type: application/x-www-form-urlencoded",), form)
    assert (answer.status, answer.headers["location"]) == (303, "/devices")
    (cookie,) = SimpleCookie(answer.headers["set-cookie"]).values()
    answer = wire.ask("GET", "/devices", (f"Cookie: {cookie.key}={cookie.value}",))
    assert (answer.status, answer.headers["location"]) == (303, "/password?next=/devices")
    _set_must_change(running, "VIEWER", must=False)
