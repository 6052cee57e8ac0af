"""The page of the users: adding them, changing what they may do, letting them in again, deleting them."""

from collections.abc import Iterator

import httpx
import pytest
from tests.running import PASSWORD, USER, RunningConsole
from tests.web.consoles import sign_in, visitor
from tests.web.reading import read

from mutua.console.failures import HERE
from mutua.console.users import Change, Role

PATH = "/settings/users"
NEW = {"user": "maria", "password": "a long password", "role": "16"}


@pytest.fixture
def client(running: RunningConsole) -> Iterator[httpx.Client]:
    with visitor(running) as client:
        sign_in(client)
        yield client


def add(running: RunningConsole, name: str = "maria", role: Role = Role.VIEWER) -> int:
    return running.console.users.add(Change(name, "a long password", role)).id


def rows(page: httpx.Response) -> list[list[str]]:
    """The table: name, role and state of each."""
    (body,) = read(page.text).all("tbody")
    return [[cell.text for cell in row.all("th", "td")][:3] for row in body.all("tr")]


def test_a_user_is_added_and_signs_in(client: httpx.Client, running: RunningConsole) -> None:
    page = client.post(f"{PATH}/add", data=NEW)
    assert page.url.path == PATH
    assert "The user can sign in." in page.text
    assert rows(page) == [["admin", "administrator", "can sign in"], ["maria", "viewer", "can sign in"]]
    with visitor(running) as maria:
        data = {"user": "maria", "password": NEW["password"], "next": "/devices"}
        assert maria.post("/login", data=data).url.path == "/devices"


@pytest.mark.parametrize(
    ("change", "field", "problem"),
    [
        ({"user": USER}, "user", "a user named admin is already here."),
        ({"user": "ma:ria"}, "user", "no colon"),
        ({"password": "short"}, "password", "at least 8 characters"),
        ({"password": "MARIAMARIA", "user": "mariamaria"}, "password", "is the user name"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(
    client: httpx.Client, running: RunningConsole, change: dict[str, str], field: str, problem: str
) -> None:
    answer = client.post(f"{PATH}/add", data=NEW | change)
    assert answer.status_code == 400
    page = read(answer.text)
    assert problem in page.by_id(f"{field}-problem").text
    assert page.by_id(field).get("aria-invalid") == "true"
    assert page.by_id("user").get("value") == (NEW | change)["user"]
    assert (NEW | change)["password"] not in answer.text
    assert len(running.console.users.all()) == 1


def test_roles_change_and_users_go(client: httpx.Client, running: RunningConsole) -> None:
    number = str(add(running))
    page = client.post(f"{PATH}/role", data={"id": number, "role": Role.DEVICE_MANAGER})
    assert rows(page)[1][1] == "device manager"
    assert "it holds at once" in page.text
    page = client.post(f"{PATH}/delete", data={"id": number})
    assert [name for name, _role, _state in rows(page)] == ["admin"]
    assert client.post(f"{PATH}/delete", data={"id": number}).status_code == 404


def test_whoever_is_locked_or_disabled_is_let_in_again(client: httpx.Client, running: RunningConsole) -> None:
    number = add(running)
    for _ in range(HERE.failures + 6):
        running.console.accounts.failures.add("maria", "192.0.2.1")
    page = client.get(PATH)
    assert rows(page)[1][2] == "locked after failed sign-ins"
    assert "Unlock maria" in page.text
    assert rows(client.post(f"{PATH}/unlock", data={"id": str(number)}))[1][2] == "can sign in"
    running.console.users.change(number, Change(enabled=False))
    assert rows(client.get(PATH))[1][2] == "disabled"
    page = client.post(f"{PATH}/unlock", data={"id": str(number)})
    assert rows(page)[1][2] == "can sign in"
    assert "Unlock maria" not in page.text


def test_nobody_is_offered_to_shut_themselves_out_or_can(client: httpx.Client, running: RunningConsole) -> None:
    me = str(running.console.users.find(USER).id)
    add(running, "second", Role.ADMINISTRATOR)
    page = client.get(PATH)
    assert "Delete second" in page.text
    assert "Delete admin" not in page.text
    for order, data in (("delete", {}), ("role", {"role": Role.VIEWER})):
        answer = client.post(f"{PATH}/{order}", data={"id": me} | data)
        assert answer.status_code == 409
        assert [part.get("role") for part in read(answer.text).all("p")].count("alert") == 1
    assert running.console.users.find(USER).role is Role.ADMINISTRATOR


@pytest.mark.parametrize("data", [{}, {"id": ""}, {"id": "x"}, {"id": "9" * 40}, {"id": "1", "role": "11"}])
def test_a_form_that_makes_no_sense_changes_nothing(client: httpx.Client, data: dict[str, str]) -> None:
    assert client.post(f"{PATH}/role", data=data).status_code == 400


@pytest.mark.parametrize("role", [Role.VIEWER, Role.DEVICE_MANAGER])
def test_others_are_offered_only_what_they_may_do(running: RunningConsole, role: Role) -> None:
    add(running, "maria", role)
    with visitor(running) as client:
        client.post("/login", data={"user": "maria", "password": "a long password", "next": "/"})
        for path in ("/", "/devices", "/migration", "/settings/security/certificates"):
            page = client.get(path)
            assert page.status_code == 200
            links = [link.get("href") for link in read(page.text).all("a")]
            assert PATH not in links
        orders = {form.get("action") for form in read(page.text).all("form")}
        buttons = [button.text for button in read(page.text).all("button")]
        assert "Check without installing" in buttons
        assert not any(text.startswith(("Install", "Upload", "Generate")) for text in buttons)
        assert "/settings/security/certificates/request" not in orders
        assert "Verify the connection" not in client.get("/migration").text
        assert client.get(PATH).status_code == 403
        assert "Your role does not allow this" in client.get(PATH).text
    with visitor(running) as admin:
        page = sign_in(admin)
        assert PATH in [link.get("href") for link in read(page.text).all("a")]
        assert "Verify the connection" in admin.get("/migration").text
        assert PASSWORD not in page.text
