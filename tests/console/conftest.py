"""A running console for the tests of a module, and raw connections to it."""

from collections.abc import Iterator

import pytest
from sqlalchemy import delete
from tests.console.wire import SESSIONS, Wire
from tests.running import PASSWORD, USER, RunningConsole, running_console

from mutua.storage.tables import sign_in_failures


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningConsole]:
    with running_console(tmp_path_factory.mktemp("state") / "console") as console:
        yield console


@pytest.fixture(autouse=True)
def nobody_has_to_wait(request: pytest.FixtureRequest) -> Iterator[None]:
    """One test's failed sign-ins keep no other test out."""
    running = request.getfixturevalue("running") if "running" in request.fixturenames else None
    yield
    if running is not None:
        forget_failures(running)


def forget_failures(running: RunningConsole) -> None:
    """As after an hour without any."""
    with running.console.database.writing() as connection:
        connection.execute(delete(sign_in_failures))


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
