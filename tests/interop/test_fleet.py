"""Devices and groups, as playbooks manage them."""

import json
from collections.abc import Mapping

import pytest
from tests.interop.playbook import Outcome, Playbooks, Task, texts
from tests.running import RunningConsole
from tests.web.consoles import add_fleet, fleet, managed

_COUNT = 120
"""Of devices: more than two pages."""
_PARTS: Mapping[str, object] = {"fact_subset": "detailed_inventory"}
_NAMED: Mapping[str, object] = {"name": "Room 1"}


@pytest.fixture(scope="module")
def outcomes(playbooks: Playbooks, running: RunningConsole) -> Mapping[str, Outcome]:
    first, *others = fleet(_COUNT).devices
    known = first._replace(inventory='{"Ports":[{"Port":"1/1"}]}')
    add_fleet(running.console, fleet(_COUNT)._replace(devices=(known, *others)))
    tagged: dict[str, object] = {"device_service_tags": ["TAG1", "TAG7"]}
    return playbooks.run(
        Task("list devices", "ome_device_info"),
        Task("filter devices", "ome_device_info", {"system_query_options": {"filter": "Type eq 1000"}}),
        Task("filter by a field that is none", "ome_device_info", {"system_query_options": {"filter": "Shoe eq 1"}}),
        Task(
            "look at the parts of one",
            "ome_device_info",
            {**_PARTS, "system_query_options": {"device_service_tag": ["TAG0"]}},
        ),
        Task(
            "look at those of one that is none",
            "ome_device_info",
            {**_PARTS, "system_query_options": {"device_id": [1]}},
        ),
        Task(
            "look at the health of its parts",
            "ome_device_info",
            {"fact_subset": "subsystem_health", "system_query_options": {"device_service_tag": ["TAG0"]}},
        ),
        Task("create a group", "ome_groups", {**_NAMED, "description": "The first room"}),
        Task("create the group again", "ome_groups", {**_NAMED, "description": "The first room"}),
        Task("rename the group", "ome_groups", {**_NAMED, "new_name": "Room 2"}),
        Task("rename it to one there is", "ome_groups", {"name": "Room 2", "new_name": "Lab"}),
        Task("add devices", "ome_device_group", {"name": "Room 2", **tagged}),
        Task("add them again", "ome_device_group", {"name": "Room 2", **tagged}),
        Task("add one that is none", "ome_device_group", {"name": "Room 2", "device_service_tags": ["NONE"]}),
        Task("add to a group that is none", "ome_device_group", {"name": "Room 9", **tagged}),
        Task(
            "take one out", "ome_device_group", {"name": "Room 2", "state": "absent", "device_service_tags": ["TAG1"]}
        ),
        Task("remove a device", "ome_devices", {"state": "absent", "device_service_tags": ["TAG3"]}),
        Task("remove one that is none", "ome_devices", {"state": "absent", "device_service_tags": ["TAG3"]}),
        Task("create a group to delete", "ome_groups", {"name": "Room 3"}),
        Task("delete the group", "ome_groups", {"name": "Room 3", "state": "absent"}),
        Task("delete a group of the system", "ome_groups", {"name": "All Devices", "state": "absent"}),
    )


def test_every_device_is_listed_once(outcomes: Mapping[str, Outcome]) -> None:
    listed = texts(outcomes["list devices"].values["device_info"]["value"], "DeviceServiceTag")
    assert sorted(listed) == sorted(f"TAG{number}" for number in range(_COUNT))
    filtered = texts(outcomes["filter devices"].values["device_info"]["value"], "DeviceServiceTag")
    assert sorted(filtered) == sorted(listed)


def test_a_filter_that_cannot_be_read_is_refused(outcomes: Mapping[str, Outcome]) -> None:
    refused = outcomes["filter by a field that is none"]
    assert refused.failed
    assert "HTTP Error 400" in refused.said


def test_the_parts_of_a_device_are_told(outcomes: Mapping[str, Outcome]) -> None:
    told = outcomes["look at the parts of one"].values["device_info"]["device_service_tag"]["TAG0"]
    assert [(row["InventoryType"], row["InventoryInfo"]) for row in told["value"]] == [("Ports", [{"Port": "1/1"}])]


@pytest.mark.parametrize("name", ["look at those of one that is none", "look at the health of its parts"])
def test_what_is_not_known_is_not_made_up(outcomes: Mapping[str, Outcome], name: str) -> None:
    assert outcomes[name].values["device_info"] == []
    assert "does not exist" in outcomes[name].said


def test_a_group_comes_once_and_is_renamed(outcomes: Mapping[str, Outcome]) -> None:
    assert outcomes["create a group"].said == "Successfully created the device group."
    again = outcomes["create the group again"]
    assert (again.said, again.changed) == ("No changes found to be applied.", False)
    assert outcomes["rename the group"].said == "Successfully updated the device group."
    assert outcomes["rename the group"].values["group_status"]["Name"] == "Room 2"


def test_a_group_is_not_given_the_name_of_another(outcomes: Mapping[str, Outcome]) -> None:
    refused = outcomes["rename it to one there is"]
    assert refused.failed
    assert "a group with the provided name 'Lab' already exists" in refused.said


def test_devices_go_into_a_group_and_out_of_it(outcomes: Mapping[str, Outcome]) -> None:
    assert outcomes["add devices"].said == "Successfully added member(s) to the device group."
    assert not outcomes["add them again"].changed
    assert outcomes["take one out"].said == "Successfully removed member(s) from the device group."


def test_neither_a_device_nor_a_group_that_is_none_is_taken(outcomes: Mapping[str, Outcome]) -> None:
    unknown = outcomes["add one that is none"]
    assert unknown.failed
    assert "NONE" in unknown.said
    nowhere = outcomes["add to a group that is none"]
    assert nowhere.failed
    assert "target group name 'Room 9' is invalid" in nowhere.said


def test_a_device_is_removed_once(outcomes: Mapping[str, Outcome], running: RunningConsole) -> None:
    assert outcomes["remove a device"].said == "The devices(s) are removed successfully."
    assert managed(running) == _COUNT - 1
    again = outcomes["remove one that is none"]
    assert not again.changed


def test_only_groups_of_users_are_deleted(outcomes: Mapping[str, Outcome]) -> None:
    assert outcomes["delete the group"].said == "Successfully deleted the device group(s)."
    refused = outcomes["delete a group of the system"]
    assert refused.failed
    assert refused.said == "Provide valid static device group(s) for deletion."


@pytest.mark.usefixtures("outcomes")
def test_the_inventory_has_the_hosts_of_a_group(playbooks: Playbooks) -> None:
    done = playbooks.inventory("Lab", group_vars={"Lab": {"room": "1"}})
    assert done.returncode == 0, done.stderr
    inventory = json.loads(done.stdout)
    assert inventory["Lab"]["hosts"] == ["192.0.2.1"]
    assert inventory["_meta"]["hostvars"]["192.0.2.1"]["room"] == "1"


@pytest.mark.usefixtures("outcomes")
def test_there_is_no_inventory_for_a_wrong_password(playbooks: Playbooks) -> None:
    done = playbooks.inventory("Lab", password="a wrong one")
    assert done.returncode != 0
    assert "HTTP Error 401" in done.stderr
