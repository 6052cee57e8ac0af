"""What a fleet may be, and its way through the body of an ImportDevices call and back."""

import json
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from mutua.inventory.records import (
    Credential,
    CredentialKind,
    Device,
    DeviceType,
    Fleet,
    Group,
    Health,
    InvalidFleet,
    check_fleet,
    fleet_from_json,
    fleet_to_json,
)

CREDENTIAL = Credential("bmc", CredentialKind.SSH, "svc", "s3cr3t-word")
DEVICE = Device("EX1", "srv", "R650", DeviceType.SERVER, "192.0.2.1", Health.NORMAL, '{"CPU":2}', ("Web",), "bmc")
FLEET = Fleet((DEVICE,), (Group("Web", "", "Madrid"), Group("Madrid")), (CREDENTIAL,))
BODY: dict[str, Any] = {
    "Credentials": [{"Name": "bmc", "Kind": "ssh", "UserName": "svc", "Password": "s3cr3t-word"}],
    "Groups": [
        {"Name": "Web", "Description": "", "Parent": "Madrid"},
        {"Name": "Madrid", "Description": "", "Parent": None},
    ],
    "Devices": [
        {
            "ServiceTag": "EX1",
            "Name": "srv",
            "Model": "R650",
            "Type": 1000,
            "Address": "192.0.2.1",
            "Health": 1000,
            "Inventory": {"CPU": 2},
            "Groups": ["Web"],
            "Credential": "bmc",
        }
    ],
}

# What may stand in a name: no control characters, separators of lines, or halves of surrogate pairs.
texts = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=12)
names = texts.filter(bool)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
addresses = st.ip_addresses().map(str) | st.sampled_from(["srv-1", "srv-1.example.net", "a_b.example"])


@st.composite
def fleets(draw: st.DrawFn) -> Fleet:
    group_names = draw(st.lists(names, unique=True, max_size=4))
    credential_names = draw(st.lists(names, unique=True, max_size=3))
    tags = draw(st.lists(st.from_regex(r"\A[A-Za-z0-9-]{1,64}\Z"), unique=True, max_size=4))
    groups = tuple(
        Group(name, draw(texts), draw(st.none() | st.sampled_from(group_names[:index])) if index else None)
        for index, name in enumerate(group_names)
    )
    credentials = tuple(
        Credential(name, draw(st.sampled_from(CredentialKind)), draw(texts), draw(texts)) for name in credential_names
    )
    devices = tuple(
        Device(
            tag,
            draw(names),
            draw(texts),
            draw(st.sampled_from(DeviceType)),
            draw(addresses),
            draw(st.sampled_from(Health)),
            compact(draw(st.dictionaries(texts, json_values, max_size=3))),
            tuple(draw(st.lists(st.sampled_from(group_names), unique=True))) if group_names else (),
            draw(st.none() | st.sampled_from(credential_names)) if credential_names else None,
        )
        for tag in tags
    )
    return Fleet(devices, groups, credentials)


def compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def problems_of(body: object) -> list[str]:
    with pytest.raises(InvalidFleet) as refused:
        fleet_from_json(body)
    assert "s3cr3t" not in str(refused.value)
    return [str(problem) for problem in refused.value.problems]


def with_device(**fields: object) -> dict[str, Any]:
    return {**BODY, "Devices": [{**BODY["Devices"][0], **fields}]}


def with_credentials(**fields: object) -> dict[str, Any]:
    return {**BODY, "Credentials": [{**BODY["Credentials"][0], **fields}]}


def with_first(**fields: Any) -> Fleet:
    return FLEET._replace(devices=(DEVICE._replace(**fields),))


def test_a_credential_never_shows_its_password() -> None:
    shown = f"{CREDENTIAL} {CREDENTIAL!r} {FLEET} {[CREDENTIAL]}"
    assert "s3cr3t" not in shown
    assert shown.count("name='bmc'") == 4


def test_a_fleet_as_a_body_and_back() -> None:
    check_fleet(FLEET)
    assert fleet_to_json(FLEET) == BODY
    assert fleet_from_json(BODY) == FLEET


@settings(deadline=None)
@given(fleets())
def test_every_fleet_comes_back_equal_through_json(fleet: Fleet) -> None:
    check_fleet(fleet)
    assert fleet_from_json(json.loads(json.dumps(fleet_to_json(fleet)))) == fleet


def test_groups_and_credentials_may_be_left_out() -> None:
    assert fleet_from_json({"Devices": []}) == Fleet()
    device = {**BODY["Devices"][0]}
    del device["Groups"], device["Credential"]
    assert fleet_from_json({"Devices": [device]}) == Fleet((DEVICE._replace(groups=(), credential=None),))


TYPES = "one of 1000, 2000, 3000, 4000, 5000, 7000, 8000, 9000"
HEALTHS = "one of 1000, 2000, 3000, 4000, 5000"
DEVICE_KEYS = "ServiceTag, Name, Model, Type, Address, Health, Inventory, Groups, Credential"
SOUND = "an inventory document of ordinary depth, finite numbers and Unicode text"
OWN_NAME = "a name that no other credential has"


