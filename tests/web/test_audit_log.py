"""The page of the audit log: what was done, the newest first, page by page, to administrators only."""

from collections.abc import Iterator

import httpx
import pytest
from tests.running import RunningConsole
from tests.web.consoles import sign_in, visitor
from tests.web.test_devices import links, rows

from mutua.console.accounts import SessionKind
from mutua.console.users import Change, Role, User
from mutua.console.web.audit_log import PATH, PER_PAGE
from mutua.logbook import audit
from mutua.logbook.actions import CHANGE_ACCOUNT


@pytest.fixture
def client(running: RunningConsole) -> Iterator[httpx.Client]:
    """Somebody who looks at two pages of entries."""
    with running.console.database.writing() as connection:
        for count in range(PER_PAGE):
            audit.append(connection, audit.Deed(CHANGE_ACCOUNT, "<b>maria</b>", "192.0.2.1", 400, f"user{count}"))
        audit.append(connection, audit.by_system(CHANGE_ACCOUNT, "somebody"))
    with visitor(running) as client:
        sign_in(client)
        yield client


def test_what_was_done_is_in_words_the_newest_first(client: httpx.Client) -> None:
    signed_in, by_system, refused, *_older = rows(client.get(PATH).text)
    assert signed_in[2:] == ["admin", "127.0.0.1", "Signing in", "GUI", "succeeded"]
    assert by_system[3:] == ["this machine", "Changing an account", "somebody", "succeeded"]
    assert refused[2:] == ["<b>maria</b>", "192.0.2.1", "Changing an account", "user49", "refused (400)"]


def test_the_pages_lead_to_every_entry(running: RunningConsole, client: httpx.Client) -> None:
    page = client.get(PATH).text
    assert "Newest" not in links(page)
    seen = []
    while older := links(page).get("Older"):
        assert len(rows(page)) == PER_PAGE
        seen += [row[0] for row in rows(page)]
        page = client.get(older).text
        assert links(page)["Newest"] == PATH
    seen += [row[0] for row in rows(page)]
    with running.console.database.reading() as connection:
        head = audit.head_of(connection)
    assert head is not None
    assert seen == [str(number) for number in range(head.number, 0, -1)]
    beyond = client.get(f"{PATH}?before=1").text
    assert "There are no entries here." in beyond
    assert "<table>" not in beyond


@pytest.mark.parametrize("before", ["0", "-1", "x", "9" * 30])
def test_a_link_that_nobody_gave_leads_nowhere(client: httpx.Client, before: str) -> None:
    assert client.get(f"{PATH}?before={before}").status_code == 404


def test_it_is_in_spanish_too(client: httpx.Client) -> None:
    client.post("/language", data={"language": "es", "next": PATH})
    page = client.get(PATH).text
    assert {"Iniciar sesión", "correcto"} <= {cell for row in rows(page) for cell in row}


def test_nobody_else_is_shown_it_or_offered_it(running: RunningConsole) -> None:
    account = running.console.users.add(Change("looker", "a password of somebody", Role.DEVICE_MANAGER))
    user = User(account.id, account.name, account.role)
    token = running.console.accounts.sign_in(user, SessionKind.WEB, "127.0.0.1")[1]
    with visitor(running, cookies={f"__Host-session-{running.console.guid[:8]}": token}) as client:
        assert client.get(PATH).status_code == 403
        assert "Audit log" not in client.get("/devices").text
