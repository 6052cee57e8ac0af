"""Changing one's own password in the pages, and having to do it before anything else."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.running import PASSWORD, USER, RunningConsole
from tests.web.consoles import StartConsole, sign_in, visitor
from tests.web.reading import Element, read

from mutua.console.failures import HERE
from mutua.storage.tables import users

NEW = "a password of one's own"
NOT_THE_SAME = "The two new passwords are not the same."


@pytest.fixture
def fresh(start_console: StartConsole) -> RunningConsole:
    """A console whose administrator has the password that was printed at the first start."""
    running = start_console("fresh")
    with running.console.database.writing() as connection:
        connection.execute(users.update().values(must_change_password=True))
    return running


@pytest.fixture
def client(fresh: RunningConsole) -> Iterator[httpx.Client]:
    with visitor(fresh) as client:
        yield client


def change(client: httpx.Client, current: str = PASSWORD, new: str = NEW, again: str = NEW) -> httpx.Response:
    data = {"current": current, "new": new, "again": again, "next": "/devices"}
    return client.post("/password", data=data)


def alerts(page: Element) -> list[str]:
    return [part.text for part in page.all("p") if part.get("role") == "alert"]


def test_the_first_visit_leads_to_the_password_and_from_there_to_where_one_wanted(client: httpx.Client) -> None:
    page = sign_in(client, following="/devices?page=1")
    assert page.url.path == "/password"
    seen = read(page.text)
    assert "shown when the console started" in seen.by_id("content").text
    assert not list(seen.all("nav")), "nothing else is open yet"
    (following,) = [field for field in seen.by_id("content").all("input") if field.get("name") == "next"]
    assert following.get("value") == "/devices?page=1"
    done = change(client)
    assert done.url.path == "/devices"
    assert "The password is changed." in read(done.text).text
    assert client.get("/").url.path == "/"


def test_until_then_no_page_opens_and_no_order_is_taken(client: httpx.Client, fresh: RunningConsole) -> None:
    sign_in(client)
    for path in ("/", "/devices", "/migration", "/settings/security/certificates"):
        assert client.get(path).url.path == "/password"
    before = fresh.console.identities.latest_request()
    asked = client.post("/settings/security/certificates/request", data={"DistinguishedName": "a.example.net"})
    assert asked.url.path == "/password"
    assert fresh.console.identities.latest_request() == before
    assert client.post("/logout").url.path == "/login"


@pytest.mark.parametrize(
    ("current", "new", "again", "field", "problem"),
    [
        ("wrong", NEW, NEW, "current", "it is not the current password."),
        ("", NEW, NEW, "current", "it is not the current password."),
        (PASSWORD, "short", "short", "new", "a password needs at least 8 characters; this one has 5."),
        (PASSWORD, PASSWORD, PASSWORD, "new", "it is the current password; choose another one."),
        (PASSWORD, NEW, NEW + "x", "again", NOT_THE_SAME),
        (PASSWORD, "x" * 257, "x" * 257, "new", "a password has at most 256 characters; this one has 257."),
    ],
)
def test_what_is_wrong_is_said_beside_the_field_and_nothing_changes(
    client: httpx.Client, fresh: RunningConsole, current: str, new: str, again: str, field: str, problem: str
) -> None:
    sign_in(client)
    answer = change(client, current, new, again)
    assert answer.status_code == 400
    page = read(answer.text)
    assert alerts(page) == [problem]
    wrong = page.by_id(field)
    assert (wrong.get("aria-invalid"), wrong.get("aria-describedby")) == ("true", "problem")
    assert not any(typed in answer.text for typed in (current, new) if typed)
    assert fresh.console.users.find(USER).must_change_password
    assert client.get("/").url.path == "/password"


def test_guessing_the_current_password_has_to_wait_too(client: httpx.Client, fresh: RunningConsole) -> None:
    sign_in(client)
    for _ in range(HERE.failures + 6):
        fresh.console.accounts.failures.add(USER, "127.0.0.1")
    answer = change(client)
    assert answer.status_code == 401
    assert alerts(read(answer.text))[0].startswith("Too many sign-ins have failed. Wait")


def test_signing_in_says_how_long_to_wait(client: httpx.Client, fresh: RunningConsole) -> None:
    for name in (USER, "nobody"):
        for _ in range(HERE.failures + 7):
            fresh.console.accounts.failures.add(name, "127.0.0.1")
        answer = client.post("/login", data={"user": name, "password": PASSWORD, "next": "/"})
        assert answer.status_code == 401
        assert alerts(read(answer.text))[0].startswith("Too many sign-ins have failed. Wait")


def test_it_can_be_changed_at_any_time_and_other_sessions_end(running: RunningConsole) -> None:
    with visitor(running) as here, visitor(running) as elsewhere:
        sign_in(here)
        sign_in(elsewhere)
        page = here.get("/password")
        assert "shown when the console started" not in page.text
        assert any(link.get("href") == "/password" for link in read(here.get("/").text).all("a"))
        assert change(here).url.path == "/devices"
        assert here.get("/").url.path == "/"
        assert elsewhere.get("/").url.path == "/login"


def test_nothing_of_the_kind_is_asked_of_who_chose_the_password(start_console: StartConsole, tmp_path: Path) -> None:
    del tmp_path
    with visitor(start_console("chosen")) as client:
        assert sign_in(client).url.path == "/"


@pytest.mark.parametrize("elsewhere", ["https://example.net/", "//example.net"])
def test_changing_it_leads_nowhere_else(running: RunningConsole, elsewhere: str) -> None:
    with visitor(running) as client:
        sign_in(client)
        done = client.post("/password", data={"current": PASSWORD, "new": NEW, "again": NEW, "next": elsewhere})
        assert (done.url.host, done.url.path) == ("127.0.0.1", "/")
