"""R19: with the address and a local administrator of both, the consoles authenticate each other."""

import socket

import pytest
from tests.requirements.administrator import MIGRATION, Administrator
from tests.running import HOST, PASSWORD, USER

Pair = tuple[Administrator, Administrator]


@pytest.mark.parametrize("role", ["source", "target"])
def test_R19_both_sides_are_authenticated_from_either_side(shared_pair: Pair, role: str) -> None:
    here, there = shared_pair if role == "source" else reversed(shared_pair)
    answer = here.verify(there.running, role)
    assert answer.status_code == 200
    verified = answer.json()
    assert verified["Passed"] is True
    assert (verified["SourceMeetsTarget"], verified["TargetMeetsSource"]) == (True, True)
    assert verified["Causes"] == []
    assert abs(verified["ClockSkewSeconds"]) < 60


@pytest.mark.parametrize(("user", "password"), [(USER, "wrong"), ("nobody", PASSWORD), ("", "")])
def test_R19_without_a_local_administrator_of_the_other_it_fails(shared_pair: Pair, user: str, password: str) -> None:
    source, target = shared_pair
    body = {"Address": target.running.address, "UserName": user, "Password": password, "LocalRole": "source"}
    answer = source.client.post(f"{MIGRATION}.VerifyConnection", json=body)
    assert answer.status_code == 400
    (cause,) = answer.json()["Verification"]["Causes"]
    assert (cause["Side"], cause["Rule"]) == ("target", "pair.not-signed-in")


def test_R19_without_a_local_administrator_of_this_one_it_fails(shared_pair: Pair) -> None:
    source, target = shared_pair
    with source.running.client(auth=(USER, "wrong")) as client:
        body = {"Address": target.running.address, "UserName": USER, "Password": PASSWORD, "LocalRole": "source"}
        assert client.post(f"{MIGRATION}.VerifyConnection", json=body).status_code == 401


def test_R19_where_nobody_listens_it_fails(shared: Administrator) -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
    body = {"Address": f"{HOST}:{port}", "UserName": USER, "Password": PASSWORD, "LocalRole": "target"}
    answer = shared.client.post(f"{MIGRATION}.VerifyConnection", json=body)
    assert answer.status_code == 400
    cause, *own = answer.json()["Verification"]["Causes"]
    assert [(each["Side"], each["Rule"]) for each in own] == [("target", "pair.no-chain")]
    assert (cause["Side"], cause["Rule"]) == ("source", "pair.unreachable")


def test_R19_the_password_is_sent_to_nobody_whose_certificate_is_not_trusted(
    shared_pair: Pair, shared: Administrator
) -> None:
    sessions = shared.running.console.accounts.sessions()
    answer = shared_pair[0].verify(shared.running)
    assert answer.status_code == 400
    (cause,) = answer.json()["Verification"]["Causes"]
    assert cause["Rule"] == "pair.unreachable"
    assert shared.running.console.accounts.sessions() == sessions
