"""What holds for every route of the API, whatever it does: walked over the application's own list."""

from collections.abc import Iterator

import pytest
from fastapi.routing import APIRoute
from tests.console.wire import BASIC, SESSIONS, Wire
from tests.running import PASSWORD, USER, RunningConsole

from mutua.console.api import (
    account_service,
    application_service,
    audit_log,
    backup_service,
    device_service,
    group_service,
    migration_service,
    network_service,
    session_service,
)

ROUTERS = (
    session_service.router,
    account_service.router,
    application_service.router,
    audit_log.router,
    backup_service.router,
    device_service.router,
    group_service.router,
    migration_service.router,
    network_service.router,
)

WRONG_FORMS = (
    b"",
    b"{",
    b"nonsense",
    b"\xff\xfe\x00",
    b"[" * 100_000,
    b"1" * 10_000,
    b"[]",
    b"null",
    b'"text"',
    b"true",
    b"{}",
)


def _routes() -> Iterator[tuple[str, str]]:
    for router in ROUTERS:
        for route in router.routes:
            assert isinstance(route, APIRoute)
            for method in route.methods or ():
                path = route.path.replace("{identifier}", "1")
                if (method, path) != ("POST", SESSIONS):
                    yield method, path


ROUTES = sorted(_routes())


def test_the_list_is_the_applications(wire: Wire) -> None:
    served = wire.ask("GET", "/api/openapi.json").json["paths"]
    listed = {(method.upper(), path) for path, methods in served.items() for method in methods}
    named = {(method, path.replace("{identifier}", "1").replace("{identifier:int}", "1")) for method, path in listed}
    assert named == {*ROUTES, ("POST", SESSIONS)}


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_without_credentials_it_is_401_before_anything_is_read(wire: Wire, method: str, path: str) -> None:
    answer = wire.ask(method, path, ("Content-Type: application/json",), b"{not json" if method == "POST" else b"")
    assert (answer.status, answer.message_id) == (401, "CGEN1001")


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_with_a_dead_token_it_is_401(wire: Wire, method: str, path: str) -> None:
    answer = wire.ask(method, path, ("X-Auth-Token: dead",))
    assert (answer.status, answer.message_id) == (401, "CGEN1001")


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_basic_and_token_are_the_same(wire: Wire, method: str, path: str) -> None:
    signed_in = wire.post(SESSIONS, {"UserName": USER, "Password": PASSWORD}, ())
    token = f"X-Auth-Token: {signed_in.headers['x-auth-token']}"
    by_basic, by_token = wire.ask(method, path, (BASIC,)), wire.ask(method, path, (token,))
    assert by_basic.status == by_token.status != 401


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_another_method_is_405_and_the_right_one_is_named(signed_in: Wire, method: str, path: str) -> None:
    allowed = {allowed for allowed, other in [*ROUTES, ("POST", SESSIONS)] if other == path}
    for wrong in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} - allowed:
        answer = signed_in.ask(wrong, path)
        assert (answer.status, answer.message_id) == (405, "CGEN1006")
        assert set(answer.headers["allow"].split(", ")) <= allowed


@pytest.mark.parametrize("path", [path for method, path in ROUTES if method == "POST" and "Upload" not in path])
def test_a_body_of_the_wrong_form_is_400(signed_in: Wire, path: str) -> None:
    for body in WRONG_FORMS:
        answer = signed_in.post(path, body)
        if path.endswith("CheckCertChain"):
            assert answer.status == 200
        elif len(body) > 64 * 1024 and not path.endswith("ImportDevices"):
            assert (answer.status, answer.message_id) == (413, "CGEN1008")
        else:
            assert answer.status == 400
            assert answer.message_id in {"CGEN1014", "CGEN6002", "CGEN1008"}


def test_a_console_that_was_asked_all_this_is_sound(wire: Wire, running: RunningConsole) -> None:
    assert wire.ask("GET", "/api/ApplicationService/Info").json["OperationStatus"] == "Healthy"
    assert not any("failed" in line for line in _log(running))


def _log(running: RunningConsole) -> list[str]:
    log = running.console.log.path
    return log.read_text().splitlines() if log.exists() else []
