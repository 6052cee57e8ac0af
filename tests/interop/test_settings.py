"""The console's settings, as playbooks change them."""

from collections.abc import Mapping

import pytest
from tests.interop.playbook import Outcome, Playbooks, Task
from tests.running import RunningConsole

_WEB_SERVER = "ome_application_network_webserver"


@pytest.fixture(scope="module")
def outcomes(playbooks: Playbooks) -> Mapping[str, Outcome]:
    return playbooks.run(
        Task("end unused sessions sooner", _WEB_SERVER, {"webserver_timeout": 20}),
        Task("end them so again", _WEB_SERVER, {"webserver_timeout": 20}),
        Task("never end them", _WEB_SERVER, {"webserver_timeout": 0}),
        Task("change the port", _WEB_SERVER, {"webserver_port": 1}),
    )


def test_unused_sessions_end_sooner(outcomes: Mapping[str, Outcome], running: RunningConsole) -> None:
    changed = outcomes["end unused sessions sooner"]
    assert changed.said == "Successfully updated network web server configuration."
    assert changed.values["webserver_configuration"]["TimeOut"] == 20
    again = outcomes["end them so again"]
    assert (again.succeeded, again.changed) == (True, False)
    assert running.console.accounts.idle_timeout().total_seconds() == 20 * 60


@pytest.mark.parametrize(
    ("name", "about", "why"),
    [("never end them", "TimeOut", "1 to 1440 minutes"), ("change the port", "PortNumber", "another --port")],
)
def test_what_cannot_be_set_is_refused(outcomes: Mapping[str, Outcome], name: str, about: str, why: str) -> None:
    refused = outcomes[name]
    assert refused.failed
    assert "HTTP Error 400" in refused.said
    assert refused.refusal["MessageArgs"][0] == about
    assert why in refused.refusal["MessageArgs"][1]
