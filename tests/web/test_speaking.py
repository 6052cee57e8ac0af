"""The language of the pages: the browser's, until the visitor chooses."""

import pytest
from tests.running import RunningConsole
from tests.web.consoles import sign_in, visitor
from tests.web.reading import read

from mutua import language


@pytest.mark.parametrize(("asked", "spoken"), [("es-MX,es;q=0.9", "es"), ("en-GB", "en"), ("de", "en"), ("", "en")])
def test_the_page_speaks_the_browsers_language(running: RunningConsole, asked: str, spoken: str) -> None:
    with visitor(running, headers={"Accept-Language": asked}) as client:
        (html,) = read(client.get("/login").text).all("html")
        assert html.get("lang") == spoken


def test_the_visitors_choice_counts_more_and_lasts(running: RunningConsole) -> None:
    with visitor(running, headers={"Accept-Language": "en"}) as client:
        page = client.post("/language", data={"language": "es", "next": "/login?next=/devices"})
        assert (page.url.path, page.url.query) == ("/login", b"next=/devices")
        assert 'lang="es"' in page.text
        (cookie,) = [cookie for cookie in client.cookies.jar if cookie.name == "language"]
        assert cookie.secure
        assert cookie.expires is not None
        assert '<html lang="es">' in sign_in(client).text
        assert '<html lang="en">' in client.post("/language", data={"language": "en", "next": "/"}).text


@pytest.mark.parametrize("chosen", ["xx", "", "../es", "es\r\nX: y"])
def test_a_language_that_is_not_spoken_changes_nothing(running: RunningConsole, chosen: str) -> None:
    with visitor(running) as client:
        page = client.post("/language", data={"language": chosen, "next": "/login"})
        assert '<html lang="en">' in page.text
        assert "language" not in client.cookies


def test_choosing_a_language_leads_nowhere_else(running: RunningConsole) -> None:
    with visitor(running) as client:
        answer = client.post(
            "/language", data={"language": "es", "next": "https://example.net/"}, follow_redirects=False
        )
        assert answer.headers["location"] == "/"


def test_two_visitors_at_once_are_each_spoken_to_in_their_own_language(running: RunningConsole) -> None:
    with (
        visitor(running, headers={"Accept-Language": "es"}) as spanish,
        visitor(running, headers={"Accept-Language": "en"}) as english,
    ):
        for _turn in range(5):
            assert '<html lang="es">' in spanish.get("/login").text
            assert '<html lang="en">' in english.get("/login").text
    assert language.current() == "en"


def test_the_switch_names_every_language_in_that_language(running: RunningConsole) -> None:
    with visitor(running) as client:
        page = read(client.get("/login").text)
    buttons = {button.get("lang"): button.text for button in page.all("button") if button.get("lang")}
    assert set(buttons) == set(language.LANGUAGES)
    assert buttons["es"] == "Español"
