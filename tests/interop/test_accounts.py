"""Sessions and users, as playbooks manage them."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from sqlalchemy import delete
from tests.interop.playbook import Outcome, Playbooks, Task
from tests.requirements.administrator import Authorities
from tests.running import HOST, RunningConsole

from mutua.authority.issue import chain
from mutua.storage.tables import sign_in_failures

_NEW = {"UserName": "operator", "Password": "a new password of theirs", "RoleId": "101", "Enabled": True}
_TOKEN = {"username": None, "password": None, "x_auth_token": "{{ session.x_auth_token }}"}


@pytest.fixture(scope="module")
def outcomes(
    playbooks: Playbooks, running: RunningConsole, folder: Path, authorities: Authorities
) -> Mapping[str, Outcome]:
    stranger = folder / "stranger.pem"
    stranger.write_bytes(chain(authorities.stranger))
    ended = _TOKEN | {"state": "absent", "session_id": "{{ session.session_data.Id }}"}
    outcomes = playbooks.run(
        Task("sign in", "ome_session", {"state": "present"}, register="session"),
        Task("list users by token", "ome_user_info", _TOKEN),
        Task("end an unknown session", "ome_session", ended | {"session_id": "none-such"}),
        Task("sign out", "ome_session", ended),
        Task("list users by a token that has ended", "ome_user_info", _TOKEN),
        Task("trust another root", "ome_user_info", {"ca_path": str(stranger)}),
        Task("create a user", "ome_user", {"attributes": _NEW}),
        Task("find the user", "ome_user_info", {"system_query_options": {"filter": "UserName eq 'operator'"}}),
        Task("change the user", "ome_user", {"attributes": {"UserName": "operator", "RoleId": "16", "Enabled": True}}),
        Task("give a role that is none", "ome_user", {"attributes": {"UserName": "operator", "RoleId": "17"}}),
        Task("delete the user", "ome_user", {"state": "absent", "name": "operator"}),
        Task("delete the user again", "ome_user", {"state": "absent", "name": "operator"}),
        Task("look for the user", "ome_user_info", {"system_query_options": {"filter": "UserName eq 'operator'"}}),
        Task("filter by a field that is none", "ome_user_info", {"system_query_options": {"filter": "Shoe eq 1"}}),
        Task("sign in with a wrong password", "ome_session", {"state": "present", "password": "a wrong one"}),
    )
    with running.console.database.writing() as connection:
        connection.execute(delete(sign_in_failures))
    return outcomes


def test_a_session_begins_serves_and_ends(outcomes: Mapping[str, Outcome]) -> None:
    assert outcomes["sign in"].said == "The session has been created successfully."
    assert outcomes["sign in"].values["session_data"]["UserName"] == "admin"
    users = outcomes["list users by token"].values["user_info"][HOST]["value"]
    assert [user["UserName"] for user in users] == ["admin"]
    assert outcomes["sign out"].said == "The session has been deleted successfully."


def test_a_session_that_ended_or_never_was_is_none(outcomes: Mapping[str, Outcome]) -> None:
    ended = outcomes["list users by a token that has ended"]
    assert ended.failed
    assert "CGEN1001" in ended.said
    unknown = outcomes["end an unknown session"]
    assert (unknown.succeeded, unknown.changed) == (True, False)
    assert unknown.said == "No changes found to be applied."


def test_a_wrong_password_is_refused(outcomes: Mapping[str, Outcome]) -> None:
    refused = outcomes["sign in with a wrong password"]
    assert refused.failed
    assert "HTTP Error 401" in refused.said


def test_a_console_of_an_unknown_root_is_not_talked_to(outcomes: Mapping[str, Outcome]) -> None:
    stranger = outcomes["trust another root"]
    assert stranger.unreachable
    assert "CERTIFICATE_VERIFY_FAILED" in stranger.said


def test_a_user_comes_changes_and_goes(outcomes: Mapping[str, Outcome]) -> None:
    assert outcomes["create a user"].said == "Successfully created a User"
    assert outcomes["create a user"].values["user_status"]["RoleId"] == "101"
    (found,) = outcomes["find the user"].values["user_info"][HOST]["value"]
    assert (found["UserName"], found["RoleId"]) == ("operator", "101")
    assert outcomes["change the user"].said == "Successfully modified a User"
    assert outcomes["change the user"].values["user_status"]["RoleId"] == "16"
    assert outcomes["delete the user"].said == "Successfully deleted the User"
    assert outcomes["look for the user"].failed
    assert outcomes["look for the user"].said == "Unable to retrieve the account details."


def test_a_user_is_not_given_a_role_that_is_none(outcomes: Mapping[str, Outcome]) -> None:
    refused = outcomes["give a role that is none"]
    assert refused.failed
    assert refused.refusal["MessageId"] == "CGEN1004"
    assert refused.refusal["MessageArgs"][0] == "RoleId"


def test_a_user_who_is_gone_cannot_be_deleted(outcomes: Mapping[str, Outcome]) -> None:
    refused = outcomes["delete the user again"]
    assert refused.failed
    assert "the specified account does not exist" in refused.said


def test_a_filter_that_cannot_be_read_is_refused_by_name(outcomes: Mapping[str, Outcome]) -> None:
    refused = outcomes["filter by a field that is none"]
    assert refused.failed
    assert "CGEN1002" in refused.said
    assert "Shoe" in refused.said
