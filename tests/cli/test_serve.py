"""`mutua serve`, as a process: starting, stopping, starting again, and everything that keeps it from starting."""

import re
import signal
import socket
import stat
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from tests.cli.program import PASSWORD, Serving, run, secret_file, sentence, serving

from mutua.cli.main import mutua

HOST = "127.0.0.1"
INFO = "/api/ApplicationService/Info"
EXAMPLES = Path(__file__).parents[2] / "examples"


def _password_in(said: str) -> str:
    found = re.search(r"password (\S+)", said)
    assert found is not None, said
    return found[1]


def _name(console: Serving, password: str) -> str:
    with console.client(password) as client:
        answer = client.get(INFO)
        assert answer.status_code == 200
        return str(answer.json()["Name"])


def _change(console: Serving, before: str, after: str) -> None:
    with console.client(before) as client:
        assert client.get(INFO).status_code == 403
        change = {"CurrentPassword": before, "NewPassword": after}
        answer = client.post("/api/AccountService/Actions/AccountService.ChangePassword", json=change)
        assert answer.status_code == 204


def test_the_first_start_prints_a_password_to_be_changed_once_and_a_restart_keeps_everything(tmp_path: Path) -> None:
    password = PASSWORD
    with serving(tmp_path / "state", "--name", "first") as console:
        printed = _password_in(console.said)
        assert console.said.count(printed) == 1
        assert "must be changed" in console.said
        _change(console, printed, password)
        assert _name(console, password) == "first"
        certificate = console.certificate.read_bytes()
        imported = run(
            "devices", "import", EXAMPLES / "devices.csv", EXAMPLES / "devices.json",
            "--console", console.address, "--ca-file", console.certificate,
            MUTUA_PASSWORD=password,
        )  # fmt: skip
        assert imported.code == 0
        assert console.stop() == 0
    with serving(tmp_path / "state", "--name", "second") as console:
        assert "password" not in console.said
        assert _name(console, password) == "second"
        assert console.certificate.read_bytes() == certificate
        with console.client(password) as client:
            assert client.get("/api/DeviceService/Counts").json()["Devices"] == 500
        assert console.stop(signal.SIGINT) == 0


def test_the_password_of_a_file_is_used_and_never_shown(tmp_path: Path) -> None:
    file = secret_file(tmp_path)
    with serving(tmp_path / "state", "--password-file", file) as console:
        assert PASSWORD not in console.said
        assert "password (from the file)" in console.said
        assert "must be changed" not in console.said
        assert _name(console, PASSWORD)
        with console.client("wrong") as client:
            assert client.get(INFO).status_code == 401
    other = secret_file(tmp_path, "another password")
    with serving(tmp_path / "state", "--password-file", other) as console:
        assert "--password-file was not used" in console.said
        assert _name(console, PASSWORD)


@pytest.mark.parametrize(
    ("content", "problem"),
    [(b"", "is empty"), (b"\n", "is empty"), (b"\xff\xfe", "not text in UTF-8"), (b"x" * 257, "more than 256")],
)
def test_a_password_file_that_holds_none_makes_nothing(tmp_path: Path, content: bytes, problem: str) -> None:
    file = tmp_path / "password"
    file.write_bytes(content)
    ended = run("serve", "--state", tmp_path / "state", "--password-file", file)
    assert ended.code == 3
    assert problem in sentence(ended)
    assert not (tmp_path / "state").exists()


def test_a_password_file_that_is_not_there_makes_nothing(tmp_path: Path) -> None:
    ended = run("serve", "--state", tmp_path / "state", "--password-file", tmp_path / "none")
    assert ended.code == 3
    assert "No such file" in sentence(ended)
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("option", ["--port", "--peer-port"])
def test_a_port_in_use(tmp_path: Path, option: str) -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        other = "--peer-port" if option == "--port" else "--port"
        ended = run("serve", "--state", tmp_path / "state", option, str(port), other, "0")
    assert ended.code == 4
    assert sentence(ended) == f"{HOST}:{port} cannot be listened on: Address already in use."
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_that_is_not_this_machines(tmp_path: Path, host: str) -> None:
    ended = run("serve", "--state", tmp_path / "state", "--host", host, "--port", "0", "--peer-port", "0")
    assert ended.code == 4
    assert host in sentence(ended)


def test_a_state_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file")
    ended = run("serve", "--state", tmp_path / "file" / "state", "--port", "0", "--peer-port", "0")
    assert ended.code == 3
    assert "cannot be used: Not a directory." in sentence(ended)
    assert (tmp_path / "file").read_text() == "a file"


