"""AccountService over the wire: accounts, roles and one's own password, in the shape that clients know."""

import base64
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update
from tests.console.wire import INFO, SESSIONS, Answer, Wire
from tests.running import PASSWORD, USER, RunningConsole

from mutua.console.accounts import MAX_LIFETIME
from mutua.console.failures import HERE
from mutua.console.users import UnknownAccountError
from mutua.storage.tables import sessions

ACCOUNTS = "/api/AccountService/Accounts"
ROLES = "/api/AccountService/Roles"
CHANGE_PASSWORD = "/api/AccountService/Actions/AccountService.ChangePassword"
NEW = {"UserName": "maria", "Password": "a long password", "RoleId": "101", "Enabled": True}
"""As `ome_user` sends it."""


def basic(name: str, password: str) -> str:
    return "Authorization: Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def refusal(answer: Answer) -> tuple[int, str, list[str]]:
    return answer.status, answer.message_id, answer.json["error"]["@Message.ExtendedInfo"][0]["MessageArgs"]


@pytest.fixture
def maria(signed_in: Wire, running: RunningConsole) -> Iterator[str]:
    """The path of her account; it is gone at the end."""
    answer = signed_in.post(ACCOUNTS, NEW)
    assert answer.status == 201, answer.body
    yield answer.json["@odata.id"]
    with suppress(UnknownAccountError):
        running.console.users.delete(int(answer.json["Id"]))


def test_a_new_account_is_answered_as_clients_read_it(signed_in: Wire, maria: str) -> None:
    account = signed_in.ask("GET", maria).json
    number = account["Id"]
    assert account == {
        "@odata.context": "/api/$metadata#AccountService.Account",
        "@odata.type": "#AccountService.Account",
        "@odata.id": f"/api/AccountService/Accounts('{number}')",
        "Id": number,
        "UserTypeId": 1,
        "DirectoryServiceId": 0,
        "Description": "",
        "Name": "maria",
        "Password": None,
        "PlainTextPassword": None,
        "UserName": "maria",
        "RoleId": "101",
        "Locked": False,
        "IsBuiltin": False,
        "Enabled": True,
        "IsVisible": True,
    }
    assert isinstance(number, str)


def test_it_signs_in_with_its_role(wire: Wire, maria: str) -> None:
    del maria
    answer = wire.post(SESSIONS, NEW, ())
    assert (answer.status, answer.json["Roles"]) == (201, ["DEVICE_MANAGER"])
    assert wire.ask("GET", ACCOUNTS, (basic("maria", NEW["Password"]),)).status == 403  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "answered"),
    [
        ({"UserName": None}, (400, "CGEN6002", ["UserName"])),
        ({"Password": ""}, (400, "CGEN6002", ["Password"])),
        ({"RoleId": None}, (400, "CGEN6002", ["RoleId"])),
        ({"UserTypeId": 2}, (400, "CGEN1004", ["UserTypeId"])),
        ({"DirectoryServiceId": 5}, (400, "CGEN1004", ["DirectoryServiceId"])),
        ({"Enabled": "perhaps"}, (400, "CGEN1004", ["Enabled"])),
        ({"RoleId": True}, (400, "CGEN1014", ["RoleId"])),
    ],
)
def test_what_is_missing_or_wrong_is_named(
    signed_in: Wire, change: dict[str, object], answered: tuple[int, str, list[str]]
) -> None:
    assert refusal(signed_in.post(ACCOUNTS, NEW | change)) == answered


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        ({"UserName": "ma:ria"}, "UserName", "no colon"),
        ({"UserName": USER}, "UserName", "already here"),
        ({"Password": "short"}, "Password", "at least 8"),
        ({"RoleId": "11"}, "RoleId", "10, 101, 16"),
    ],
)
def test_what_is_refused_has_its_reason(signed_in: Wire, change: dict[str, object], field: str, reason: str) -> None:
    status, message_id, (named, why) = refusal(signed_in.post(ACCOUNTS, NEW | change))
    assert (status, message_id, named) == (400, "CGEN1004", field)
    assert reason in why


def test_a_role_may_be_a_number_and_a_client_may_send_more_than_is_kept(signed_in: Wire) -> None:
    sent = NEW | {"RoleId": 16, "UserTypeId": 1, "DirectoryServiceId": 0, "Locked": False, "Id": "7", "IsVisible": True}
    answer = signed_in.post(ACCOUNTS, sent | {"Name": "María", "Description": "night shift"})
    account = answer.json
    assert (account["RoleId"], account["Name"], account["Description"]) == ("16", "María", "night shift")
    assert answer.headers["location"] == account["@odata.id"]
    assert signed_in.ask("DELETE", account["@odata.id"], chunked=True).status == 204


