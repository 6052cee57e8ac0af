"""A running console for the tests of a module, and raw connections to it."""

from collections.abc import Iterator

import pytest
from tests.console.wire import SESSIONS, Wire
from tests.running import PASSWORD, USER, RunningConsole, running_console


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningConsole]:
    with running_console(tmp_path_factory.mktemp("state") / "console") as console:
        yield console


@pytest.fixture
def wire(running: RunningConsole) -> Iterator[Wire]:
    with Wire(running) as connection:
        yield connection


@pytest.fixture
def signed_in(running: RunningConsole) -> Iterator[Wire]:
    """A connection whose requests carry a session's token: that costs less than a password."""
    with Wire(running) as connection:
        answer = connection.post(SESSIONS, {"UserName": USER, "Password": PASSWORD}, ())
    with Wire(running, f"X-Auth-Token: {answer.headers['x-auth-token']}") as connection:
        yield connection
