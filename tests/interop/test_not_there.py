"""What the console does not have it says so, in a form that the modules pass on, and pretends nothing."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.interop.playbook import Outcome, Playbooks, Task
from tests.running import RunningConsole
from tests.web.consoles import add_fleet, fleet

PAGE = Path(__file__).parents[2] / "docs/interop.md"
_LOG = {
    "log_type": "supportassist_collection",
    "device_service_tags": ["TAG0"],
    "share_type": "NFS",
    "share_address": "192.0.2.1",
    "share_name": "logs",
}
TASKS = (
    Task("jobs", "ome_job_info"),
    Task("policies", "ome_alert_policies_info"),
    Task("time", "ome_application_network_time", {"enable_ntp": False, "time_zone": "TZ_ID_1"}),
    Task("preferences", "ome_application_console_preferences", {"metrics_collection_settings": 100}),
    Task("security", "ome_application_security_settings", {"login_lockout_policy": {"by_user_name": True}}),
    Task("mail", "ome_application_alerts_smtp", {"destination_address": "192.0.2.1", "enable_authentication": False}),
    Task("syslog", "ome_application_alerts_syslog", {"syslog_servers": [{"id": 1, "enabled": False}]}),
    Task("discovery", "ome_discovery", {"state": "absent", "discovery_job_name": "Lab"}),
    Task("log", "ome_diagnostics", _LOG),
    Task("action", "ome_devices", {"device_service_tags": ["TAG0"], "device_action": "refresh_inventory"}),
)


@pytest.fixture(scope="module")
def outcomes(playbooks: Playbooks, running: RunningConsole) -> Mapping[str, Outcome]:
    add_fleet(running.console, fleet(1))
    return playbooks.run(*TASKS)


@pytest.mark.parametrize("name", [task.name for task in TASKS])
def test_it_is_not_found_and_nothing_is_changed(outcomes: Mapping[str, Outcome], name: str) -> None:
    refused = outcomes[name]
    assert refused.failed
    assert not refused.changed
    assert "HTTP Error 404" in refused.said
    assert refused.refusal["MessageId"] == "CGEN1006"


def test_the_page_names_what_is_not_there() -> None:
    listed = PAGE.read_text().partition("## Not there yet")[2]
    assert {*re.findall(r"`(ome_[a-z_]+)`", listed)} == {task.module for task in TASKS}
