"""What makes every page usable from the keyboard and with a screen reader, in each language, and safe to show."""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from tests.running import PASSWORD, USER, RunningConsole, running_console
from tests.web.consoles import add_fleet, certify, fleet, request_of, sign_in, visitor
from tests.web.reading import Element, read
from tests.web.test_migration import form

from mutua import language
from mutua.authority.ca import Authority

CERTIFICATES = "/settings/security/certificates"
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")


class Seen(NamedTuple):
    """A page as it was answered."""

    what: str
    language: str
    html: str

    @property
    def page(self) -> Element:
        return read(self.html)


def every_page(
    source: RunningConsole, target: RunningConsole, authority: Authority, spoken: str
) -> Iterator[tuple[str, httpx.Response]]:
    """Each page, in each of the forms it can have."""
    with visitor(source, headers={"Accept-Language": spoken}) as client:
        yield "sign in", client.get("/login")
        yield "not signed in", client.post("/login", data={"user": USER, "password": "wrong"})
        yield "no such page", client.get("/none")
        yield "overview", sign_in(client)
        yield "password", client.get("/password?next=/devices")
        yield (
            "password refused",
            client.post("/password", data={"current": "wrong", "new": "long enough", "again": "x"}),
        )
        yield "users", client.get("/settings/users")
        new = {"user": "maria", "password": "short", "role": "16"}
        yield "user refused", client.post("/settings/users/add", data=new)
        yield "user added", client.post("/settings/users/add", data=new | {"password": "long enough"})
        yield "backup", client.get("/settings/backup")
        yield "no backup", client.post("/settings/backup/create", data={"passphrase": "short", "again": "short"})
        yield "audit log", client.get("/audit")
        yield "no entries", client.get("/audit?before=1")
        yield "no devices", client.get("/devices")
        yield from every_state_of_certificates(client, source, authority)
        add_fleet(source.console, fleet(120))
        yield "devices", client.get("/devices?page=2")
        yield "no migrations", client.get("/migration")
        yield "no address", client.post("/migration/verify", data=form("nowhere"))
        yield "not reached", client.post("/migration/verify", data=form(target.address))
        certify(target, authority)
        yield "verified", client.post("/migration/verify", data=form(target.address))
        yield "migrating", client.post("/migration/start", data=form(target.address))
        yield "migrations", client.get("/migration")
        yield "signed out", client.post("/logout")


def every_state_of_certificates(
    client: httpx.Client, source: RunningConsole, authority: Authority
) -> Iterator[tuple[str, httpx.Response]]:
    """From the first start to a chain."""
    names = {"DistinguishedName": "127.0.0.1", "KeySize": "2048"}
    yield "certificates at first", client.get(CERTIFICATES)
    yield "request refused", client.post(f"{CERTIFICATES}/request", data=names | {"DistinguishedName": "*"})
    yield "request ready", client.post(f"{CERTIFICATES}/request", data=names)
    signed = authority.sign(request_of(source.console))
    leaf = {"file": ("leaf.pem", signed.leaf.public_bytes(Encoding.PEM))}
    whole = {"file": ("chain.pem", signed.chain_pem)}
    yield "no file", client.post(f"{CERTIFICATES}/chain", data={})
    yield "noise refused", client.post(f"{CERTIFICATES}/chain", files={"file": ("noise", b"noise")})
    yield "leaf refused", client.post(f"{CERTIFICATES}/chain", files=leaf)
    yield "checked", client.post(f"{CERTIFICATES}/check-chain", files=whole)
    yield "certificate installed", client.post(f"{CERTIFICATES}/certificate", files=whole)
    yield "chain installed", client.post(f"{CERTIFICATES}/chain", files=whole)


