"""What the audit log tells of: every request that changes something, every sign-in, and no secret."""

from collections.abc import Iterator, Sequence

import pytest
from sqlalchemy import delete, select
from tests.console.wire import BASIC, DEVICES, SESSIONS, Answer, Wire
from tests.running import PASSWORD, USER, RunningConsole

from mutua.console.accounts import SessionKind
from mutua.console.audited import AUDITED, CHANGING_METHODS, UNAUDITED, action_for
from mutua.console.permissions import ROUTES
from mutua.console.users import Change, Role, UnknownAccountError, User
from mutua.logbook import audit
from mutua.logbook.actions import ADD_ACCOUNT, CHANGE_ACCOUNT, DELETE_ACCOUNT, END_SESSION, IMPORT_DEVICES, SIGN_IN
from mutua.logbook.audit import Entry
from mutua.logbook.audit_check import verify
from mutua.storage.tables import audit_entries

LOGS = "/api/ApplicationService/AuditLogs"
HERE = "127.0.0.1"
JSON = "Content-Type: application/json"
FORM = "Content-Type: application/x-www-form-urlencoded"
CHANGING = {route for route in ROUTES if route.partition(" ")[0] in CHANGING_METHODS}


def newer(running: RunningConsole, than: int) -> Sequence[Entry]:
    """The entries since, the oldest first."""
    with running.console.database.reading() as connection:
        return [entry for entry in reversed(audit.latest(connection, 1000)) if entry.number > than]


def last(running: RunningConsole) -> int:
    with running.console.database.reading() as connection:
        mark = audit.head_of(connection)
    return mark.number if mark else 0


@pytest.fixture(autouse=True)
def intact(running: RunningConsole) -> Iterator[None]:
    """Whatever was done, the log is what was written."""
    yield
    with running.console.database.reading() as connection:
        assert verify(connection).problem is None


def signed_in_as(running: RunningConsole, user: User, route: str) -> str:
    """The header that lets a user in, by a session of the kind that the route knows."""
    if " /api/" in route:
        return f"X-Auth-Token: {running.console.accounts.sign_in(user, SessionKind.API, HERE)[1]}"
    token = running.console.accounts.sign_in(user, SessionKind.WEB, HERE)[1]
    return f"Cookie: __Host-session-{running.console.guid[:8]}={token}"


def somebody(running: RunningConsole, role: Role) -> User:
    try:
        account = running.console.users.find(role.name)
    except UnknownAccountError:
        account = running.console.users.add(Change(role.name, "a password of somebody", role))
    return User(account.id, account.name, account.role)


def ask(wire: Wire, route: str, header: str) -> Answer:
    method, path = route.split(" ")
    kind, body = (JSON, b"{}") if " /api/" in route else (FORM, b"x=1")
    return wire.ask(method, path.replace("{identifier}", "10999"), (header, kind), body if method != "DELETE" else b"")


def test_every_route_that_may_change_something_is_in_one_of_the_tables_and_nothing_else_is() -> None:
    assert AUDITED.keys() | UNAUDITED == CHANGING
    assert not AUDITED.keys() & UNAUDITED
    assert len(AUDITED) > 30


def test_a_route_that_is_in_neither_cannot_be_made() -> None:
    for method in CHANGING_METHODS:
        with pytest.raises(LookupError, match=f"{method} /api/Forgotten"):
            action_for([method], "/api/Forgotten")
    assert action_for(["GET", "HEAD"], "/api/Forgotten") is None


@pytest.mark.parametrize("route", sorted(AUDITED))
def test_a_request_that_may_change_something_leaves_one_entry(running: RunningConsole, wire: Wire, route: str) -> None:
    header = signed_in_as(running, somebody(running, Role.ADMINISTRATOR), route)
    before = last(running)
    status = ask(wire, route, header).status
    (entry,) = newer(running, before)
    assert entry[2:5] == ("ADMINISTRATOR", HERE, AUDITED[route].name)
    assert entry.status == status
    assert entry.subject == ("10999" if "{identifier}" in route else "")


@pytest.mark.parametrize("route", sorted(AUDITED.keys() - {"POST /logout"}))
def test_what_nobody_known_asks_for_leaves_none(running: RunningConsole, wire: Wire, route: str) -> None:
    before = last(running)
    assert ask(wire, route, "X-Auth-Token: dead").status in (303, 401)
    assert newer(running, before) == []


@pytest.mark.parametrize("route", sorted(UNAUDITED - {"POST /login", f"POST {SESSIONS}"}))
def test_what_changes_nothing_leaves_none(running: RunningConsole, wire: Wire, route: str) -> None:
    header = signed_in_as(running, somebody(running, Role.ADMINISTRATOR), route)
    before = last(running)
    assert ask(wire, route, header).status < 500
    assert newer(running, before) == []


def test_reading_leaves_none(running: RunningConsole, wire: Wire) -> None:
    before = last(running)
    for path in (DEVICES, LOGS, "/api/AccountService/Accounts"):
        assert wire.ask("GET", path).status == 200
    assert newer(running, before) == []


