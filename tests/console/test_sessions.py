"""Signing in: sessions, tokens and Basic credentials."""

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update
from tests.console.wire import BASIC, INFO, SESSIONS, Answer, Wire
from tests.running import PASSWORD, USER, RunningConsole, running_console

from mutua.console.accounts import IDLE_TIMEOUT, MAX_SESSIONS, SessionKind
from mutua.storage.tables import sessions, users

CREDENTIALS = {"UserName": USER, "Password": PASSWORD, "SessionType": "API"}
NOT_AUTHENTICATED = (401, "CGEN1001")


def _sign_in(wire: Wire) -> Answer:
    answer = wire.post(SESSIONS, CREDENTIALS, ())
    assert answer.status == 201
    return answer


def _token(answer: Answer) -> str:
    return f"X-Auth-Token: {answer.headers['x-auth-token']}"


def _refusal(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.message_id


def _basic(credentials: str) -> str:
    return "Authorization: Basic " + base64.b64encode(credentials.encode()).decode()


def _last_access(running: RunningConsole, session: str, at: datetime) -> None:
    with running.console.database.writing() as connection:
        connection.execute(update(sessions).where(sessions.c.id == session).values(last_access_at=at))


def _fill(running: RunningConsole, count: int) -> list[str]:
    """So many sessions, without a password for each; their paths."""
    accounts = running.console.accounts
    user = accounts.authenticate(USER, PASSWORD, "127.0.0.1")
    assert user is not None
    opened = [accounts.sign_in(user, SessionKind.API, "127.0.0.1")[0] for _ in range(count)]
    return [f"{SESSIONS}('{session.id}')" for session in opened]


def test_a_session_is_created(wire: Wire) -> None:
    answer = _sign_in(wire)
    body = answer.json
    assert list(body) == [
        "@odata.context",
        "@odata.type",
        "@odata.id",
        "Id",
        "Description",
        "Name",
        "UserName",
        "UserId",
        "Password",
        "Roles",
        "IpAddress",
        "StartTimeStamp",
        "LastAccessedTimeStamp",
        "DirectoryGroup",
    ]
    assert answer.headers["location"] == body["@odata.id"] == f"{SESSIONS}('{body['Id']}')"
    assert (body["UserName"], body["Password"], body["Roles"]) == (USER, None, ["ADMINISTRATOR"])
    assert datetime.fromisoformat(body["StartTimeStamp"]).tzinfo is None
    assert answer.headers["x-auth-token"] not in answer.body.decode()


def test_the_session_type_may_be_left_out_and_basic_may_come_along(wire: Wire) -> None:
    credentials = {"UserName": USER, "Password": PASSWORD}
    assert wire.post(SESSIONS, credentials, (BASIC,)).status == 201


def test_the_body_decides_and_not_the_header(wire: Wire) -> None:
    wrong = CREDENTIALS | {"Password": "wrong"}
    assert _refusal(wire.post(SESSIONS, wrong, (BASIC,))) == NOT_AUTHENTICATED


def test_a_session_is_deleted_and_its_token_is_dead(wire: Wire) -> None:
    answer = _sign_in(wire)
    assert wire.ask("GET", INFO, (_token(answer),)).status == 200
    deleted = wire.ask("DELETE", answer.headers["location"], (_token(answer),))
    assert (deleted.status, deleted.body) == (204, b"")
    assert "content-length" not in deleted.headers
    assert _refusal(wire.ask("GET", INFO, (_token(answer),))) == NOT_AUTHENTICATED
    assert _refusal(wire.ask("DELETE", answer.headers["location"], (_token(answer),))) == NOT_AUTHENTICATED


def test_an_unknown_session_cannot_be_deleted(wire: Wire) -> None:
    assert _refusal(wire.ask("DELETE", f"{SESSIONS}('0')")) == (404, "CGEN1006")


def test_a_dead_token_is_not_mended_by_basic_credentials(wire: Wire) -> None:
    assert _refusal(wire.ask("GET", INFO, ("X-Auth-Token: dead", BASIC))) == NOT_AUTHENTICATED


def test_the_list_is_one_page_with_the_path_of_each(wire: Wire, running: RunningConsole) -> None:
    mine = {_sign_in(wire).json["@odata.id"], *_fill(running, 60)}
    listed = wire.ask("GET", SESSIONS).json
    assert listed["@odata.count"] == len(listed["value"])
    assert "@odata.nextLink" not in listed
    assert mine <= {session["@odata.id"] for session in listed["value"]}


@pytest.mark.parametrize(
    "header",
    [
        "Authorization: Basic",
        "Authorization: Basic ",
        "Authorization: Basic ////",
        "Authorization: Basic a",
        "Authorization: Basic " + base64.b64encode(b"no colon").decode(),
        "Authorization: Basic " + base64.b64encode(b"\xff\xfe:\xff").decode(),
        "Authorization: Bearer abc",
        "X-Auth-Token: \xe9",
        _basic(f"{USER}:wrong"),
        _basic(f"nobody:{PASSWORD}"),
        _basic(f"{USER}:{PASSWORD}x"),
        _basic(f"{USER}:"),
        _basic(f"{USER}:{PASSWORD}{'x' * 300}"),
        _basic(f"{USER.upper()}:{PASSWORD}"),
        "X-Nothing: 1",
    ],
)
def test_nobody_else_is_let_in(wire: Wire, header: str) -> None:
    assert _refusal(wire.ask("GET", INFO, (header,))) == NOT_AUTHENTICATED


@pytest.mark.parametrize(
    "credentials",
    [
        {"UserName": USER, "Password": "wrong"},
        {"UserName": "nobody", "Password": PASSWORD},
        {"UserName": "nobody", "Password": "wrong"},
        {"UserName": "", "Password": ""},
        {"UserName": USER, "Password": "x" * 10000},
        {"UserName": "x" * 10000, "Password": PASSWORD},
        {"UserName": USER + "\0", "Password": PASSWORD},
    ],
)
def test_wrong_credentials_are_all_answered_alike(wire: Wire, credentials: dict[str, str]) -> None:
    answers = [wire.post(SESSIONS, body, ()) for body in (credentials, {"UserName": "a", "Password": "b"})]
    assert [_refusal(answer) for answer in answers] == [NOT_AUTHENTICATED] * 2
    assert answers[0].body == answers[1].body


class TestLifetime:
    @pytest.fixture
    def running(self, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningConsole]:
        """A console of its own: these tests use up its sessions."""
        with running_console(tmp_path_factory.mktemp("state") / "console") as console:
            yield console

    def test_an_idle_session_ends(self, wire: Wire, running: RunningConsole) -> None:
        idle, busy = _sign_in(wire), _sign_in(wire)
        now = datetime.now(UTC)
        _last_access(running, idle.json["Id"], now - IDLE_TIMEOUT - timedelta(seconds=1))
        _last_access(running, busy.json["Id"], now - IDLE_TIMEOUT + timedelta(minutes=1))
        listed = {session["Id"] for session in wire.ask("GET", SESSIONS).json["value"]}
        assert listed == {busy.json["Id"]}
        assert _refusal(wire.ask("GET", INFO, (_token(idle),))) == NOT_AUTHENTICATED
        assert wire.ask("GET", INFO, (_token(busy),)).status == 200

    def test_using_a_session_keeps_it_alive(self, wire: Wire, running: RunningConsole) -> None:
        answer = _sign_in(wire)
        _last_access(running, answer.json["Id"], datetime.now(UTC) - IDLE_TIMEOUT + timedelta(minutes=1))
        assert wire.ask("GET", INFO, (_token(answer),)).status == 200
        (session,) = running.console.accounts.sessions()
        assert datetime.now(UTC) - session.last_access_at < timedelta(minutes=1)

    def test_at_the_limit_the_one_idle_longest_gives_way(self, wire: Wire, running: RunningConsole) -> None:
        first = _sign_in(wire)
        second = _sign_in(wire)
        now = datetime.now(UTC)
        _last_access(running, first.json["Id"], now - timedelta(minutes=2))
        _last_access(running, second.json["Id"], now - timedelta(minutes=1))
        _fill(running, MAX_SESSIONS - 2)
        assert wire.ask("GET", SESSIONS).json["@odata.count"] == MAX_SESSIONS
        _sign_in(wire)
        assert wire.ask("GET", SESSIONS).json["@odata.count"] == MAX_SESSIONS
        assert _refusal(wire.ask("GET", INFO, (_token(first),))) == NOT_AUTHENTICATED
        assert wire.ask("GET", INFO, (_token(second),)).status == 200

    def test_a_user_who_is_disabled_is_out_at_once(self, wire: Wire, running: RunningConsole) -> None:
        answer = _sign_in(wire)
        with running.console.database.writing() as connection:
            connection.execute(update(users).values(enabled=False))
        assert _refusal(wire.ask("GET", INFO, (_token(answer),))) == NOT_AUTHENTICATED
        assert _refusal(wire.ask("GET", INFO)) == NOT_AUTHENTICATED
        assert _refusal(wire.post(SESSIONS, CREDENTIALS, ())) == NOT_AUTHENTICATED

    def test_sessions_outlive_a_restart(self, tmp_path_factory: pytest.TempPathFactory) -> None:
        folder = tmp_path_factory.mktemp("state") / "console"
        with running_console(folder) as before, Wire(before) as wire:
            token = _token(_sign_in(wire))
        with running_console(folder) as after, Wire(after) as wire:
            assert wire.ask("GET", INFO, (token,)).status == 200