def test_the_list_has_all_on_its_first_page(signed_in: Wire, maria: str) -> None:
    listed = signed_in.ask("GET", ACCOUNTS).json
    assert listed["@odata.context"] == "/api/$metadata#Collection(AccountService.Account)"
    assert [account["UserName"] for account in listed["value"]] == [USER, "maria"]
    assert "@odata.nextLink" not in listed
    one = {key: value for key, value in signed_in.ask("GET", maria).json.items() if key != "@odata.context"}
    assert listed["value"][1] == one


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("$filter=UserName%20eq%20'maria'", ["maria"]),
        ("%24filter=UserName%20eq%20%27maria%27", ["maria"]),
        ("$filter=RoleId eq '10'".replace(" ", "%20"), [USER]),
        ("$filter=Id%20eq%20{id}", ["maria"]),
        ("$filter=Id%20eq%20'{id}'", ["maria"]),
        ("$filter=Enabled%20eq%20true%20and%20IsBuiltin%20eq%20false", ["maria"]),
        ("$filter=UserName%20eq%20'nobody'", []),
        ("$orderby=UserName%20desc", ["maria", USER]),
        ("$top=1&$skip=1", ["maria"]),
    ],
)
def test_the_list_is_asked_as_clients_ask(signed_in: Wire, maria: str, query: str, names: list[str]) -> None:
    number = maria.split("'")[1]
    answer = signed_in.ask("GET", f"{ACCOUNTS}?{query.replace('{id}', number)}")
    assert [account["UserName"] for account in answer.json["value"]] == names


def test_only_what_is_sent_changes(signed_in: Wire, maria: str) -> None:
    before = signed_in.ask("GET", maria).json
    changed = signed_in.put(maria, {"Id": before["Id"], "Description": "day shift", "RoleId": "16"})
    assert changed.status == 200
    assert changed.json == before | {"Description": "day shift", "RoleId": "16"}
    assert signed_in.ask("GET", maria).json == changed.json


def test_a_new_password_ends_its_sessions(wire: Wire, signed_in: Wire, maria: str) -> None:
    token = f"X-Auth-Token: {wire.post(SESSIONS, NEW, ()).headers['x-auth-token']}"
    assert wire.ask("GET", INFO, (token,)).status == 200
    assert signed_in.put(maria, NEW | {"Password": "another password"}).status == 200
    assert wire.ask("GET", INFO, (token,)).status == 401
    assert wire.post(SESSIONS, NEW | {"Password": "another password"}, ()).status == 201


def test_a_deleted_account_is_gone_with_its_sessions(wire: Wire, signed_in: Wire, maria: str) -> None:
    token = f"X-Auth-Token: {wire.post(SESSIONS, NEW, ()).headers['x-auth-token']}"
    deleted = signed_in.ask("DELETE", maria)
    assert (deleted.status, deleted.body) == (204, b"")
    assert wire.ask("GET", INFO, (token,)).status == 401
    assert signed_in.ask("GET", maria).status == signed_in.ask("DELETE", maria).status == 404


def test_an_administrator_neither_deletes_nor_disables_themselves(signed_in: Wire, maria: str) -> None:
    myself = signed_in.ask("GET", ACCOUNTS).json["value"][0]["@odata.id"]
    assert signed_in.put(maria, {"RoleId": "10"}).status == 200
    for answer in (
        signed_in.ask("DELETE", myself),
        signed_in.put(myself, {"Enabled": False}),
        signed_in.put(myself, {"RoleId": "16"}),
    ):
        assert (answer.status, answer.message_id) == (400, "CGEN1008")
    assert signed_in.put(myself, {"Description": "myself"}).status == 200
    assert signed_in.ask("DELETE", maria).status == 204


@pytest.mark.parametrize("key", ["0", "'1'", "'x'", "''", "'-1'", "'" + "9" * 30 + "'"])
def test_there_is_no_such_account(signed_in: Wire, key: str) -> None:
    for answer in (signed_in.ask("GET", f"{ACCOUNTS}({key})"), signed_in.ask("DELETE", f"{ACCOUNTS}({key})")):
        assert (answer.status, answer.message_id) == (404, "CGEN1006")