def test_what_a_role_does_not_allow_is_told(running: RunningConsole, wire: Wire) -> None:
    route = next(route for route, action in AUDITED.items() if action is IMPORT_DEVICES)
    header = signed_in_as(running, somebody(running, Role.VIEWER), route)
    before = last(running)
    assert ask(wire, route, header).status == 403
    (entry,) = newer(running, before)
    assert entry[2:] == ("VIEWER", HERE, IMPORT_DEVICES.name, "", 403)


def test_every_sign_in_is_told_by_whatever_way(running: RunningConsole, wire: Wire) -> None:
    before = last(running)
    assert wire.post(SESSIONS, {"UserName": USER, "Password": PASSWORD}, ()).status == 201
    form = f"user={USER}&password={PASSWORD.replace(' ', '+')}&next=/".encode()
    signed_in = wire.ask("POST", "/login", (FORM,), form)
    assert signed_in.status == 303
    assert [entry[2:] for entry in newer(running, before)] == [
        (USER, HERE, SIGN_IN.name, "API", 200),
        (USER, HERE, SIGN_IN.name, "GUI", 200),
    ]
    before = last(running)
    cookie = signed_in.headers["set-cookie"].partition(";")[0]
    assert wire.ask("POST", "/logout", (f"Cookie: {cookie}", FORM), b"x=1").status == 303
    assert [entry[2:] for entry in newer(running, before)] == [(USER, HERE, END_SESSION.name, "", 303)]


def test_every_failed_sign_in_is_told_and_a_name_that_nobody_has_is_not(running: RunningConsole, wire: Wire) -> None:
    before = last(running)
    basic = "Authorization: Basic YWRtaW46d3Jvbmc="  # admin:wrong
    assert wire.ask("GET", DEVICES, (basic,)).status == 401
    assert wire.post(SESSIONS, {"UserName": USER, "Password": "wrong"}, ()).status == 401
    assert wire.post(SESSIONS, {"UserName": "Tr0ub4dor&3", "Password": "admin"}, ()).status == 401
    assert wire.ask("POST", "/login", (FORM,), b"user=admin&password=wrong&next=/").status == 401
    assert [entry[2:] for entry in newer(running, before)] == [
        (name, HERE, SIGN_IN.name, "", 401) for name in (USER, USER, "", USER)
    ]


def test_no_secret_is_told(running: RunningConsole, wire: Wire) -> None:
    secrets = ("planted-password-1", "planted-name-2", "planted-query-3", "planted-header-4")
    before = last(running)
    account = {"UserName": "planted", "Password": secrets[0], "RoleId": "16"}
    assert wire.post("/api/AccountService/Accounts", account).status == 201
    assert wire.post(SESSIONS, {"UserName": secrets[1], "Password": secrets[0]}, ()).status == 401
    wire.post("/api/GroupService/Actions/GroupService.CreateGroup", {"GroupModel": {"Name": secrets[0]}})
    wire.post(f"/api/GroupService/Actions/GroupService.CreateGroup?token={secrets[2]}", {})
    wire.ask("DELETE", "/api/GroupService/Groups(1)", (BASIC, f"X-Secret: {secrets[3]}"))
    signed_in = wire.post(SESSIONS, {"UserName": "planted", "Password": secrets[0]}, ())
    token = signed_in.headers["x-auth-token"]
    change = {"CurrentPassword": secrets[0], "NewPassword": f"{secrets[0]} new"}
    path = "/api/AccountService/Actions/AccountService.ChangePassword"
    assert wire.post(path, change, (f"X-Auth-Token: {token}",)).status == 204
    told = "\n".join(map(str, newer(running, before)))
    assert len(told.splitlines()) == 7
    for secret in (*secrets, token, PASSWORD):
        assert secret not in told


def test_whose_account_it_was_is_told_by_name(running: RunningConsole, wire: Wire) -> None:
    before = last(running)
    made = wire.post("/api/AccountService/Accounts", {"UserName": "told", "Password": "a password", "RoleId": "16"})
    assert made.status == 201
    path = made.headers["location"]
    assert wire.put(path, {"UserName": "retold"}).status == 200
    assert wire.ask("DELETE", path).status == 204
    assert wire.ask("DELETE", path).status == 404
    number = path.split("'")[1]
    assert [entry[2:] for entry in newer(running, before)] == [
        (USER, HERE, ADD_ACCOUNT.name, "told", 201),
        (USER, HERE, CHANGE_ACCOUNT.name, "told", 200),
        (USER, HERE, DELETE_ACCOUNT.name, "retold", 204),
        (USER, HERE, DELETE_ACCOUNT.name, number, 404),
    ]