def test_a_second_process_on_the_same_folder(tmp_path: Path) -> None:
    with serving(tmp_path / "state", "--password-file", secret_file(tmp_path)) as console:
        ended = run("serve", "--state", tmp_path / "state", "--port", "0", "--peer-port", "0")
        assert ended.code == 3
        assert "another console is running" in sentence(ended)
        assert _name(console, PASSWORD)


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--state"],
        ["--state", "s", "--port", "70000"],
        ["--state", "s", "--port", "http"],
        ["--state", "s", "--host", "bad host"],
        ["--state", "s", "--host", "*"],
        ["--state", "s", "--advertise", "a" * 65],
        ["--state", "s", "--advertise", "*.example.net"],
        ["--state", "s", "--name", ""],
        ["--state", "s", "--name", "two\nlines"],
        ["--state", "s", "--name", "x" * 65],
        ["--state", "s", "--nothing"],
        ["--state", "s", "extra"],
    ],
)
def test_a_wrong_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str]) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(mutua, ["serve", *options])
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr
    assert list(tmp_path.iterdir()) == []


def test_only_the_owner_can_read_the_state(tmp_path: Path) -> None:
    with serving(tmp_path / "state", "--password-file", secret_file(tmp_path)) as console:
        with console.client() as client:
            client.post("/api/ApplicationService/Actions/ApplicationService.UploadCertChain", content=b"x")
        assert stat.S_IMODE(console.state.stat().st_mode) == 0o700
        modes = {
            file.relative_to(console.state).as_posix(): stat.S_IMODE(file.stat().st_mode)
            for file in console.state.rglob("*")
            if file.is_file()
        }
    assert {"console.db", "sealing.key", "lock", "certificate.pem", "logs/tomcat/application.log"} <= set(modes)
    readable = {"logs/tomcat/application.log", "logs/tomcat/.application.log.lock"}
    assert {name: oct(mode) for name, mode in modes.items() if mode & 0o077 and name not in readable} == {}
    assert not any(mode & 0o007 for mode in modes.values())


def test_scanners_and_broken_clients_do_not_fill_the_output(tmp_path: Path) -> None:
    with serving(tmp_path / "state", "--password-file", secret_file(tmp_path)) as console:
        before = console.said
        host, _colon, port = console.address.rpartition(":")
        for noise in (b"GET / HTTP/1.0\r\n\r\n", b"\x16\x03\x01 noise", b""):
            with socket.create_connection((host, int(port)), timeout=10) as connection:
                connection.sendall(noise)
        with console.client() as client:
            upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
            assert client.get(INFO, headers=upgrade).status_code == 200
            assert client.get("/api/Nothing").status_code == 404
        assert console.stop() == 0
        assert console.said == before


def test_a_request_under_way_is_finished_when_it_is_stopped(tmp_path: Path) -> None:
    with serving(tmp_path / "state", "--password-file", secret_file(tmp_path)) as console, console.client() as client:
        assert client.get(INFO).status_code == 200
        console.process.send_signal(signal.SIGTERM)
        with suppress(httpx.TransportError):  # The connection may have been idle when the signal came.
            assert client.get(INFO).status_code == 200
        assert console.process.wait(30) == 0


def test_no_secret_is_ever_written_where_it_can_be_read(tmp_path: Path) -> None:
    """Planted passwords, tokens and keys, in requests that succeed and in every kind that fails."""
    sent = f"planted-{PASSWORD.replace(' ', '-')}"
    fleet = {
        "Devices": [],
        "Groups": [],
        "Credentials": [{"Name": "c", "Kind": "redfish", "UserName": "u", "Password": "planted-device-password"}] * 2,
    }
    key = "-----BEGIN PRIVATE KEY-----\nplanted+key\n-----END PRIVATE KEY-----\n"
    with serving(tmp_path / "state", "--password-file", secret_file(tmp_path)) as console, console.client() as client:
        actions = "/api/ApplicationService/Actions/ApplicationService"
        session = client.post("/api/SessionService/Sessions", json={"UserName": "admin", "Password": PASSWORD})
        token = session.headers["X-Auth-Token"]
        answers = [
            client.post("/api/SessionService/Sessions", json={"UserName": "admin", "Password": sent}),
            client.post("/api/SessionService/Sessions", json={"UserName": sent, "Password": [sent]}),
            client.post("/api/SessionService/Sessions", content=sent, headers={"Content-Type": "application/json"}),
            client.get(INFO, headers={"X-Auth-Token": sent}),
            client.get(INFO, headers={"X-Auth-Token": token}),
            client.get(f"/api/DeviceService/Devices?$top={sent}"),
            client.post("/api/DeviceService/Actions/DeviceService.ImportDevices", json=fleet),
            client.post(f"{actions}.UploadCertChain", content=key),
            client.post(f"{actions}.UploadCertificate", content=key),
            client.post(f"{actions}.CheckCertChain", content=key),
            client.post(
                "/api/MigrationService/Actions/MigrationService.VerifyConnection",
                json={"Address": console.address, "UserName": "admin", "Password": sent, "LocalRole": "source"},
            ),
        ]
        arguments = Path(f"/proc/{console.process.pid}/cmdline").read_bytes().decode()
        shown = Path(f"/proc/{console.process.pid}/environ").read_bytes().decode()
        logs = [file.read_text() for file in (console.state / "logs").rglob("*") if file.is_file()]
        written = "\n".join([console.said, arguments, shown, *logs, *(answer.text for answer in answers)])
    for planted in (PASSWORD, sent, "planted", token):
        assert planted not in written
    assert answers[0].status_code == 401
    assert answers[6].status_code == 400
