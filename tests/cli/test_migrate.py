"""`mutua migrate`, as a process, between two running consoles."""

import os
import pty
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from tests.cli.program import PROGRAM, Ended, environment, run, sentence
from tests.running import PASSWORD, RunningConsole, running_console

from mutua.authority import ca
from mutua.authority.folder import read_key
from mutua.authority.issue import Issued, Template, chain, issue
from mutua.authority.keys import KeyType
from mutua.peering import peers

EXAMPLES = Path(__file__).parents[2] / "examples"
SECRETS = {"MUTUA_SOURCE_PASSWORD": PASSWORD, "MUTUA_TARGET_PASSWORD": PASSWORD, "MUTUA_PASSWORD": PASSWORD}
ALL = {"Devices": 500, "Groups": 15, "Credentials": 14, "QuiescedDevices": 0}
NONE = dict.fromkeys(ALL, 0)


class Pair:
    """Two consoles certified by one private CA, and who speaks to both on the command line."""

    def __init__(self, source: RunningConsole, target: RunningConsole, authority: ca.Authority, root: Path) -> None:
        self.source = source
        self.target = target
        self.authority = authority
        self.root = root

    @property
    def both(self) -> list[str | Path]:
        """The options that name both."""
        return ["--source", self.source.address, "--target", self.target.address, "--ca-file", self.root]

    def migrate(self, verb: str, *arguments: str | Path) -> Ended:
        """Run a verb with both."""
        return run("migrate", verb, *self.both, *arguments, **SECRETS)

    def at(self, console: RunningConsole, verb: str, *arguments: str) -> Ended:
        """Run a verb with one."""
        return run("migrate", verb, *arguments, "--console", console.address, "--ca-file", self.root, **SECRETS)


def certify(console: RunningConsole, authority: ca.Authority, intermediate: Issued | None = None) -> None:
    """Have a chain by the authority, or by another intermediate of its root, installed."""
    with console.remote() as remote:
        path = "/ApplicationService/Actions/ApplicationService"
        name = console.console.name
        answer = remote.post(f"{path}.GenerateCSR", {"DistinguishedName": name, "San": "127.0.0.1"})
        request = x509.load_pem_x509_csr(str(answer["CertificateData"]).encode())
        signer = ca.Authority(authority.root, intermediate) if intermediate else authority
        remote.upload("UploadCertChain", signer.sign(request).chain_pem)


def counts(console: RunningConsole) -> dict[str, int]:
    with console.remote() as remote:
        return remote.get("/DeviceService/Counts")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[ca.Authority, Path, Issued]:
    """An authority, the file of its root, and a second intermediate below it."""
    folder = tmp_path_factory.mktemp("authority") / "lab"
    created = ca.create(folder, name="Lab", key_type=KeyType.EC_P256)
    root = Issued(created.root, read_key(folder / ca.ROOT_KEY, None))
    other = issue(Template(common_name="Lab Other CA", is_ca=True), issuer=root)
    return created, folder / ca.ROOT_CERTIFICATE, other


@pytest.fixture
def pair(tmp_path: Path, authority: tuple[ca.Authority, Path, Issued]) -> Iterator[Pair]:
    created, root, _other = authority
    with running_console(tmp_path / "s", "source") as source, running_console(tmp_path / "t", "target") as target:
        for console in (source, target):
            certify(console, created)
        yield Pair(source, target, created, root)


@pytest.fixture
def filled(pair: Pair) -> Pair:
    """With the example devices on the source."""
    imported = run(
        "devices", "import", EXAMPLES / "devices.csv", EXAMPLES / "devices.json",
        "--console", pair.source.address, "--ca-file", pair.root, **SECRETS,
    )  # fmt: skip
    assert imported.code == 0, imported.err
    return pair


def test_from_verifying_to_done(filled: Pair) -> None:
    verified = filled.migrate("verify")
    assert (verified.code, verified.err) == (0, "")
    lines = verified.out.splitlines()
    assert lines[0].split() == ["SOURCE", "TARGET"]
    first = lines[2].split()
    assert first[:2] == ["source", "Lab"]
    assert first[first.index("↔") + 1] == "target"
    assert re.match(r" ✓ verified: mutual TLS 1\.3 both ways, same authorities, clocks \d+\.\d s apart", lines[-1])
    assert max(map(len, lines)) <= 80

    assert filled.at(filled.source, "status").out == "No migrations.\n"

    started = filled.migrate("start")
    assert started.code == 0, started.err
    assert " prepared   500 devices, 15 groups, 14 credentials\n" in started.out
    # Standard error is no terminal here: a line for each phase, and no bar that is drawn again and again.
    assert started.err.split() == ["prepared", "streaming", "validated", "committed", "done"]
    assert counts(filled.source) == NONE
    assert counts(filled.target) == ALL

    for console, role, last in ((filled.source, "source", "released"), (filled.target, "target", "committed")):
        status = filled.at(console, "status").out
        assert f"  {role}, with " in status
        assert "500 devices, 15 groups, 14 credentials; digest " in status
        assert status.splitlines()[-1].endswith("done")
        assert last in status

    again = filled.migrate("start")
    assert again.code == 1
    assert "no device that could be moved" in again.err