@pytest.fixture(scope="module", params=language.LANGUAGES)
def pages(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> list[Seen]:
    """Every page in one language."""
    folder = tmp_path_factory.mktemp("structure")
    with running_console(folder / "source", "source") as source, running_console(folder / "target", "target") as target:
        answers = every_page(source, target, authority, request.param)
        return [Seen(what, request.param, answer.text) for what, answer in answers]


def test_every_page_says_its_language_and_where_one_is(pages: list[Seen]) -> None:
    titles = {}
    for seen in pages:
        (html,) = seen.page.all("html")
        assert html.get("lang") == seen.language, seen.what
        (title,) = seen.page.all("title")
        assert title.text.endswith(" · source"), seen.what
        assert len(title.text) > len(" · source"), seen.what
        titles[seen.what] = title.text
    assert titles["leaf refused"] != titles["chain installed"] != titles["certificates at first"]
    assert titles["not signed in"] != titles["sign in"]


def test_headings_come_in_order(pages: list[Seen]) -> None:
    for seen in pages:
        levels = [HEADINGS.index(heading.name) + 1 for heading in seen.page.all(*HEADINGS)]
        assert levels[0] == 1, seen.what
        assert levels.count(1) == 1, seen.what
        for above, below in pairwise(levels):
            assert below <= above + 1, seen.what
        assert all(heading.text for heading in seen.page.all(*HEADINGS)), seen.what


def test_every_field_has_a_label_and_every_button_a_name(pages: list[Seen]) -> None:
    for seen in pages:
        page = seen.page
        labelled = {label.get("for") for label in page.all("label")}
        inside = {id(field) for label in page.all("label") if label.text for field in label.all("input")}
        for field in page.all("input", "select", "textarea", "progress"):
            if field.get("type") != "hidden":
                assert field.get("id") in labelled or id(field) in inside, (seen.what, field.attributes)
        for button in page.all("button", "a"):
            assert button.text, seen.what


def test_every_table_has_a_caption_and_its_headings_a_scope(pages: list[Seen]) -> None:
    for seen in pages:
        for table in seen.page.all("table"):
            assert next(table.all("caption")).text, seen.what
            for heading in table.all("th"):
                assert heading.get("scope") in ("col", "row", "colgroup"), seen.what


def test_what_refers_to_something_on_the_page_finds_it(pages: list[Seen]) -> None:
    for seen in pages:
        everything = list(seen.page.all())
        ids = [element.get("id") for element in everything if element.get("id")]
        assert len(ids) == len(set(ids)), (seen.what, ids)
        for element in everything:
            for attribute in ("for", "aria-labelledby", "aria-describedby"):
                for target in (element.get(attribute) or "").split():
                    assert target in ids, (seen.what, target)
            if (element.get("href") or "").startswith("#"):
                assert (element.get("href") or "")[1:] in ids, (seen.what, element.get("href"))


def test_the_first_link_skips_to_the_content(pages: list[Seen]) -> None:
    for seen in pages:
        first = next(seen.page.all("a"))
        assert first.get("href") == "#content", seen.what
        assert seen.page.by_id("content").name == "main", seen.what


def test_nothing_is_inline_and_nothing_comes_from_elsewhere(pages: list[Seen]) -> None:
    for seen in pages:
        for element in seen.page.all():
            assert element.name != "style", seen.what
            assert not [name for name in element.attributes if name == "style" or name.startswith("on")], seen.what
            for attribute in ("href", "src", "action", "formaction"):
                address = element.get(attribute)
                assert address is None or (address[:1] in ("/", "#") and address[:2] != "//"), (seen.what, address)
            if element.name == "script":
                assert element.get("src"), seen.what
                assert not element.text, seen.what


def test_no_page_ever_holds_a_password(pages: list[Seen]) -> None:
    for seen in pages:
        assert PASSWORD not in seen.html, seen.what
        for field in seen.page.all("input"):
            if field.get("type") == "password":
                assert field.get("value") is None, seen.what


def test_every_form_that_changes_something_is_posted(pages: list[Seen]) -> None:
    for seen in pages:
        for form_ in seen.page.all("form"):
            assert form_.get("method") == "post", seen.what
            assert form_.get("action"), seen.what