@pytest.mark.parametrize(
    ("body", "where", "expected", "found"),
    [
        (None, "the document", "an object", "null"),
        ({}, "the document", "the key Devices", "none of that name"),
        ({**BODY, "\x1b[31m": 1}, "the document", "only the keys Devices, Groups, Credentials", r'"\x1b[31m"'),
        (with_device(Extra=1), "Devices[0]", f"only the keys {DEVICE_KEYS}", '"Extra"'),
        (with_device(Type="1000"), "Devices[0].Type", TYPES, '"1000"'),
        (with_device(Type=1001), "Devices[0].Type", TYPES, "1001"),
        (with_device(Type=1000.0), "Devices[0].Type", TYPES, "a number"),
        (with_device(Type=[]), "Devices[0].Type", TYPES, "a list"),
        (with_device(Health=True), "Devices[0].Health", HEALTHS, "true or false"),
        (with_device(Health=10**5000), "Devices[0].Health", HEALTHS, "a number"),
        (with_device(Groups="Web"), "Devices[0].Groups", "a list", "a text"),
        (with_device(Groups=["Web", {}]), "Devices[0].Groups[1]", "a text", "an object"),
        (with_device(Groups=["Web"] * 101), "Devices[0].Groups", "at most 100 items", "101"),
        (with_device(Credential=7), "Devices[0].Credential", "a text", "a number"),
        (with_device(Credential=""), "Devices[0].Credential", "the name of a credential of this fleet", '""'),
        (with_device(Name="a\ud800"), "Devices[0].Name", "a text without control characters", "U+D800 as character 2"),
        (with_device(Name="x" * 10**6), "Devices[0].Name", "at most 255 characters", "1000000"),
        (with_device(Inventory=None), "Devices[0].Inventory", "an object", "null"),
        (with_device(Inventory="{}"), "Devices[0].Inventory", "an object", "a text"),
        (with_device(Inventory={"x": float("inf")}), "Devices[0].Inventory", SOUND, "one that JSON cannot carry"),
        (with_device(Inventory={"x": "\udfff"}), "Devices[0].Inventory", SOUND, "one that JSON cannot carry"),
        ({**BODY, "Devices": [None] * 100_001}, "Devices", "at most 100000 items", "100001"),
        (with_credentials(Password=5), "Credentials[0].Password", "a text", "a number"),
        (
            {**BODY, "Credentials": BODY["Credentials"] * 2},
            "Credentials[1].Name",
            OWN_NAME,
            '"bmc", which is already at Credentials[0].Name',
        ),
    ],
)
def test_a_hostile_body_is_refused_by_name(body: object, where: str, expected: str, found: str) -> None:
    assert f"{where}: expected {expected}, found {found}." in problems_of(body)


def test_a_deep_inventory_document_is_refused() -> None:
    deep: dict[str, Any] = {}
    for _level in range(100_000):
        deep = {"x": deep}
    assert len(problems_of(with_device(Inventory=deep))) == 1


def test_a_wrong_field_is_told_once() -> None:
    device = {**BODY["Devices"][0], "Name": 5, "Type": 1}
    del device["Model"]
    places = [problem.partition(": expected ")[0] for problem in problems_of({**BODY, "Devices": [device]})]
    assert places == ["Devices[0]", "Devices[0].Name", "Devices[0].Type"]


bodies = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["Devices", "Groups", "Credentials", "Name", "Kind", "Type", "ServiceTag", "Inventory", "x"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=300, deadline=None)
@given(bodies)
def test_any_body_is_a_fleet_or_an_invalid_fleet(body: object) -> None:
    try:
        fleet = fleet_from_json(body)
    except InvalidFleet:
        event("refused")
    else:
        check_fleet(fleet)


@pytest.mark.parametrize(
    ("fleet", "problem"),
    [
        (FLEET._replace(devices=(DEVICE, DEVICE)), "Devices[1].ServiceTag: expected a service tag that no"),
        (with_first(credential="x"), "Devices[0].Credential: expected the name of a credential"),
        (with_first(inventory="[]"), "Devices[0].Inventory: expected an object, found a list."),
        (with_first(inventory="{"), "Devices[0].Inventory: expected the JSON text of an object,"),
        (with_first(inventory="{" + " " * 65535 + "}"), "Devices[0].Inventory: expected at most 65536 bytes"),
        (FLEET._replace(groups=(Group("Web"), Group("a", "", "a"))), "Groups[1].Parent: expected a group that is"),
        (FLEET._replace(groups=(Group("Web"),) * 10_001), "Groups: expected at most 10000 items, found 10001."),
        (
            FLEET._replace(credentials=(CREDENTIAL._replace(password="x" * 1025),)),
            "Credentials[0].Password: expected at most 1024 characters, found 1025.",
        ),
    ],
)
def test_a_fleet_that_breaks_a_rule_is_refused(fleet: Fleet, problem: str) -> None:
    with pytest.raises(InvalidFleet) as refused:
        check_fleet(fleet)
    assert str(refused.value).startswith(problem)


def test_a_long_line_of_parents_is_no_circle_and_closing_it_makes_one() -> None:
    line = tuple(Group(f"g{number}", "", f"g{number + 1}") for number in range(9_999))
    check_fleet(Fleet(groups=(*line, Group("g9999"))))
    with pytest.raises(InvalidFleet) as refused:
        check_fleet(Fleet(groups=(*line, Group("g9999", "", "g0"))))
    assert str(refused.value).endswith('found the circle "g0" → "g1" → "g2" → "g3" → … → "g0".')
    assert len(refused.value.problems) == 1


def test_each_circle_is_told_once() -> None:
    groups = [Group(a, "", b) for a, b in ("ab", "ba", "cd", "dc", "ea")]
    with pytest.raises(InvalidFleet) as refused:
        check_fleet(Fleet(groups=tuple(groups)))
    assert [str(p).partition(":")[0] for p in refused.value.problems] == ["Groups[0].Parent", "Groups[2].Parent"]