def test_other_authorities_stop_it_with_the_appliances_sentences_and_the_causes(
    filled: Pair, authority: tuple[ca.Authority, Path, Issued]
) -> None:
    certify(filled.target, filled.authority, authority[2])
    for verb in ("verify", "start"):
        ended = filled.migrate(verb)
        assert ended.code == 1
        text = " ".join(ended.out.split())
        assert "Unable to mutually authenticate and connect to the remote appliance." in text
        assert (
            "Please check the source and target appliances has valid certificate chain uploaded which are signed by "
            "the same CA." in text
        )
        assert "pair.authorities-differ" in text
        assert "✗" in ended.out
        assert max(map(len, ended.out.splitlines())) <= 80
    assert counts(filled.source) == ALL
    assert counts(filled.target) == NONE


def test_a_migration_can_be_aborted_and_the_source_has_its_devices_back(filled: Pair) -> None:
    with filled.source.remote() as source, filled.target.remote() as target:
        key = source.meet(filled.target.peer_address).peer_key_sha256
        target.meet(filled.source.peer_address)
        identifier = str(source.prepare(str(key))["Id"])
    assert counts(filled.source) == ALL | {"Devices": 0, "QuiescedDevices": 500}
    listed = run(
        "devices", "list", "--top", "2", "--console", filled.source.address, "--ca-file", filled.root, **SECRETS
    )
    assert all(line.endswith(" quiesced") for line in listed.out.splitlines())

    resumed = filled.at(filled.source, "resume", identifier)
    assert resumed.code == 1
    assert "prepared" in resumed.out

    aborted = filled.at(filled.source, "abort", identifier)
    assert aborted.code == 0, aborted.err
    assert "aborted" in aborted.out
    assert counts(filled.source) == ALL

    late = filled.at(filled.target, "resume", identifier)
    assert late.code in (0, 1)
    assert counts(filled.target) == NONE


def test_a_migration_that_stands_still_is_resumed(filled: Pair) -> None:
    with filled.source.remote() as source, filled.target.remote() as target:
        key = str(source.meet(filled.target.peer_address).peer_key_sha256)
        back = str(target.meet(filled.source.peer_address).peer_key_sha256)
        identifier = str(source.prepare(key)["Id"])
        with filled.target.console.database.reading() as connection:
            peer = peers.by_key(connection, back)
        filled.target.console.migrating.target.accept(identifier, peer)
    resumed = filled.at(filled.target, "resume", identifier)
    assert resumed.code == 0, resumed.err
    assert resumed.err.split()[-1] == "done"
    assert counts(filled.target) == ALL
    assert counts(filled.source) == NONE


def test_a_clash_leaves_the_source_as_it_was(filled: Pair, tmp_path: Path) -> None:
    first = (EXAMPLES / "devices.csv").read_text().splitlines()[:2]
    tag = first[1].split(",")[0]
    cells = first[1].split(",")
    cells[6] = cells[7] = ""
    (tmp_path / "one.csv").write_text("\n".join([first[0], ",".join(cells), ""]))
    (tmp_path / "one.json").write_text(f'{{"credentials": [], "groups": [], "inventory": {{"{tag}": {{}}}}}}')
    added = run(
        "devices", "import", tmp_path / "one.csv", tmp_path / "one.json",
        "--console", filled.target.address, "--ca-file", filled.root, **SECRETS,
    )  # fmt: skip
    assert added.code == 0, added.err
    ended = filled.migrate("start")
    assert ended.code == 1
    assert tag in ended.out
    assert "aborted" in ended.out
    assert counts(filled.source) == ALL
    assert counts(filled.target)["Devices"] == 1


@pytest.mark.parametrize("verb", ["resume", "abort"])
def test_a_migration_that_nobody_knows(pair: Pair, verb: str) -> None:
    ended = pair.at(pair.source, verb, "0" * 8 + "-0000-0000-0000-" + "0" * 12)
    assert ended.code == 1
    assert "CGEN1006" in sentence(ended)


def test_a_console_that_does_not_let_us_in_is_named(pair: Pair) -> None:
    secrets = SECRETS | {"MUTUA_TARGET_PASSWORD": "wrong"}
    ended = run("migrate", "verify", *pair.both, **secrets)
    assert ended.code == 4
    assert sentence(ended) == f"{pair.target.address} does not accept this user and password."


def test_the_passwords_of_files(pair: Pair, tmp_path: Path) -> None:
    files: list[str | Path] = []
    for side in ("source", "target"):
        file = tmp_path / f"{side}.password"
        file.write_text(PASSWORD)
        files += [f"--{side}-password-file", file]
    assert run("migrate", "verify", *pair.both, *files).code == 0


def test_a_terminal_sees_a_bar(filled: Pair) -> None:
    ours, theirs = pty.openpty()
    command = [*PROGRAM, "migrate", "start", *map(str, filled.both)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=theirs, env=environment(TERM="xterm", COLUMNS="80", **SECRETS)
    ) as process:
        os.close(theirs)
        shown = b""
        try:
            while piece := os.read(ours, 65536):
                shown += piece
        except OSError:
            pass  # The other end is closed.
        os.close(ours)
        assert process.wait(60) == 0
    assert "529/529" in shown.decode()
    assert "done" in shown.decode()


def test_a_chain_in_the_wrong_order_is_no_reason_for_an_internal_error(pair: Pair, tmp_path: Path) -> None:
    """The file to trust by may hold anything, as long as there is a certificate in it."""
    stray = issue(Template(common_name="Stray", is_ca=True))
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(b"# a bundle\n" + chain(stray) + pair.root.read_bytes())
    ended = run("migrate", "verify", *pair.both, "--ca-file", bundle, **SECRETS)
    assert ended.code == 0, ended.err
