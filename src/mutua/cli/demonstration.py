"""The steps of the demonstration, each told as it happens."""

import os
import re
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import click
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

import mutua
from mutua import chain
from mutua.authority import ca
from mutua.authority.ca import LeafUsage
from mutua.authority.keys import KeyType
from mutua.chain.decode import key_of_request
from mutua.cli.chain_text import lines
from mutua.cli.exits import Exit, Failure
from mutua.cli.migrate import begin, tell, watch
from mutua.cli.paragraphs import wrapped
from mutua.cli.serve import ADMINISTRATOR
from mutua.inventory.fleetfile import read
from mutua.inventory.records import Fleet, fleet_to_json
from mutua.language import _
from mutua.message import message
from mutua.peering.contexts import public_client
from mutua.peering.remote import ConsoleRefusedError, ConsoleUnreachableError, RemoteConsole
from mutua.peering.verify import Verification, verify

_HOST = "127.0.0.1"
_START_TIMEOUT_S = 30
_STOP_TIMEOUT_S = 15
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_FLEET = ("devices.csv", "devices.json")
_ANNOUNCED = re.compile(r"https://[0-9.]+:(?P<port>[0-9]+)")


class _Process(NamedTuple):
    """A console that runs as a process of its own."""

    name: str
    state: Path
    port: int
    password: str
    process: subprocess.Popen[bytes]

    @property
    def address(self) -> str:
        return f"{_HOST}:{self.port}"

    def sign_in(self) -> RemoteConsole:
        """A session, trusting what the console presents now."""
        context = public_client((self.state / "certificate.pem").read_text())
        return RemoteConsole(self.address, ADMINISTRATOR, self.password, context)


def run(folder: Path, once: bool) -> None:
    """Do the whole job in `folder`; without `once`, keep the consoles up until Ctrl-C.

    However it ends, the consoles end with it. Raises `Failure` where a step does not go well.
    """
    started = time.monotonic()
    fleet = _fleet()
    for number in _ENDING:
        signal.signal(number, signal.default_int_handler)
    with ExitStack() as running:
        _step(1, _("Two consoles start, each with its own folder, database and identity"))
        source = running.enter_context(_console(folder, "source"))
        target = running.enter_context(_console(folder, "target"))
        _step(2, _("The source takes in its devices, from a CSV and a JSON file"))
        _import_devices(source, fleet)
        _step(3, _("A private CA signs a request of each console, and they get their chains"))
        authority = ca.create(folder / "ca", name="Example", key_type=KeyType.EC_P256, passphrase=None)
        _certify_wrongly_first(source, authority)
        _certify(target, authority)
        _step(4, _("The connection is verified both ways, over mutual TLS"))
        with source.sign_in() as at_source, target.sign_in() as at_target:
            verification = verify(at_source, at_target)
            tell(verification)
            if not verification.passed:
                raise Failure(message("the consoles could not be verified."), Exit.FINDINGS)
            _step(5, _("Every device, group and credential moves"))
            _migrate(at_source, at_target, verification)
        click.echo()
        click.secho(_("Done in {seconds:.1f} s.", seconds=time.monotonic() - started), bold=True)
        if not once:
            _stay(folder, source, target)


def _fleet() -> Fleet:
    """The example devices: from this folder, else from the project that the program runs in."""
    for place in (Path("examples"), Path(mutua.__file__).parents[2] / "examples"):
        files = [place / name for name in _FLEET]
        if all(file.is_file() for file in files):
            return read(*files)
    raise Failure(
        message("the example devices are not here: {names}.", names=", ".join(_FLEET)),
        Exit.UNREADABLE,
        message("run it in the project's folder, where examples/ is."),
    )


def _step(number: int, title: str) -> None:
    click.echo()
    for line in wrapped(title, f"{number}  "):
        click.secho(line, bold=True)


@contextmanager
def _console(folder: Path, name: str) -> Iterator[_Process]:
    """Start `mutua serve` and wait until it answers; stop it at the end."""
    state, password = folder / name, secrets.token_urlsafe(12)
    password_file = folder / f"{name}.password"
    descriptor = os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(password)
    options = ["--state", state, "--name", name, "--host", _HOST, "--password-file", password_file]
    command = [sys.executable, "-m", "mutua", "serve", *map(str, options), "--port", "0", "--peer-port", "0"]
    out = folder / f"{name}.out"
    with ExitStack() as ending:
        with _undisturbed():
            process = _start(command, out)
            ending.callback(_stop, process)
        console = _Process(name, state, _port_in(out, process, name), password, process)
        _wait(console, out)
        click.echo(f"   {name:<8} https://{console.address}   " + _("process {pid}", pid=process.pid))
        yield console


def _start(command: list[str], out: Path) -> subprocess.Popen[bytes]:
    with out.open("wb") as said:
        return subprocess.Popen(command, stdout=said, stderr=said, start_new_session=True)  # noqa: S603