def test_whose_account_it_was_is_told_of_the_pages_too(running: RunningConsole, wire: Wire) -> None:
    header = signed_in_as(running, somebody(running, Role.ADMINISTRATOR), "POST /settings/users/add")
    before = last(running)
    form = b"user=paged&password=a+password+of+somebody&role=16"
    assert wire.ask("POST", "/settings/users/add", (header, FORM), form).status == 303
    number = running.console.users.find("paged").id
    assert wire.ask("POST", "/settings/users/delete", (header, FORM), f"id={number}".encode()).status == 303
    assert [(entry.action, entry.subject) for entry in newer(running, before)] == [
        (ADD_ACCOUNT.name, "paged"),
        (DELETE_ACCOUNT.name, "paged"),
    ]


def test_clients_read_it_as_that_of_the_appliance(running: RunningConsole, wire: Wire) -> None:
    assert wire.post(SESSIONS, {"UserName": USER, "Password": PASSWORD}, ()).status == 201
    newest, *_older = wire.ask("GET", LOGS).json["value"]
    number = last(running)
    assert newest == {
        "@odata.type": "#ApplicationService.AuditLogType",
        "@odata.id": f"{LOGS}({number})",
        "Id": number,
        "Severity": "1000",
        "Message": "Successfully logged in.",
        "Category": "Audit",
        "UserName": USER,
        "IpAddress": HERE,
        "MessageArgs": f"{USER} || {HERE}",
        "MessageID": "CUSR0001",
        "CreatedDate": newest["CreatedDate"],
    }
    one = wire.ask("GET", newest["@odata.id"]).json
    assert one.pop("@odata.context") == "/api/$metadata#ApplicationService.AuditLogType"
    assert one == newest


@pytest.mark.parametrize("identifier", ["0", "999999999", "x", "-1", "1" * 30])
def test_an_entry_that_is_not_there_is_not_found(wire: Wire, identifier: str) -> None:
    answer = wire.ask("GET", f"{LOGS}({identifier})")
    assert (answer.status, answer.message_id) == (404, "CGEN1006")


def test_it_is_paged_and_filtered_as_every_list_is(running: RunningConsole, wire: Wire) -> None:
    for password in (PASSWORD, "wrong", "wrong", PASSWORD):
        wire.post(SESSIONS, {"UserName": USER, "Password": password}, ())
    wire.ask("DELETE", "/api/GroupService/Groups(999999)")
    link, seen = f"{LOGS}?$top=2", []
    while link:
        page = wire.ask("GET", link).json
        assert len(page["value"]) <= 2
        seen += [row["Id"] for row in page["value"]]
        link = page.get("@odata.nextLink")
    assert seen == list(range(last(running), 0, -1))
    failed = wire.ask("GET", f"{LOGS}?$filter=MessageID%20eq%20'CUSR0001'%20and%20Severity%20eq%20'3000'").json
    assert failed["@odata.count"] >= 2
    assert {row["Message"] for row in failed["value"]} == {"Unable to log in."}
    date = failed["value"][0]["CreatedDate"].replace(" ", "%20")
    since = wire.ask("GET", f"{LOGS}?$filter=CreatedDate%20ge%20'{date}'&$orderby=CreatedDate").json["value"]
    assert since[0]["Id"] == failed["value"][0]["Id"]
    (refused,) = wire.ask("GET", f"{LOGS}?$filter=contains(MessageID,'MUTA')&$top=1").json["value"]
    assert refused["Message"] == "Deleting a group (999999): refused with status 404."
    for wrong in ("$filter=Planet%20eq%201", "$filter=Severity%20eq%201000", "$orderby=Planet"):
        answer = wire.ask("GET", f"{LOGS}?{wrong}")
        assert (answer.status, answer.message_id) == (400, "CGEN1002")


def test_an_action_of_a_newer_version_is_told_by_its_name(running: RunningConsole, wire: Wire) -> None:
    entry = {
        "number": 10**6,
        "at": "",
        "user_name": "",
        "address": "",
        "action": "planet.move",
        "subject": "",
        "hash": "",
    }
    with running.console.database.writing() as connection:
        connection.execute(audit_entries.insert().values(entry | {"status": 200}))
    try:
        told = wire.ask("GET", f"{LOGS}(1000000)").json
        assert (told["Message"], told["MessageID"]) == ("planet.move: done.", "MUTA0001")
    finally:
        with running.console.database.writing() as connection:
            connection.execute(delete(audit_entries).where(audit_entries.c.number == 10**6))


def test_a_log_that_cannot_be_written_is_told_in_the_other_one(running: RunningConsole, wire: Wire) -> None:
    with running.console.database.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE audit_entries RENAME TO mislaid")
    try:
        assert wire.ask("DELETE", "/api/GroupService/Groups(999999)").status == 404
    finally:
        with running.console.database.writing() as connection:
            connection.exec_driver_sql("ALTER TABLE mislaid RENAME TO audit_entries")
            assert connection.execute(select(audit_entries.c.number).limit(1)).first() is not None
    assert "The audit log could not be written: group.delete by admin" in running.console.log.path.read_text()
