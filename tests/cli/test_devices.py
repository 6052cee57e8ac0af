"""`mutua devices`, as a process, against a running console."""

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.cli.program import Ended, run, secret_file, sentence
from tests.running import HOST, PASSWORD, USER, RunningConsole, running_console

from mutua.cli.main import mutua

EXAMPLES = Path(__file__).parents[2] / "examples"
CSV, JSON = EXAMPLES / "devices.csv", EXAMPLES / "devices.json"
HEADER = "service_tag,name,model,type,address,health,groups,credential\n"
NOTHING = '{"credentials": [], "groups": [], "inventory": {}}'
DEVICE = "TAG0001,srv-001,PowerEdge R650,server,192.0.2.1,normal,,\n"
INVENTORY = '{"credentials": [], "groups": [], "inventory": {"TAG0001": {}}}'


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningConsole]:
    """A console that no test changes."""
    with running_console(tmp_path_factory.mktemp("state") / "console") as console:
        yield console


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningConsole]:
    with running_console(tmp_path / "console") as console:
        yield console


def _at(console: RunningConsole) -> list[str | Path]:
    return ["--console", console.address, "--user", USER, "--ca-file", console.console.state.certificate]


def _devices(console: RunningConsole, *arguments: str | Path) -> Ended:
    return run("devices", *arguments, *_at(console), MUTUA_PASSWORD=PASSWORD)


def _counts(console: RunningConsole) -> dict[str, int]:
    with console.client() as client:
        counts: dict[str, int] = client.get("/api/DeviceService/Counts").json()
        return counts


def _files(folder: Path, csv: str, document: str) -> tuple[Path, Path]:
    (folder / "devices.csv").write_text(csv)
    (folder / "devices.json").write_text(document)
    return folder / "devices.csv", folder / "devices.json"


def test_import_and_list(running: RunningConsole, tmp_path: Path) -> None:
    password = secret_file(tmp_path, PASSWORD)
    imported = run("devices", "import", CSV, JSON, *_at(running), "--password-file", password)
    assert (imported.code, imported.err) == (0, "")
    assert imported.out == "Imported: 500 devices, 15 groups, 14 credentials.\n"
    assert _counts(running) == {"Devices": 500, "Groups": 15, "Credentials": 14, "QuiescedDevices": 0}

    listed = _devices(running, "list", "--top", "3", "--skip", "1")
    lines = listed.out.splitlines()
    assert (listed.code, listed.err) == (0, "3 of 500 devices.\n")
    assert len(lines) == 3
    assert all(line.endswith(" managed") and len(line) <= 80 for line in lines)

    page = json.loads(_devices(running, "list", "--top", "3", "--skip", "1", "--format", "json").out)
    assert page["@odata.count"] == 500
    assert [device["DeviceServiceTag"] for device in page["value"]] == [line.split()[0] for line in lines]


def test_an_empty_console_lists_nothing(shared: RunningConsole) -> None:
    listed = _devices(shared, "list")
    assert listed == Ended(0, "", "0 of 0 devices.\n")


def test_bad_files_are_told_with_every_problem_and_its_line_and_nothing_is_sent(
    shared: RunningConsole, tmp_path: Path
) -> None:
    csv = (
        HEADER
        + "TAG0001,srv-001,R650,server,192.0.2.1,normal,,\n"
        + "TAG0002,srv-002,R650,toaster,192.0.2.2,normal,,\n"
        + "TAG0003,srv-003,R650,server,not an address,normal,,\n"
        + "TAG0004,srv-004\n"
        + "TAG0005,srv-005,R650,server,192.0.2.5,normal,nowhere,nobody\n"
    )
    inventory: dict[str, object] = {f"TAG000{number}": {} for number in range(1, 6)}
    document = json.dumps({"credentials": [], "groups": [], "inventory": inventory})
    ended = _devices(shared, "import", *_files(tmp_path, csv, document))
    assert (ended.code, ended.out) == (3, "")
    for place in ("line 3, type", "line 4, address", "line 5", "line 6, groups", "line 6, credential"):
        assert f"devices.csv, {place}" in ended.err, ended.err
    assert "line 2" not in ended.err
    assert _counts(shared)["Devices"] == 0


@pytest.mark.parametrize(
    ("csv", "document", "problem"),
    [
        ("", NOTHING, "devices.csv"),
        ("\x00\x01", NOTHING, "devices.csv"),
        (HEADER, "", "devices.json, line 1"),
        (HEADER, "{", "devices.json, line 1"),
        (HEADER, "[]", "devices.json"),
        (HEADER + DEVICE, NOTHING, "devices.csv, line 2"),
        (HEADER + DEVICE + DEVICE, INVENTORY, "TAG0001"),
    ],
)
def test_files_that_hold_no_devices(
    shared: RunningConsole, tmp_path: Path, csv: str, document: str, problem: str
) -> None:
    ended = _devices(shared, "import", *_files(tmp_path, csv, document))
    assert ended.code == 3
    assert ended.err.startswith("mutua: error: the devices cannot be imported:\n")
    assert problem in ended.err


def test_a_file_that_is_not_there(shared: RunningConsole, tmp_path: Path) -> None:
    ended = _devices(shared, "import", tmp_path / "none.csv", JSON)
    assert ended.code == 3
    assert "none.csv cannot be read: No such file or directory." in ended.err