@contextmanager
def _undisturbed() -> Iterator[None]:
    """A signal that comes meanwhile is obeyed at the end: else a process that was just started would be forgotten."""
    heard: list[int] = []
    before = {number: signal.signal(number, lambda number, _frame: heard.append(number)) for number in _ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if heard:
        raise KeyboardInterrupt


def _port_in(out: Path, process: subprocess.Popen[bytes], name: str) -> int:
    """The port that the system chose for the console, by what it says."""
    deadline = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        if found := _ANNOUNCED.search(out.read_text(errors="replace")):
            return int(found["port"])
        time.sleep(0.05)
    raise _did_not_start(name, out)


def _wait(console: _Process, out: Path) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < deadline and console.process.poll() is None:
        try:
            with console.sign_in():
                return
        except (ConsoleUnreachableError, ConsoleRefusedError, FileNotFoundError):
            time.sleep(0.1)
    raise _did_not_start(console.name, out)


def _did_not_start(name: str, out: Path) -> Failure:
    said = out.read_text(errors="replace").strip()
    return Failure(message("the console {name} did not start: {said}", name=name, said=said), Exit.UNREACHABLE)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _import_devices(source: _Process, fleet: Fleet) -> None:
    with source.sign_in() as console:
        added = console.post("/DeviceService/Actions/DeviceService.ImportDevices", fleet_to_json(fleet))
    click.echo(
        "   "
        + _(
            "Imported: {devices:,} devices, {groups:,} groups, {credentials:,} credentials.",
            devices=added["Devices"],
            groups=added["Groups"],
            credentials=added["Credentials"],
        )
    )


def _certify_wrongly_first(process: _Process, authority: ca.Authority) -> None:
    """First a chain as public CAs issue them today, to see what the appliance says of it, and what Mutua says."""
    with process.sign_in() as console:
        request = _request(console)
        wrong = authority.sign(request, usage=LeafUsage.SERVER, days=30).chain_pem
        click.echo("   " + _("A chain without client authentication is uploaded to {name}:", name=process.name))
        try:
            console.upload("UploadCertChain", wrong)
        except ConsoleRefusedError as error:
            click.echo(f"     HTTP {error.status}  {error.message_id}  {error.message}")
        click.echo("   " + _("That was all. What Mutua says of the same file:"))
        key = key_of_request(request.public_bytes(Encoding.PEM))
        report = chain.check(wrong, at=datetime.now(UTC), request_keys=[key])
        click.echo()
        for line in lines(report, "wrong-chain.pem"):
            click.echo(line)
        click.echo()
        console.upload("UploadCertChain", authority.sign(request, usage=LeafUsage.BOTH, days=30).chain_pem)
    click.echo("   " + _("{name}: the right chain is taken, and serves the next connection", name=process.name))


def _certify(process: _Process, authority: ca.Authority) -> None:
    with process.sign_in() as console:
        chain_pem = authority.sign(_request(console), usage=LeafUsage.BOTH, days=30).chain_pem
        console.upload("UploadCertChain", chain_pem)
    click.echo("   " + _("{name}: the right chain is taken, and serves the next connection", name=process.name))


def _request(console: RemoteConsole) -> x509.CertificateSigningRequest:
    name = str(console.get("/ApplicationService/Info")["Name"])
    body = {"DistinguishedName": name, "San": f"{_HOST},localhost"}
    answer = console.post("/ApplicationService/Actions/ApplicationService.GenerateCSR", body)
    return x509.load_pem_x509_csr(str(answer["CertificateData"]).encode())


def _migrate(source: RemoteConsole, target: RemoteConsole, verification: Verification) -> None:
    before = time.monotonic()
    prepared = begin(source, target, verification)
    migration = watch(target, prepared["Id"])
    if migration["Phase"] != "done":
        raise Failure(message("the migration stopped: {problems}", problems=migration["Problems"]), Exit.FINDINGS)
    took = time.monotonic() - before
    for name, console in (("source", source), ("target", target)):
        counts = console.get("/DeviceService/Counts")
        click.echo(
            f"   {name:<8} "
            + _(
                "manages {devices:,} devices, {groups:,} groups, {credentials:,} credentials",
                devices=counts["Devices"],
                groups=counts["Groups"],
                credentials=counts["Credentials"],
            )
        )
    click.echo("   " + _("digest   {digest}", digest=migration["Digest"]))
    rate = migration["Devices"] / took
    click.echo("   " + _("time     {seconds:.2f} s, {rate:,.0f} devices a second", seconds=took, rate=rate))


def _stay(folder: Path, *consoles: _Process) -> None:
    click.echo(_("Both consoles keep running. User {user}:", user=ADMINISTRATOR))
    for console in consoles:
        click.echo(f"   {console.name:<8} https://{console.address}   {console.password}")
    click.echo(_("The root that they are trusted by: {path}", path=folder / "ca" / "root.pem"))
    click.echo(_("Stop them with Ctrl-C."))
    try:
        signal.pause()
    except KeyboardInterrupt:
        click.echo()
