"""Verifying the connection with another console, migrating, and looking at migrations: two real consoles."""

import re
import time
from itertools import product

import httpx
import pytest
from tests.running import PASSWORD, USER, RunningConsole
from tests.web.consoles import Pair, StartConsole, accepted, certify, managed, prepared, sign_in, visitor
from tests.web.reading import Element, read

from mutua.authority.ca import Authority
from mutua.migration.phases import Phase

PATH = "/migration"
# R23, letter for letter.
R23 = (
    "Unable to mutually authenticate and connect to the remote appliance.",
    "Please check the source and target appliances has valid certificate chain uploaded which are signed by the same "
    "CA.",
)
MISSING = "00000000-0000-4000-8000-000000000000"


def form(address: str, role: str = "source", password: str = PASSWORD) -> dict[str, str]:
    return {"address": address, "user": USER, "password": password, "role": role}


def section(html: str, label: str = "verified") -> Element:
    return next(part for part in read(html).all("section") if part.get("aria-labelledby") == label)


def sentences(html: str) -> tuple[str, ...]:
    (refusal,) = [part for part in section(html).all("div") if part.get("class") == "refusal"]
    assert refusal.get("lang") == "en"
    return tuple(part.text for part in refusal.all("p"))


def causes(html: str) -> list[str]:
    items = [item for item in section(html).all("li") if (item.get("class") or "").startswith("finding")]
    for item in items:
        assert "What to do:" in item.text
    return [next(item.all("code")).text for item in items]


def rows(html: str, caption: str) -> list[list[str]]:
    (found,) = [part for part in read(html).all("table") if next(part.all("caption")).text == caption]
    return [[cell.text for cell in row.all("th", "td")] for row in next(found.all("tbody")).all("tr")]