def test_devices_that_are_there_already_change_nothing(running: RunningConsole, tmp_path: Path) -> None:
    one, _document = _files(tmp_path, HEADER + DEVICE, INVENTORY)
    assert _devices(running, "import", one, _document).code == 0
    more = HEADER + "TAG0002,srv-002,R650,server,192.0.2.2,normal,,\n" + DEVICE
    both = '{"credentials": [], "groups": [], "inventory": {"TAG0001": {}, "TAG0002": {}}}'
    ended = _devices(running, "import", *_files(tmp_path, more, both))
    assert (ended.code, ended.out) == (1, "")
    assert "TAG0001 is already here" in ended.err
    assert "TAG0002" not in ended.err
    assert _counts(running)["Devices"] == 1


class TestReachingAConsole:
    """Whatever keeps the command line from a console, in one sentence."""

    def test_a_wrong_password(self, shared: RunningConsole) -> None:
        ended = run("devices", "list", *_at(shared), MUTUA_PASSWORD="wrong")
        assert ended.code == 4
        assert sentence(ended) == f"{shared.address} does not accept this user and password."

    def test_an_unknown_user(self, shared: RunningConsole) -> None:
        ended = run("devices", "list", *_at(shared), "--user", "nobody", MUTUA_PASSWORD=PASSWORD)
        assert ended.code == 4
        assert sentence(ended) == f"{shared.address} does not accept this user and password."

    def test_no_password_and_no_terminal(self, shared: RunningConsole) -> None:
        ended = run("devices", "list", *_at(shared))
        assert ended.code == 2
        assert "MUTUA_PASSWORD" in ended.err
        assert sentence(ended)

    def test_nobody_listens(self, shared: RunningConsole) -> None:
        with socket.create_server((HOST, 0)) as taken:
            address = f"{HOST}:{taken.getsockname()[1]}"
        ended = run("devices", "list", *_at(shared), "--console", address, MUTUA_PASSWORD=PASSWORD)
        assert ended.code == 4
        assert sentence(ended) == f"{address} was not reached: nothing listens on that address and port."

    def test_a_host_that_nobody_knows(self, shared: RunningConsole) -> None:
        address = "no-such-host.invalid:8443"
        ended = run("devices", "list", *_at(shared), "--console", address, MUTUA_PASSWORD=PASSWORD)
        assert ended.code == 4
        assert sentence(ended).startswith(f"{address} was not reached: ")

    def test_something_that_speaks_no_tls(self, shared: RunningConsole) -> None:
        with socket.create_server((HOST, 0)) as listener:
            address = f"{HOST}:{listener.getsockname()[1]}"

            def answer() -> None:
                connection, _address = listener.accept()
                with connection:
                    connection.recv(1024)
                    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

            plain = threading.Thread(target=answer)
            plain.start()
            ended = run("devices", "list", *_at(shared), "--console", address, MUTUA_PASSWORD=PASSWORD)
            plain.join()
        assert ended.code == 4
        assert "the TLS handshake failed" in sentence(ended)

    def test_a_certificate_that_is_not_trusted(self, shared: RunningConsole, running: RunningConsole) -> None:
        other = running.console.state.certificate
        ended = run("devices", "list", *_at(shared), "--ca-file", other, MUTUA_PASSWORD=PASSWORD)
        assert ended.code == 4
        assert "its certificate was not accepted: self-signed certificate" in sentence(ended)

    def test_without_a_ca_file_the_systems_authorities_count(self, shared: RunningConsole) -> None:
        ended = run("devices", "list", "--console", shared.address, MUTUA_PASSWORD=PASSWORD)
        assert ended.code == 4
        assert "its certificate was not accepted" in sentence(ended)

    def test_insecure_works_and_says_so_aloud(self, shared: RunningConsole) -> None:
        ended = run("devices", "list", "--console", shared.address, "--insecure", MUTUA_PASSWORD=PASSWORD)
        assert ended.code == 0
        warning, listed = ended.err.splitlines()
        assert warning == "Warning: certificates are NOT verified. Anybody in between can read the passwords."
        assert listed == "0 of 0 devices."

    def test_https_in_front_of_the_address_is_fine(self, shared: RunningConsole) -> None:
        address = f"https://{shared.address}/"
        assert run("devices", "list", *_at(shared), "--console", address, MUTUA_PASSWORD=PASSWORD).code == 0

    @pytest.mark.parametrize(
        ("content", "problem"),
        [
            (None, "cannot be read: No such file or directory."),
            (b"", "holds no certificate that could be trusted."),
            (b"\xff\xfe\x00 noise", "holds no certificate that could be trusted."),
            (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "holds no certificate"),
        ],
    )
    def test_a_ca_file_without_certificates(
        self, shared: RunningConsole, tmp_path: Path, content: bytes | None, problem: str
    ) -> None:
        file = tmp_path / "ca.pem"
        if content is not None:
            file.write_bytes(content)
        ended = run("devices", "list", "--console", shared.address, "--ca-file", file, MUTUA_PASSWORD=PASSWORD)
        assert ended.code == 3
        assert problem in sentence(ended)

    def test_a_certificate_in_der_can_be_trusted_too(self, shared: RunningConsole, tmp_path: Path) -> None:
        file = tmp_path / "ca.cer"
        file.write_bytes(shared.console.identity.leaf.der)
        assert run("devices", "list", *_at(shared), "--ca-file", file, MUTUA_PASSWORD=PASSWORD).code == 0

    @pytest.mark.parametrize(
        "address",
        ["localhost", "localhost:", ":8443", "localhost:0", "localhost:99999", "localhost:²", "a b:1", "::1:1"],
    )
    def test_what_is_no_address(self, address: str) -> None:
        result = CliRunner().invoke(mutua, ["devices", "list", "--console", address])
        assert result.exit_code == 2
        assert "expected host:port" in result.stderr
