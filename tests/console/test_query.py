"""Lists as clients ask for them: which rows, in which order, page by page; in the database and beside it alike."""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, insert, select
from tests.console.test_odata import written
from tests.console.wire import DEVICES, INFO, Wire
from tests.running import RunningConsole, running_console
from tests.web.consoles import add_fleet

from mutua.console.api import query, short_list
from mutua.console.api.collection import Page
from mutua.console.api.device_service import DEVICE_FIELDS, device_json
from mutua.console.api.errors import ApiError
from mutua.console.api.odata import Both, Comparison, Condition, Either, Operator
from mutua.console.api.query import Kind
from mutua.inventory.records import Device, DeviceType, Fleet, Health
from mutua.inventory.store import LISTED_DEVICES
from mutua.storage.database import Database
from mutua.storage.tables import devices

TEXTS = ["", "a", "b", "ab", "A", "é", "it's", "100%", "_", "日本"]
KINDS = {"Id": Kind.NUMBER, "DeviceName": Kind.TEXT, "Model": Kind.TEXT, "Type": Kind.NUMBER}
KIND = "DeviceService.Device"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """Many devices that share names, models and types."""
    database = Database.open(f"sqlite:///{tmp_path_factory.mktemp('query') / 'console.db'}")
    rows = [
        {
            "service_tag": f"TAG{number}",
            "name": TEXTS[number % 7],
            "model": TEXTS[number * 3 % len(TEXTS)],
            "type": (1000, 2000, 3000)[number % 3],
            "address": f"192.0.2.{number}",
            "health": 1000,
            "inventory": "{}",
            "added_at": datetime.now(UTC),
        }
        for number in range(60)
    ]
    with database.writing() as connection:
        connection.execute(insert(devices), rows)
    yield database
    database.close()


def in_database(database: Database, page: Page) -> dict[str, Any]:
    with database.reading() as connection:
        return query.answer(connection, LISTED_DEVICES, page, DEVICE_FIELDS, KIND, device_json)


def beside_it(database: Database, page: Page) -> dict[str, Any]:
    with database.reading() as connection:
        rows = [device_json(row) for row in connection.execute(select(devices).order_by(devices.c.id)).mappings()]
    return short_list.answer(rows, page, KINDS, KIND)


def page(**options: Any) -> Page:
    return Page("/api/X", 0, 50)._replace(**options)


def following(link: str) -> Page:
    """The page that a link leads to, read as the server reads it."""
    options = dict(parse_qsl(urlsplit(link).query, strict_parsing=True))
    return page(
        skip=int(options["$skip"]),
        top=int(options["$top"]),
        filter=options.get("$filter", ""),
        orderby=options.get("$orderby", ""),
        skiptoken=options["$skiptoken"],
    )


NUMBERS = st.builds(
    Comparison,
    st.sampled_from(["Id", "Type"]),
    st.sampled_from([operator for operator in Operator if operator is not Operator.CONTAINS]),
    st.sampled_from([0, 1000, 2000, 10005, 10030, 10**17, -1]),
)
NAMES = st.builds(
    Comparison, st.sampled_from(["DeviceName", "Model"]), st.sampled_from(list(Operator)), st.sampled_from(TEXTS)
)
CONDITIONS: st.SearchStrategy[Condition] = st.recursive(
    NUMBERS | NAMES,
    lambda parts: (
        st.builds(Both, st.lists(parts, min_size=2, max_size=3).map(tuple))
        | st.builds(Either, st.lists(parts, min_size=2, max_size=3).map(tuple))
    ),
    max_leaves=6,
)
ORDERS = st.lists(
    st.builds("{} {}".format, st.sampled_from(sorted(KINDS)), st.sampled_from(["asc", "desc"])), max_size=3
).map(",".join)
SHARED = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@SHARED
@given(condition=CONDITIONS, order=ORDERS)
def test_the_database_and_plain_comparison_agree(database: Database, condition: Condition, order: str) -> None:
    asked = page(top=100, filter=written(condition), orderby=order)
    assert in_database(database, asked) == beside_it(database, asked)


@SHARED
@given(condition=CONDITIONS | st.none(), order=ORDERS, top=st.integers(1, 25))
def test_the_links_lead_through_every_row_once_and_in_order(
    database: Database, condition: Condition | None, order: str, top: int
) -> None:
    text = written(condition) if condition else ""
    whole = in_database(database, page(top=100, filter=text, orderby=order))
    found = in_database(database, page(top=top, filter=text, orderby=order))
    walked = list(found["value"])
    while "@odata.nextLink" in found:
        assert found["@odata.nextLink"].endswith(f"&$skip={len(walked)}&$top={top}")
        assert found["@odata.count"] == whole["@odata.count"]
        by_link = following(found["@odata.nextLink"])
        found = in_database(database, by_link)
        assert found["value"] == in_database(database, by_link._replace(skiptoken=""))["value"]
        walked += found["value"]
    assert walked == whole["value"]


