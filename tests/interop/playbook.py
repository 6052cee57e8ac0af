"""The real, unmodified modules of a client that administrators already have, each run in a process of its own."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.running import HOST, PASSWORD, USER, RunningConsole

ENVIRONMENT = "MUTUA_INTEROP_VENV"
"""Names the virtual environment that the modules are in: `make interop` sets it."""
COLLECTION = "dellemc.openmanage"
_REFUSALS = ("error_info", "user_status", "job_info")
"""Where modules put the console's refusal."""
_TIMEOUT_S = 240
"""Of one playbook; a module takes a second or two."""


class Task(NamedTuple):
    """One call of a module. Options of its own go before those that every call needs; None takes one of these away."""

    name: str
    module: str
    options: Mapping[str, object] = {}
    register: str = ""
    """The name by which later tasks of the playbook find the outcome."""


class Outcome(NamedTuple):
    """What a module said."""

    values: Mapping[str, Any]

    @property
    def failed(self) -> bool:
        """Whether the module says that it failed."""
        return bool(self.values.get("failed"))

    @property
    def unreachable(self) -> bool:
        """Whether the module could not talk to the console, which includes TLS."""
        return bool(self.values.get("unreachable"))

    @property
    def succeeded(self) -> bool:
        """Whether the module did what it was asked to."""
        return not (self.failed or self.unreachable or self.values.get("skipped"))

    @property
    def changed(self) -> bool:
        """Whether the module says that it changed something."""
        return bool(self.values["changed"])

    @property
    def said(self) -> str:
        """The message."""
        return str(self.values.get("msg", ""))

    @property
    def refusal(self) -> Mapping[str, Any]:
        """What the console answered: each module passes it on in a place of its own."""
        (body,) = (self.values[place] for place in _REFUSALS if place in self.values)
        refusal: Mapping[str, Any] = body["error"]["@Message.ExtendedInfo"][0]
        return refusal


class Playbooks:
    """Runs modules against a console, verifying it by a file of trusted roots."""

    def __init__(self, running: RunningConsole, trusted: Path, folder: Path) -> None:
        self._running = running
        self._folder = folder
        self._programs = _programs()
        self._configuration = folder / "ansible.cfg"
        self._configuration.touch()
        self._options = {
            "hostname": HOST,
            "port": running.console.addresses.port,
            "username": USER,
            "password": PASSWORD,
            "ca_path": str(trusted),
        }

    def run(self, *tasks: Task) -> Mapping[str, Outcome]:
        """The outcome of every task by its name, in one playbook: the failure of one keeps no other from running."""
        play = {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "ignore_errors": True,
            "ignore_unreachable": True,
            "tasks": [self._told(task) for task in tasks],
        }
        playbook = self._folder / "playbook.json"
        playbook.write_text(json.dumps([play]))
        told = json.loads(self._output("ansible-playbook", str(playbook)))
        done = told["plays"][0]["tasks"]
        assert [task["task"]["name"] for task in done] == [task.name for task in tasks]
        return {task["task"]["name"]: Outcome(task["hosts"]["localhost"]) for task in done}

    def inventory(self, group: str, **altered: object) -> subprocess.CompletedProcess[str]:
        """The hosts that the inventory plugin finds in a group."""
        source = self._folder / "inventory.ome.yml"
        own = {"plugin": f"{COLLECTION}.ome_inventory", "validate_certs": True, "ome_group_name": group}
        source.write_text(json.dumps(self._options | own | altered))
        return self._process("ansible-inventory", "-i", str(source), "--list")

    def _told(self, task: Task) -> dict[str, object]:
        options = {name: value for name, value in (self._options | dict(task.options)).items() if value is not None}
        told: dict[str, object] = {"name": task.name, f"{COLLECTION}.{task.module}": options}
        return told | ({"register": task.register} if task.register else {})

    def _output(self, program: str, *arguments: str) -> str:
        done = self._process(program, *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def _process(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self._programs / program, *arguments],
            env=self._environment(),
            cwd=self._folder,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )

    def _environment(self) -> dict[str, str]:
        """Nothing of the machine's own configuration, and nothing written outside the folder."""
        return {
            "PATH": f"{self._programs}:{os.environ['PATH']}",
            "HOME": str(self._folder),
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_CONFIG": str(self._configuration),
            "ANSIBLE_HOME": str(self._folder / "ansible"),
            "ANSIBLE_LOCALHOST_WARNING": "False",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "False",
            "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "True",
            "ANSIBLE_PIPELINING": "True",
            "ANSIBLE_PYTHON_INTERPRETER": str(self._programs / "python"),
            "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
        }


def _programs() -> Path:
    """Where the client's programs are. Skips the test where nobody asks for it, fails it where it cannot run."""
    named = os.environ.get(ENVIRONMENT)
    if not named:
        pytest.skip(f"{ENVIRONMENT} names no virtual environment; run: make interop")
    programs = Path(named).absolute() / "bin"
    if not (programs / "ansible-playbook").exists():
        pytest.fail(f"ansible-playbook is not in {programs}; run: make interop")
    return programs


def texts(values: Sequence[Mapping[str, Any]], key: str) -> list[str]:
    """One property of each row."""
    return [str(value[key]) for value in values]
