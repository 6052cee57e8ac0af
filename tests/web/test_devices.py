"""The table of devices: words and not colours alone, fifty at a time."""

from pathlib import Path

from tests.running import RunningConsole
from tests.web.consoles import add_fleet, sign_in, visitor
from tests.web.reading import Element, read

from mutua.inventory.fleetfile import read as read_fleet
from mutua.inventory.records import Device, DeviceType, Fleet, Health

EXAMPLES = Path(__file__).parents[2] / "examples"


def rows(html: str) -> list[list[str]]:
    return [[cell.text for cell in row.all("th", "td")] for row in next(read(html).all("tbody")).all("tr")]


def links(html: str) -> dict[str, str | None]:
    page: Element = read(html)
    return {link.text: link.get("href") for link in page.all("a")}


def test_a_console_without_devices_says_how_to_get_some(running: RunningConsole) -> None:
    with visitor(running) as client:
        sign_in(client)
        page = client.get("/devices").text
        assert "This console has no devices." in page
        assert "<table>" not in page


def test_every_device_is_on_one_page_and_the_pages_lead_to_each_other(running: RunningConsole) -> None:
    fleet = read_fleet(EXAMPLES / "devices.csv", EXAMPLES / "devices.json")
    add_fleet(running.console, fleet)
    seen: list[str] = []
    with visitor(running) as client:
        sign_in(client)
        page = client.get("/devices").text
        assert "First" not in links(page)
        while following := links(page).get("Next"):
            assert len(rows(page)) == 50
            seen += [row[0] for row in rows(page)]
            page = client.get(following).text
        seen += [row[0] for row in rows(page)]
        assert "Last" not in links(page)
        beyond = client.get("/devices?page=1000")
        assert rows(beyond.text) == rows(page)
    assert sorted(seen) == sorted(device.service_tag for device in fleet.devices)


def test_health_type_and_state_are_words(running: RunningConsole) -> None:
    fleet = Fleet(
        devices=tuple(
            Device(f"TAG{health.value}", f"name-{health.value}", "<b>Model</b>", kind, "192.0.2.1", health, "{}")
            for health, kind in zip(Health, DeviceType, strict=False)
        )
    )
    add_fleet(running.console, fleet)
    with visitor(running) as client:
        sign_in(client)
        shown = {row[0]: row[3:] for row in rows(client.get("/devices").text)}
    assert shown == {
        "TAG1000": ["Server", "192.0.2.1", "Normal", "Managed"],
        "TAG2000": ["Chassis", "192.0.2.1", "Unknown", "Managed"],
        "TAG3000": ["Storage", "192.0.2.1", "Warning", "Managed"],
        "TAG4000": ["Network I/O module", "192.0.2.1", "Critical", "Managed"],
        "TAG5000": ["Storage array", "192.0.2.1", "No status", "Managed"],
    }


def test_names_from_strangers_are_text_and_never_markup(running: RunningConsole) -> None:
    name = '<script>alert("1")</script>'
    add_fleet(
        running.console,
        Fleet(devices=(Device("TAG1", name, "&amp;", DeviceType.SERVER, "192.0.2.1", Health.NORMAL, "{}"),)),
    )
    with visitor(running) as client:
        sign_in(client)
        page = client.get("/devices").text
    assert rows(page)[0][1:3] == [name, "&amp;"]
    assert "<script>" not in page