def test_the_roles(signed_in: Wire) -> None:
    listed = signed_in.ask("GET", ROLES).json
    assert {role["Id"]: role["Name"] for role in listed["value"]} == {
        "10": "ADMINISTRATOR",
        "101": "DEVICE_MANAGER",
        "16": "VIEWER",
    }
    assert [role["Id"] for role in signed_in.ask("GET", f"{ROLES}?$filter=Name%20eq%20'VIEWER'").json["value"]] == [
        "16"
    ]
    assert signed_in.ask("GET", f"{ROLES}('16')").json["Name"] == "VIEWER"
    assert signed_in.ask("GET", f"{ROLES}('17')").status == 404


def test_failed_sign_ins_lock_and_an_administrator_unlocks(
    running: RunningConsole, wire: Wire, signed_in: Wire, maria: str
) -> None:
    for _ in range(HERE.failures + 6):
        running.console.accounts.failures.add("maria", "127.0.0.1")
    waiting = wire.post(SESSIONS, NEW, ())
    assert (waiting.status, waiting.message_id) == (401, "CGEN1001")
    by_basic = wire.ask("GET", INFO, (basic("maria", str(NEW["Password"])),))
    assert by_basic.status == 401
    for answer in (waiting, by_basic):
        assert 0 < int(answer.headers["retry-after"]) <= 64
    assert signed_in.ask("GET", maria).json["Locked"] is True
    assert signed_in.put(maria, {"Locked": False}).json["Locked"] is False
    assert wire.post(SESSIONS, NEW, ()).status == 201


def test_wrong_passwords_over_the_wire_are_counted(running: RunningConsole, wire: Wire, maria: str) -> None:
    del maria
    for number in range(HERE.failures):
        assert running.console.accounts.failures.locked()("maria") is False
        if number % 2:
            assert wire.post(SESSIONS, NEW | {"Password": "wrong"}, ()).status == 401
        else:
            assert wire.ask("GET", INFO, (basic("maria", "wrong"),)).status == 401
    assert running.console.accounts.failures.wait("maria", "127.0.0.1")


def test_a_user_changes_their_own_password(wire: Wire, maria: str) -> None:
    del maria
    first, second = (wire.post(SESSIONS, NEW, ()).headers["x-auth-token"] for _ in range(2))
    change = {"CurrentPassword": NEW["Password"], "NewPassword": "another password"}
    used = (f"X-Auth-Token: {first}",)
    changed = wire.post(CHANGE_PASSWORD, change, used)
    assert (changed.status, changed.body) == (204, b"")
    assert wire.ask("GET", INFO, used).status == 200
    assert wire.ask("GET", INFO, (f"X-Auth-Token: {second}",)).status == 401
    assert wire.post(SESSIONS, NEW, ()).status == 401
    assert wire.post(SESSIONS, NEW | {"Password": "another password"}, ()).status == 201


@pytest.mark.parametrize(
    ("current", "new", "field"),
    [
        ("wrong", "another password", "CurrentPassword"),
        (PASSWORD, "short", "NewPassword"),
        (PASSWORD, PASSWORD, "NewPassword"),
        (PASSWORD, "x" * 257, "NewPassword"),
    ],
)
def test_a_password_that_is_not_changed_stays(signed_in: Wire, current: str, new: str, field: str) -> None:
    answer = signed_in.post(CHANGE_PASSWORD, {"CurrentPassword": current, "NewPassword": new})
    assert refusal(answer)[:2] == (400, "CGEN1004")
    assert refusal(answer)[2][0] == field
    assert PASSWORD not in answer.body.decode()
    assert signed_in.post(SESSIONS, {"UserName": USER, "Password": PASSWORD}, ()).status == 201


def test_however_busy_a_session_ends_in_the_end(wire: Wire, running: RunningConsole) -> None:
    answer = wire.post(SESSIONS, {"UserName": USER, "Password": PASSWORD}, ())
    token = f"X-Auth-Token: {answer.headers['x-auth-token']}"
    began = datetime.now(UTC) - MAX_LIFETIME
    for started_at, status in ((began + timedelta(minutes=1), 200), (began - timedelta(minutes=1), 401)):
        with running.console.database.writing() as connection:
            connection.execute(update(sessions).where(sessions.c.id == answer.json["Id"]).values(started_at=started_at))
        assert wire.ask("GET", INFO, (token,)).status == status
