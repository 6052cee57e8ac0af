"""GroupService over the wire: groups are made, moved, filled and deleted as clients do it."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import update
from tests.console.wire import DEVICES, Answer, Wire
from tests.running import RunningConsole, running_console
from tests.web.consoles import add_fleet, fleet

from mutua.storage.tables import devices, group_members, groups, migrations

GROUPS = "/api/GroupService/Groups"
ACTIONS = "/api/GroupService/Actions/GroupService"
REMOVE_DEVICES = "/api/DeviceService/Actions/DeviceService.RemoveDevices"
MEMBERS_REFUSED = "Unable to update group members because the entered ID(s)"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningConsole]:
    """A console with 60 devices in a group named Lab."""
    with running_console(tmp_path_factory.mktemp("state") / "console") as console:
        add_fleet(console.console, fleet(60))
        yield console


@pytest.fixture(autouse=True)
def nothing_is_left(running: RunningConsole) -> Iterator[None]:
    """Every group that a test made is gone at its end."""
    yield
    with running.console.database.writing() as connection:
        made = groups.c.name.like("test %")
        connection.execute(update(groups).where(made).values(parent_id=None))
        connection.execute(groups.delete().where(made))


def create(wire: Wire, name: str, parent: int = 0, **more: object) -> int:
    model = {"MembershipTypeId": 12, "Name": f"test {name}", "ParentId": parent, "Description": "d"} | more
    answer = wire.post(f"{ACTIONS}.CreateGroup", {"GroupModel": model})
    assert answer.status == 200, answer.body
    assert answer.body.isdigit(), "clients read a bare integer"
    return int(answer.body)


def named(wire: Wire, name: str) -> dict[str, Any]:
    wanted = quote(f"Name eq '{name}'")
    found = wire.ask("GET", f"{GROUPS}?$filter={wanted}").json
    assert found["@odata.count"] == 1
    (group,) = found["value"]
    assert isinstance(group, dict)
    return group


def ids(wire: Wire, path: str) -> list[int]:
    page = wire.ask("GET", f"{path}?$top=9999").json
    assert page["@odata.count"] == len(page["value"])
    return [row["Id"] for row in page["value"]]


def refusal(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.message_id


def test_the_groups_that_clients_look_for_are_there(signed_in: Wire) -> None:
    listed = signed_in.ask("GET", GROUPS).json
    assert listed["@odata.context"] == "/api/$metadata#Collection(GroupService.Group)"
    assert [group["Name"] for group in listed["value"]] == ["All Devices", "Static Groups", "Lab"]
    assert [group["TypeId"] for group in listed["value"]] == [2000, 2000, 3000]
    lab = listed["value"][2]
    assert lab["ParentId"] == named(signed_in, "Static Groups")["Id"]
    for link in ("SubGroups", "AllLeafDevices", "Devices"):
        assert lab[f"{link}@odata.navigationLink"] == f"{GROUPS}({lab['Id']})/{link}"
        assert signed_in.ask("GET", lab[f"{link}@odata.navigationLink"]).status == 200
    assert signed_in.ask("GET", lab["@odata.id"]).json == {"@odata.context": "/api/$metadata#GroupService.Group"} | lab


def test_every_group_is_on_the_first_page(running: RunningConsole, signed_in: Wire) -> None:
    rows = [{"name": f"test {n}", "description": "", "type_id": 3000, "created_at": None} for n in range(120)]
    with running.console.database.writing() as connection:
        now = connection.execute(groups.select()).mappings().first()
        assert now is not None
        connection.execute(groups.insert(), [row | {"created_at": now["created_at"]} for row in rows])
    listed = signed_in.ask("GET", GROUPS).json
    assert len(listed["value"]) == listed["@odata.count"] == 123
    assert "@odata.nextLink" not in listed
    second = signed_in.ask("GET", f"{GROUPS}?$top=100").json["@odata.nextLink"]
    assert len(signed_in.ask("GET", second.replace("/api/", "/api//")).json["value"]) == 23


def test_devices_of_a_group_are_paged_and_filtered(signed_in: Wire) -> None:
    lab = named(signed_in, "Lab")["Id"]
    page = signed_in.ask("GET", f"{GROUPS}({lab})/Devices").json
    assert (page["@odata.count"], len(page["value"])) == (60, 50)
    rest = signed_in.ask("GET", page["@odata.nextLink"]).json
    assert len({device["Id"] for device in page["value"] + rest["value"]}) == 60
    tag = quote("DeviceServiceTag eq 'TAG7'")
    assert signed_in.ask("GET", f"{GROUPS}({lab})/Devices?$filter={tag}").json["@odata.count"] == 1
    everything = named(signed_in, "All Devices")["Id"]
    assert ids(signed_in, f"{GROUPS}({everything})/AllLeafDevices") == ids(signed_in, DEVICES)


def test_a_group_is_made_changed_and_deleted(signed_in: Wire) -> None:
    root = named(signed_in, "Static Groups")["Id"]
    number = create(signed_in, "web", root)
    made = signed_in.ask("GET", f"{GROUPS}({number})").json
    assert (made["Name"], made["Description"], made["ParentId"], made["TypeId"]) == ("test web", "d", root, 3000)
    lab = named(signed_in, "Lab")["Id"]
    change = {"Id": number, "Name": "test www", "Description": "", "MembershipTypeId": 12, "ParentId": lab}
    answer = signed_in.post(f"{ACTIONS}.UpdateGroup", {"GroupModel": change})
    assert (answer.status, answer.body) == (200, str(number).encode())
    changed = signed_in.ask("GET", f"{GROUPS}({number})").json
    assert (changed["Name"], changed["Description"], changed["ParentId"]) == ("test www", "", lab)
    assert ids(signed_in, f"{GROUPS}({lab})/SubGroups") == [number]
    assert signed_in.post(f"{ACTIONS}.UpdateGroup", {"GroupModel": {"Id": number, "Name": "test w"}}).status == 200
    assert signed_in.ask("GET", f"{GROUPS}({number})").json["ParentId"] == lab
    assert signed_in.post(f"{ACTIONS}.DeleteGroup", {"GroupIds": [number]}).status == 204
    assert signed_in.ask("GET", f"{GROUPS}({number})").status == 404
    assert signed_in.ask("DELETE", f"{GROUPS}({create(signed_in, 'other')})").status == 204


def test_devices_go_in_and_out(signed_in: Wire) -> None:
    first, second, third = ids(signed_in, DEVICES)[:3]
    outer = create(signed_in, "outer")
    inner = create(signed_in, "inner", outer)
    for group, members in ((outer, [first, second]), (inner, [second, third])):
        answer = signed_in.post(f"{ACTIONS}.AddMemberDevices", {"GroupId": group, "MemberDeviceIds": members})
        assert (answer.status, answer.body) == (204, b"")
    assert ids(signed_in, f"{GROUPS}({outer})/Devices") == [first, second]
    assert ids(signed_in, f"{GROUPS}({outer})/AllLeafDevices") == [first, second, third]
    out = {"GroupId": outer, "MemberDeviceIds": [first]}
    assert signed_in.post(f"{ACTIONS}.RemoveMemberDevices", out).status == 204
    assert ids(signed_in, f"{GROUPS}({outer})/Devices") == [second]
    assert ids(signed_in, f"{GROUPS}({outer})/AllLeafDevices") == [second, third]


def test_members_that_cannot_be_are_named_and_none_is_added(signed_in: Wire) -> None:
    first, second, third = ids(signed_in, DEVICES)[:3]
    group = create(signed_in, "members")
    add = f"{ACTIONS}.AddMemberDevices"
    assert signed_in.post(add, {"GroupId": group, "MemberDeviceIds": [first]}).status == 204
    for wanted, refused in (([second, first], [first]), ([second, 7, third], [7]), ([first, 7], [7, first])):
        answer = signed_in.post(add, {"GroupId": group, "MemberDeviceIds": wanted})
        (info,) = answer.json["error"]["@Message.ExtendedInfo"]
        assert answer.status == 400
        assert MEMBERS_REFUSED in info["Message"]
        assert info["MessageArgs"] == list(map(str, refused))
    out = signed_in.post(f"{ACTIONS}.RemoveMemberDevices", {"GroupId": group, "MemberDeviceIds": [first, second]})
    assert out.status == 400
    assert ids(signed_in, f"{GROUPS}({group})/Devices") == [first]


def test_what_is_wrong_with_a_group_is_said_as_clients_know_it(signed_in: Wire) -> None:
    number = create(signed_in, "taken")
    inner = create(signed_in, "inner", number)
    everything = named(signed_in, "All Devices")["Id"]
    made: list[tuple[dict[str, object], str]] = [
        ({"Name": "test taken"}, "CTEM1027"),
        ({"Name": "All Devices"}, "CTEM1027"),
        ({"Name": "test x", "ParentId": 7}, "CTEM1025"),
        ({"Name": "test x", "ParentId": everything}, "CTEM1025"),
        ({"Name": ""}, "CGEN6002"),
        ({"Name": " "}, "CGEN1008"),
        ({"Name": "test " + "x" * 255}, "CGEN1008"),
        ({"Name": "test x", "MembershipTypeId": 24}, "CGEN1004"),
        ({"Name": "test x", "ParentId": 2**40}, "CGEN1004"),
    ]
    for model, message_id in made:
        assert refusal(signed_in.post(f"{ACTIONS}.CreateGroup", {"GroupModel": model})) == (400, message_id), model
    changed: list[tuple[dict[str, object], str]] = [
        ({"Id": inner, "Name": "test taken"}, "CTEM1027"),
        ({"Id": number, "ParentId": inner}, "CTEM1025"),
        ({"Id": number, "ParentId": number}, "CTEM1025"),
        ({"Id": everything, "Name": "test x"}, "CGRP9008"),
        ({"Id": 7, "Name": "test x"}, "CGRP9008"),
        ({"Name": "test x"}, "CGEN6002"),
    ]
    for model, message_id in changed:
        assert refusal(signed_in.post(f"{ACTIONS}.UpdateGroup", {"GroupModel": model})) == (400, message_id), model
    for numbers, message_id in (([everything], "CGRP9008"), ([7], "CGRP9008"), ([number], "CGEN1008")):
        assert refusal(signed_in.post(f"{ACTIONS}.DeleteGroup", {"GroupIds": numbers})) == (400, message_id)
    assert refusal(signed_in.ask("DELETE", f"{GROUPS}({number})")) == (400, "CGEN1008")
    assert signed_in.post(f"{ACTIONS}.DeleteGroup", {"GroupIds": [number, inner]}).status == 204


@pytest.mark.parametrize("key", ["0", "7", "x", "'1'", "", "9" * 30])
def test_there_is_no_such_group(signed_in: Wire, key: str) -> None:
    for path in (f"{GROUPS}({key})", f"{GROUPS}({key})/Devices", f"{GROUPS}({key})/SubGroups"):
        assert refusal(signed_in.ask("GET", path)) == (404, "CGEN1006")


def test_while_a_migration_holds_devices_groups_stay_as_promised(running: RunningConsole, signed_in: Wire) -> None:
    first = ids(signed_in, DEVICES)[0]
    group = create(signed_in, "held")
    with running.console.database.writing() as connection:
        now = connection.execute(groups.select()).mappings().first()
        assert now is not None
        values = {"id": "m", "role": "source", "phase": "prepared", "created_at": now["created_at"]}
        connection.execute(migrations.insert().values(values))
        connection.execute(update(devices).where(devices.c.id == first).values(quiesced_by="m"))
    try:
        for action, body in (
            ("UpdateGroup", {"GroupModel": {"Id": group, "Name": "test other"}}),
            ("DeleteGroup", {"GroupIds": [group]}),
            ("AddMemberDevices", {"GroupId": group, "MemberDeviceIds": [first]}),
            ("RemoveMemberDevices", {"GroupId": group, "MemberDeviceIds": [first]}),
        ):
            assert refusal(signed_in.post(f"{ACTIONS}.{action}", body)) == (400, "CGEN1008"), action
        assert refusal(signed_in.post(REMOVE_DEVICES, {"DeviceIds": [first]})) == (400, "CGEN1008")
    finally:
        with running.console.database.writing() as connection:
            connection.execute(update(devices).values(quiesced_by=None))
            connection.execute(migrations.delete())
    assert first in ids(signed_in, DEVICES)


def test_devices_are_removed_all_or_none(running: RunningConsole, signed_in: Wire) -> None:
    with running.console.database.writing() as connection:
        row = connection.execute(devices.select()).mappings().first()
        assert row is not None
        values = {name: value for name, value in row.items() if name != "id"} | {"service_tag": "GONE"}
        key = connection.execute(devices.insert().values(values)).inserted_primary_key
        assert key is not None
        connection.execute(group_members.insert().values(group_id=12002, device_id=key[0]))
    gone, before = int(key[0]), ids(signed_in, DEVICES)
    assert refusal(signed_in.post(REMOVE_DEVICES, {"DeviceIds": [gone, 7]})) == (400, "CGEN1008")
    assert ids(signed_in, DEVICES) == before
    answer = signed_in.post(REMOVE_DEVICES, {"DeviceIds": [gone]})
    assert (answer.status, answer.body) == (204, b"")
    assert ids(signed_in, DEVICES) == [number for number in before if number != gone]
