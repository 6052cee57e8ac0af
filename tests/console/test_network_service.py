"""Network settings: the time after which an unused session ends acts, the port is told and cannot be changed."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update
from tests.console.wire import SESSIONS, Wire
from tests.running import PASSWORD, USER, RunningConsole

from mutua.console.accounts import Accounts
from mutua.storage.tables import sessions

WEB_SERVER = "/api/ApplicationService/Network/WebServerConfiguration"
INFO = "/api/ApplicationService/Info"


@pytest.fixture(autouse=True)
def half_an_hour(running: RunningConsole) -> None:
    running.console.accounts.set_idle_timeout(30)


def test_what_is_set_is_told(signed_in: Wire, running: RunningConsole) -> None:
    told = signed_in.ask("GET", WEB_SERVER).json
    assert (told["TimeOut"], told["PortNumber"], told["EnableWebServer"]) == (30, running.console.addresses.port, True)
    answer = signed_in.put(WEB_SERVER, {"TimeOut": 20, "PortNumber": told["PortNumber"], "EnableWebServer": True})
    assert (answer.status, answer.json) == (200, told | {"TimeOut": 20})
    assert signed_in.ask("GET", WEB_SERVER).json == answer.json


def test_it_outlives_the_process(signed_in: Wire, running: RunningConsole) -> None:
    assert signed_in.put(WEB_SERVER, {"TimeOut": 45}).status == 200
    assert Accounts(running.console.database).idle_timeout() == timedelta(minutes=45)


@pytest.mark.parametrize(
    ("minutes", "status"), [(-1, 400), (0, 400), (1, 200), (1440, 200), (1441, 400), ("x", 400), (10**30, 400)]
)
def test_it_is_a_minute_to_a_day(signed_in: Wire, minutes: object, status: int) -> None:
    answer = signed_in.put(WEB_SERVER, {"TimeOut": minutes})
    assert answer.status == status
    assert signed_in.ask("GET", WEB_SERVER).json["TimeOut"] == (minutes if status == 200 else 30)
    if status == 400:
        assert "TimeOut" in answer.body.decode()


@pytest.mark.parametrize(("idle_minutes", "status"), [(9, 200), (11, 401)])
def test_a_session_that_is_not_used_ends_by_then(
    wire: Wire, signed_in: Wire, running: RunningConsole, idle_minutes: int, status: int
) -> None:
    other = wire.post(SESSIONS, {"UserName": USER, "Password": PASSWORD}, ())
    assert signed_in.put(WEB_SERVER, {"TimeOut": 10}).status == 200
    with running.console.database.writing() as connection:
        last = datetime.now(UTC) - timedelta(minutes=idle_minutes)
        connection.execute(update(sessions).where(sessions.c.id == other.json["Id"]).values(last_access_at=last))
    listed = {session["Id"] for session in signed_in.ask("GET", SESSIONS).json["value"]}
    assert (other.json["Id"] in listed) is (status == 200)
    assert wire.ask("GET", INFO, (f"X-Auth-Token: {other.headers['x-auth-token']}",)).status == status


@pytest.mark.parametrize(("name", "value"), [("PortNumber", 1), ("EnableWebServer", False)])
def test_what_cannot_be_changed_is_refused_by_name_and_nothing_else_is_changed(
    signed_in: Wire, name: str, value: object
) -> None:
    answer = signed_in.put(WEB_SERVER, {"TimeOut": 10, name: value})
    assert (answer.status, answer.message_id) == (400, "CGEN1004")
    assert answer.json["error"]["@Message.ExtendedInfo"][0]["RelatedProperties"] == [name]
    assert signed_in.ask("GET", WEB_SERVER).json["TimeOut"] == 30
