"""Signing in and out: what the cookie is, what a refusal says, and where one ends up."""

from http.cookies import SimpleCookie

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.running import PASSWORD, USER, RunningConsole
from tests.web.consoles import sign_in, visitor
from tests.web.reading import read

from mutua.console.accounts import SessionKind
from mutua.console.web.rendering import local_path

REFUSAL = "The user name or the password is not right. Check both and try again."


def post_credentials(client: httpx.Client, user: str, password: str) -> httpx.Response:
    return client.post("/login", data={"user": user, "password": password, "next": "/"}, follow_redirects=False)


def test_who_is_not_signed_in_signs_in_and_comes_back_to_the_page(running: RunningConsole) -> None:
    with visitor(running) as client:
        page = client.get("/devices?page=1")
        assert page.url.path == "/login"
        following = read(page.text)
        hidden = [field for field in following.all("input") if field.get("name") == "next"][-1]
        assert hidden.get("value") == "/devices?page=1"
        page = sign_in(client, following="/devices?page=1")
        assert (page.url.path, page.url.query) == ("/devices", b"page=1")


@pytest.mark.parametrize(
    ("user", "password"), [(USER, "wrong"), ("nobody", PASSWORD), ("", ""), ("x" * 300, "y" * 300)]
)
def test_a_refusal_is_one_sentence_that_does_not_say_which_was_wrong(
    running: RunningConsole, user: str, password: str
) -> None:
    with visitor(running) as client:
        answer = post_credentials(client, user, password)
        assert answer.status_code == 401
        page = read(answer.text)
        assert [alert.text for alert in page.all("p") if alert.get("role") == "alert"] == [REFUSAL]
        assert password not in answer.text or not password
        assert client.get("/").url.path == "/login"


def test_the_session_cookie_is_for_this_console_its_pages_and_encrypted_connections_only(
    running: RunningConsole,
) -> None:
    with visitor(running) as client:
        cookie = SimpleCookie(post_credentials(client, USER, PASSWORD).headers["set-cookie"])
    (name,) = cookie
    assert name == f"__Host-session-{running.console.guid[:8]}"
    attributes = cookie[name]
    assert (attributes["secure"], attributes["httponly"], attributes["path"]) == (True, True, "/")
    assert attributes["samesite"].lower() == "strict"
    assert (attributes["domain"], attributes["max-age"], attributes["expires"]) == ("", "", "")


def test_the_session_stands_in_the_same_table_as_those_of_the_api_and_ends_with_signing_out(
    running: RunningConsole,
) -> None:
    with visitor(running) as client:
        sign_in(client)
        (session,) = running.console.accounts.sessions()
        assert (session.kind, session.user.name, session.address) == (SessionKind.WEB, USER, "127.0.0.1")
        cookies = dict(client.cookies)
        page = client.post("/logout")
        assert page.url.path == "/login"
        assert "You are signed out." in page.text
        assert "You are signed out." not in client.get("/login").text
        assert running.console.accounts.sessions() == []
        client.cookies.update(cookies)
        assert client.get("/").url.path == "/login"


def test_a_token_of_the_api_opens_no_page(running: RunningConsole) -> None:
    user = running.console.accounts.authenticate(USER, PASSWORD, "127.0.0.1")
    assert user is not None
    name = f"__Host-session-{running.console.guid[:8]}"
    _session, api_token = running.console.accounts.sign_in(user, SessionKind.API, "127.0.0.1")
    _session, web_token = running.console.accounts.sign_in(user, SessionKind.WEB, "127.0.0.1")
    with visitor(running, cookies={name: api_token}) as client:
        assert client.get("/").url.path == "/login"
    with visitor(running, cookies={name: web_token}) as client:
        assert client.get("/").url.path == "/"


def test_who_is_signed_in_needs_no_form(running: RunningConsole) -> None:
    with visitor(running) as client:
        sign_in(client)
        assert client.get("/login?next=/devices").url.path == "/devices"


@pytest.mark.parametrize("elsewhere", ["https://example.net/", "//example.net", "/\\example.net", "example.net"])
def test_signing_in_leads_nowhere_else(running: RunningConsole, elsewhere: str) -> None:
    with visitor(running) as client:
        page = sign_in(client, following=elsewhere)
        assert (page.url.host, page.url.path) == ("127.0.0.1", "/")


@given(st.text())
@example("/\t/example.net")
@example("/ok\r\nSet-Cookie: a=b")
@example("//example.net")
def test_a_local_path_stays_on_this_host_as_every_browser_reads_it(path: str) -> None:
    kept = local_path(path)
    joined = httpx.URL("https://console:8443/").join(kept)
    assert (joined.host, joined.port) == ("console", 8443)
    assert kept.isascii()
    assert kept.isprintable()
    assert "\\" not in kept


@pytest.mark.parametrize("path", ["/", "/devices?page=2", "/settings/security/certificates", "/migration/1f#phases"])
def test_a_path_of_this_console_is_kept(path: str) -> None:
    assert local_path(path) == path