@SHARED
@given(token=st.text() | st.binary().map(lambda data: quote(data)), order=st.sampled_from(["", "Id desc"]))
def test_no_token_breaks_anything(database: Database, token: str, order: str) -> None:
    with suppress(ApiError):
        assert in_database(database, page(skiptoken=token, orderby=order))["@odata.count"] == 60


def test_a_link_goes_on_after_the_row_where_its_page_ended_whatever_was_removed(tmp_path: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path / 'console.db'}")
    row = {"name": "", "model": "", "type": 1000, "address": "", "health": 1000, "inventory": "{}"}
    rows = [row | {"service_tag": f"TAG{number}", "added_at": datetime.now(UTC)} for number in range(10)]
    with database.writing() as connection:
        connection.execute(insert(devices), rows)
    first = in_database(database, page(top=4))
    with database.writing() as connection:
        connection.execute(devices.delete().where(devices.c.service_tag.in_(["TAG0", "TAG2"])))
    second = in_database(database, following(first["@odata.nextLink"]))
    assert [device["Identifier"] for device in second["value"]] == ["TAG4", "TAG5", "TAG6", "TAG7"]
    by_number = in_database(database, following(first["@odata.nextLink"])._replace(skip=1))
    assert by_number["value"][0]["Identifier"] == "TAG3", "a client that counts for itself"
    database.close()


def test_values_are_bound_and_never_part_of_the_statement(database: Database) -> None:
    statements: list[str] = []
    planted = "x'; DROP TABLE devices; --"
    with database.reading() as connection:
        event.listen(connection, "before_cursor_execute", lambda *given: statements.append(given[2]))
        text = f"DeviceName eq {written_text(planted)} or contains(Model,{written_text(planted)})"
        found = query.answer(connection, LISTED_DEVICES, page(filter=text), DEVICE_FIELDS, KIND, device_json)
    assert found["value"] == []
    assert len(statements) == 3
    assert not any("DROP" in statement for statement in statements)


def written_text(text: str) -> str:
    return written(Comparison("X", Operator.EQ, text)).removeprefix("X eq ")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningConsole]:
    """A console with devices of several kinds."""
    fleet = [
        Device(f"TAG{n:04}", f"web {n:03}+", "R650", kind, f"10.0.0.{n}", Health.NORMAL, "{}", (), None)
        for n, kind in enumerate([DeviceType.CHASSIS, *[DeviceType.SERVER] * 9] * 12)
    ]
    fleet.append(Device("TAGSIX", "six/api", "R650", DeviceType.SERVER, "fd00::7", Health.WARNING, "{}", (), None))
    with running_console(tmp_path_factory.mktemp("state") / "console") as console:
        add_fleet(console.console, Fleet(tuple(fleet), (), ()))
        yield console


def tags(wire: Wire, text: str) -> list[str]:
    answer = wire.ask("GET", f"{DEVICES}?$filter={quote(text)}")
    assert answer.status == 200, answer.body
    return [device["DeviceServiceTag"] for device in answer.json["value"]]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("DeviceServiceTag eq 'TAG0007'", ["TAG0007"]),
        ("Identifier eq 'TAG0007'", ["TAG0007"]),
        ("Identifier eq 'tag0007'", []),
        ("DeviceName eq 'web 007+'", ["TAG0007"]),
        ("DeviceManagement/any(d:d/NetworkAddress eq '10.0.0.5')", ["TAG0005"]),
        ("DeviceManagement/any(d:d/NetworkAddress eq '10.0.0.')", []),
        ("DeviceManagement/any(d:d/NetworkAddress eq '[fd00::7]')", ["TAGSIX"]),
        ("DeviceManagement/any(d:d/NetworkAddress eq 'fd00::7')", ["TAGSIX"]),
        ("contains(DeviceName,'/api')", ["TAGSIX"]),
        ("contains(DeviceName,'WEB')", []),
        ("Type eq 2000 and Identifier gt 'TAG0100'", ["TAG0110"]),
        ("Status eq 3000 or Identifier eq 'TAG0001'", ["TAG0001", "TAGSIX"]),
        ("ManagedState eq 4000", []),
        ("ManagedState ne 3000", []),
    ],
)
def test_devices_are_found_as_clients_look_for_them(wire: Wire, text: str, found: list[str]) -> None:
    assert tags(wire, text) == found