def until_final(client: httpx.Client, path: str) -> Element:
    """What the page's script does, until there is nothing more to wait for."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        part = next(read(client.get(f"{path}/progress").text).all("section"))
        if part.get("data-state") == "final":
            return part
        time.sleep(0.05)
    raise AssertionError(f"{path} does not come to an end")


@pytest.mark.parametrize("role", ["source", "target"])
def test_r20_a_pair_with_the_same_authorities_is_shown_row_by_row_and_may_migrate(pair: Pair, role: str) -> None:
    client, other = (pair.at_source, pair.target) if role == "source" else (pair.at_target, pair.source)
    answer = client.post(f"{PATH}/verify", data=form(other.address, role))
    assert answer.status_code == 200
    said = section(answer.text)
    assert said.text.startswith("✓ The connection is in order")
    assert rows(answer.text, "The two chains, row by row") == [
        ["127.0.0.1", "Lab Intermediate CA", "✓ agrees", "127.0.0.1", "Lab Intermediate CA"],
        ["Lab Intermediate CA", "Lab Root CA", "✓ agrees", "Lab Intermediate CA", "Lab Root CA"],
        ["Lab Root CA", "Lab Root CA", "✓ agrees", "Lab Root CA", "Lab Root CA"],
    ]
    assert "Source connects to target: mutual TLS, both certificates verified" in said.text
    assert "Target connects to source: mutual TLS, both certificates verified" in said.text
    assert [button.text for button in said.all("button")] == ["Migrate"]
    assert PASSWORD not in answer.text
    assert managed(pair.source) == 60


def test_r20_r23_other_authorities_are_refused_in_the_appliances_words_with_every_cause_and_its_fix(
    pair: Pair, authority: Authority, other_authority: Authority
) -> None:
    certify(pair.target, other_authority)
    certify(pair.source, other_authority)
    certify(pair.source, authority)
    # Each trusts both roots now, so that TLS accepts what R20 does not.
    answer = pair.at_source.post(f"{PATH}/verify", data=form(pair.target.address))
    assert answer.status_code == 400
    assert sentences(answer.text) == R23
    assert set(causes(answer.text)) == {"pair.authorities-differ"}
    table = rows(answer.text, "The two chains, row by row")
    assert [row[2] for row in table] == ["✗ differs"] * 3
    assert (table[0][1], table[0][4]) == ("Lab Intermediate CA", "Elsewhere Intermediate CA")
    assert "Migrate" not in [button.text for button in section(answer.text).all("button")]


def test_r2_r23_a_console_without_a_chain_is_refused_with_what_is_wrong_on_both_sides(
    start_console: StartConsole,
) -> None:
    here, there = start_console("source"), start_console("target")
    with visitor(here) as client:
        sign_in(client)
        answer = client.post(f"{PATH}/verify", data=form(there.address))
        assert answer.status_code == 400
        assert sentences(answer.text) == R23
        assert causes(answer.text) == ["pair.unreachable", "pair.no-chain"]
        assert "its certificate was not accepted" in section(answer.text).text


@pytest.mark.parametrize("order", ["verify", "start"])
def test_r19_a_wrong_password_there_is_a_cause_of_its_own(pair: Pair, order: str) -> None:
    answer = pair.at_source.post(f"{PATH}/{order}", data=form(pair.target.address, password="not this one"))
    assert answer.status_code == 400
    assert sentences(answer.text) == R23
    assert causes(answer.text) == ["pair.not-signed-in"]
    assert "not this one" not in answer.text
    assert pair.source.console.migrating.all() == []


@pytest.mark.parametrize("order", ["verify", "start"])
def test_a_console_that_is_not_there_is_a_cause_of_its_own(pair: Pair, order: str) -> None:
    answer = pair.at_source.post(f"{PATH}/{order}", data=form("127.0.0.1:1"))
    assert answer.status_code == 400
    assert sentences(answer.text) == R23
    assert causes(answer.text) == ["pair.unreachable"]


def test_what_is_no_address_is_said_beside_the_field(running: RunningConsole) -> None:
    wrong = ["", "nowhere", "host:0", "host:70000", "::1:8443", "a b:1", "user@host:1", "host:1/x", "[::1", "ñ..:1"]
    with visitor(running) as client:
        sign_in(client)
        for address, order in product(wrong, ("verify", "start")):
            answer = client.post(f"{PATH}/{order}", data=form(address))
            assert answer.status_code == 400, address
            page = read(answer.text)
            assert "expected host:port" in page.by_id("address-problem").text
            assert "address-problem" in (page.by_id("address").get("aria-describedby") or "").split()
            assert page.by_id("address").get("value") == address
            assert page.by_id("password").get("value") is None


def test_a_role_that_is_none_is_not_guessed(running: RunningConsole) -> None:
    with visitor(running) as client:
        sign_in(client)
        for order in ("verify", "start"):
            assert client.post(f"{PATH}/{order}", data=form("127.0.0.1:1", "both")).status_code == 400


@pytest.mark.parametrize("role", ["source", "target"])
def test_r24_devices_move_and_both_sides_show_it(pair: Pair, role: str) -> None:
    client, other = (pair.at_source, pair.target) if role == "source" else (pair.at_target, pair.source)
    answer = client.post(f"{PATH}/start", data=form(other.address, role))
    assert answer.status_code == 200
    path = answer.url.path
    assert re.fullmatch(r"/migration/[0-9a-f-]{36}", path)
    assert PASSWORD not in answer.text
    for side in (pair.at_target, pair.at_source):
        done = until_final(side, path)
        assert done.text.startswith("done Both sides agree.")
        assert [count.text for count in done.all("dd")] == ["60", "1", "1"]
        assert "Resume" not in side.get(path).text
    assert [row[0] for row in rows(pair.at_source.get(path).text, "Phases")] == [
        "✓ prepared",
        "✓ streaming",
        "✓ released",
        "✓ done",
    ]
    assert [row[0] for row in rows(pair.at_target.get(path).text, "Phases")] == [
        "✓ prepared",
        "✓ streaming",
        "✓ validated",
        "✓ committed",
        "✓ done",
    ]
    (listed,) = rows(pair.at_target.get(PATH).text, "1 migration")
    assert listed[1:] == ["source", "target", "done", "60", "1", "1", "—"]
    assert (managed(pair.source), managed(pair.target)) == (0, 60)


@pytest.mark.parametrize("role", ["source", "target"])
def test_r24_a_migration_that_cannot_start_says_why_and_changes_nothing(pair: Pair, role: str) -> None:
    identifier = prepared(pair)
    client, other = (pair.at_source, pair.target) if role == "source" else (pair.at_target, pair.source)
    answer = client.post(f"{PATH}/start", data=form(other.address, role))
    assert answer.status_code in (409, 502)
    said = section(answer.text)
    assert said.text.startswith("✗ The connection is in order, but the migration did not start")
    assert f"migration {identifier} from this console is prepared." in said.text
    assert [entry.id for entry in pair.source.console.migrating.all()] == [identifier]
    assert pair.target.console.migrating.all() == []


def test_a_stopped_migration_is_resumed_from_its_page(pair: Pair) -> None:
    path = f"{PATH}/{accepted(pair)}"
    page = pair.at_target.get(path)
    assert read(page.text).by_id("progress").get("data-state") == "stopped"
    assert "progress.js" not in page.text
    assert read(pair.at_source.get(path).text).by_id("progress").get("data-state") == "waiting"
    answer = pair.at_target.post(f"{path}/resume")
    assert (answer.status_code, answer.url.path) == (200, path)
    assert "The migration was taken up again." in answer.text
    until_final(pair.at_target, path)
    until_final(pair.at_source, path)
    assert (managed(pair.source), managed(pair.target)) == (0, 60)


def test_an_aborted_migration_gives_the_source_its_devices_back(pair: Pair) -> None:
    path = f"{PATH}/{accepted(pair)}"
    assert managed(pair.source) == 0
    assert "Quiesced" in pair.at_source.get("/devices").text
    answer = pair.at_source.post(f"{path}/abort")
    assert "The migration was aborted. The source manages its devices again." in answer.text
    assert "Abort" not in [button.text for button in read(answer.text).all("button")]
    for side in (pair.at_source, pair.at_target):
        assert until_final(side, path).text.startswith("aborted Nothing was moved.")
    assert (managed(pair.source), managed(pair.target)) == (60, 0)


def test_what_is_committed_is_not_aborted_and_the_page_says_so(pair: Pair) -> None:
    path = pair.at_source.post(f"{PATH}/start", data=form(pair.target.address)).url.path
    until_final(pair.at_target, path)
    until_final(pair.at_source, path)
    for side in (pair.at_source, pair.at_target):
        answer = side.post(f"{path}/abort")
        assert "The migration was aborted" not in answer.text
        assert read(answer.text).by_id("progress").get("data-state") == "final"
    assert (managed(pair.source), managed(pair.target)) == (0, 60)


def test_an_order_that_the_other_side_cannot_hear_says_so_on_the_page(pair: Pair, other_authority: Authority) -> None:
    identifier = accepted(pair)
    source = pair.source.console.migrating
    source.source.manifest(identifier, source.read(identifier).peer_key_sha256)
    # The target, which has the promise now, presents a chain that the source does not trust.
    certify(pair.target, other_authority)
    answer = pair.at_source.post(f"{PATH}/{identifier}/abort")
    assert answer.status_code == 502
    (alert,) = [part for part in read(answer.text).all("div") if part.get("role") == "alert"]
    assert alert.text.startswith("the other console was not reached: its certificate was not accepted")
    assert source.read(identifier).phase is Phase.STREAMING
    assert managed(pair.source) == 0


@pytest.mark.parametrize("path", [MISSING, f"{MISSING}/progress"])
def test_a_migration_that_does_not_exist_is_not_found(pair: Pair, path: str) -> None:
    assert pair.at_source.get(f"{PATH}/{path}").status_code == 404


@pytest.mark.parametrize("order", ["resume", "abort"])
def test_a_migration_that_does_not_exist_takes_no_orders(pair: Pair, order: str) -> None:
    assert pair.at_source.post(f"{PATH}/{MISSING}/{order}").status_code == 404


def test_progress_is_shown_without_javascript_too(pair: Pair) -> None:
    path = f"{PATH}/{prepared(pair)}"
    page = read(pair.at_source.get(path).text)
    (noscript,) = page.all("noscript")
    (refresh,) = noscript.all("meta")
    assert refresh.get("http-equiv") == "refresh"
    (script,) = page.all("script")
    assert script.get("src") == "/static/progress.js"
    assert pair.at_source.get("/static/progress.js").status_code == 200