def test_the_link_keeps_what_was_asked_for(wire: Wire) -> None:
    asked = "$filter=" + quote("Type eq 1000 and contains(DeviceName,'b')") + "&$orderby=" + quote("DeviceName desc")
    found = wire.ask("GET", f"{DEVICES}?{asked}&$top=40").json
    walked = found["value"]
    while link := found.get("@odata.nextLink"):
        assert link.count("/api") == 1
        assert re.search(r"\$skip=\d+&\$top=40$", link)
        assert "+" not in link
        # As one client does: it adds the filter again.
        found = wire.ask("GET", f"{link}&{asked.partition('&')[0]}").json
        walked += found["value"]
    assert found["@odata.count"] == len(walked) == 108
    assert [device["DeviceName"] for device in walked] == sorted((d["DeviceName"] for d in walked), reverse=True)


def test_a_plus_is_a_plus(wire: Wire) -> None:
    assert len(wire.ask("GET", f"{DEVICES}?$filter=contains(DeviceName,'003+')").json["value"]) == 1
    assert wire.ask("GET", f"{DEVICES}?$filter=Type+eq+1000").status == 400


@pytest.mark.parametrize(
    ("asked", "option", "reason"),
    [
        ("$filter=Colour eq 'red'", "$filter", "there is no field Colour; expected one of Id, Identifier,"),
        ("$filter=Type eq", "$filter", "at character 8, found the end"),
        ("$filter=Type eq '1000'", "$filter", "the field Type is compared with a number."),
        ("$filter=DeviceName eq 5", "$filter", "the field DeviceName is compared with a text in single quotes."),
        ("$filter=Type eq true", "$filter", "compared with a number"),
        ("$filter=Type eq null", "$filter", "compared with a number"),
        ("$filter=contains(Type,'1')", "$filter", "compared with a number"),
        ("$filter=Type eq 1 or Colour eq 1", "$filter", "no field Colour"),
        ("$filter=NetworkAddress eq '10.0.0.5'", "$filter", "no field NetworkAddress"),
        ("$filter=Id eq 1&$filter=Id eq 2", "$filter", "more than once"),
        ("$orderby=Colour", "$orderby", "no field Colour"),
        ("$orderby=Id up", "$orderby", "no field to sort by"),
        ("$skip=5&$skiptoken=x", "$skiptoken", "take the link as it was given"),
    ],
)
def test_what_cannot_be_answered_is_refused_by_name(wire: Wire, asked: str, option: str, reason: str) -> None:
    answer = wire.ask("GET", f"{DEVICES}?{quote(asked, safe='&=$')}")
    assert (answer.status, answer.message_id) == (400, "CGEN1002")
    (info,) = answer.json["error"]["@Message.ExtendedInfo"]
    assert info["RelatedProperties"] == [option]
    assert info["MessageArgs"][0] == option
    assert reason in info["MessageArgs"][1]


@pytest.mark.parametrize("asked", ["$filter=%ff", "%ff=1", "$orderby=%c3%28"])
def test_what_is_no_text_is_refused(wire: Wire, asked: str) -> None:
    answer = wire.ask("GET", f"{DEVICES}?{asked}")
    assert (answer.status, answer.message_id) == (400, "CGEN1002")


@pytest.mark.parametrize(
    "path",
    [
        "/api/SessionService/Sessions",
        "/api/AccountService/Accounts",
        "/api/AccountService/Roles",
        "/api/MigrationService/Migrations",
        "/api/ApplicationService/Certificate",
    ],
)
def test_every_list_refuses_what_it_does_not_know(wire: Wire, path: str) -> None:
    answer = wire.ask("GET", f"{path}?$filter=Colour%20eq%201")
    assert (answer.status, answer.message_id) == (400, "CGEN1002")
    assert wire.ask("GET", f"{path}?$orderby=Colour").status == 400
    assert wire.ask("GET", f"{path}?$top=0").json["value"] == []


def test_sessions_are_filtered_too(wire: Wire, signed_in: Wire) -> None:
    assert signed_in.ask("GET", INFO).status == 200
    mine = wire.ask("GET", "/api/SessionService/Sessions?$filter=UserName%20eq%20'admin'&$top=1").json
    assert mine["@odata.count"] >= len(mine["value"]) == 1
    nobodys = wire.ask("GET", "/api/SessionService/Sessions?$filter=UserName%20eq%20'nobody'").json
    assert (nobodys["@odata.count"], nobodys["value"]) == (0, [])
