"""`mutua check`: everything that is wrong with a certificate chain, at once."""

import os
import re
from datetime import UTC, datetime
from ipaddress import ip_address

import click

from mutua.cli.exits import Exit, Failure
from mutua.cli.input import Moment, read_file
from mutua.cli.speaking import Command, option
from mutua.language import _
from mutua.message import N_, message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mutua import chain

PASSWORD_VARIABLE = "MUTUA_KEY_PASSWORD"  # noqa: S105  (its name, not its value)
PROFILES = ("migration", "server", "mtls", "client", "webpki")
_HOST = r"(?=.{1,253}$)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?"


class _HostName(click.ParamType[str]):
    """A DNS name as it stands in certificates."""

    name = "name"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not re.fullmatch(_HOST, str(value), re.ASCII):
            self.fail(_("{value}: expected a host name such as om.example.net", value=repr(value)), param, ctx)
        return str(value)


class _Address(click.ParamType[str]):
    """An IPv4 or IPv6 address."""

    name = "address"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return str(ip_address(str(value)))
        except ValueError:
            self.fail(
                _("{value}: expected an IP address such as 192.0.2.1 or 2001:db8::1", value=repr(value)), param, ctx
            )


@click.command(
    cls=Command,
    help=N_(
        "Say everything that is wrong with the certificates in FILE (- for standard input), at once. "
        "Several files are read as one; with -r each of them, and each file in a folder, is judged on its own."
    ),
    epilog=N_(
        "Examples:\n\n"
        "\b\n"
        "  mutua check chain.pem\n"
        "  mutua check chain.pem --csr console.csr\n"
        "  mutua check server.pem --profile server --format json\n"
        "  mutua check leaf.pem ca.pem --profile mtls --trust roots.pem --name om.example.net\n"
        "  mutua check site.pem --profile webpki --trust roots.pem --crl ca.crl --fail-on warning\n"
        "  mutua check console.pfx --profile mtls --password-file password\n"
        "  mutua check -r /etc/ssl certs/*.pem --profile server\n"
        "  mutua check -r deploy --format sarif > mutua.sarif\n"
        "\n"
        "Exit code 0: clean (warnings count with --fail-on warning only), 1: findings, 3: not readable."
    ),
)
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@option("-r", "--recursive", is_flag=True, help=N_("Judge each file on its own, and each one in a folder."))
@option("--csr", metavar="FILE", help=N_("The signing request that the certificate must answer."))
@option("--key", metavar="FILE", help=N_("The private key that must belong to the certificate."))
@option(
    "--profile",
    type=click.Choice(PROFILES),
    default="migration",
    show_default=True,
    help=N_("What the chain is for."),
)
@option(
    "--trust",
    metavar="FILE",
    multiple=True,
    help=N_("What the other side trusts; without it, the chain's own root. May be repeated."),
)
@option(
    "--name",
    "names",
    type=_HostName(),
    metavar="NAME",
    multiple=True,
    help=N_("A host name that the certificate must cover. May be repeated."),
)
@option(
    "--ip",
    "addresses",
    type=_Address(),
    metavar="ADDRESS",
    multiple=True,
    help=N_("An IP address that the certificate must cover. May be repeated."),
)
@option(
    "--crl",
    "crls",
    metavar="FILE",
    multiple=True,
    help=N_("A revocation list of one of the authorities. May be repeated."),
)
@option(
    "--password-file",
    metavar="FILE",
    help=N_("The password of PKCS#12 files and private keys; else MUTUA_KEY_PASSWORD."),
)
@option("--at", type=Moment(), metavar="TIME", help=N_("Judge by this moment instead of now."))
@option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "sarif", "junit"]),
    default="text",
    show_default=True,
    help=N_("For people, for machines, for code scanning, or as test results."),
)
@option(
    "--fail-on",
    type=click.Choice(["error", "warning"]),
    default="error",
    show_default=True,
    help=N_("From what on the exit code is 1."),
)
@option("--quiet", is_flag=True, help=N_("Say nothing: the exit code is the answer."))
def command(
    files: tuple[str, ...],
    recursive: bool,
    csr: str | None,
    key: str | None,
    profile: str,
    trust: tuple[str, ...],
    names: tuple[str, ...],
    addresses: tuple[str, ...],
    crls: tuple[str, ...],
    password_file: str | None,
    at: datetime | None,
    form: str,
    fail_on: str,
    quiet: bool,
) -> None:
    from mutua import chain

    least = chain.Severity[fail_on.upper()]
    moment = at or datetime.now(UTC)
    password = given_password(password_file)
    if recursive:
        from mutua.cli.check_many import Question, check_many

        _only_what_each_can_have(files, csr, key)
        asked = Question(
            chain.Profile(profile), moment, _anchors(trust), names, addresses, list(map(read_file, crls)), password
        )
        raise SystemExit(check_many(files, asked, form, least, quiet=quiet))
    only_one_standard_input([*files, *trust, *crls])
    contents = _contents(files)
    report = chain.check(
        contents,
        profile=chain.Profile(profile),
        at=moment,
        request_keys=[request_key(csr)] if csr else None,
        private_key=private_key(key, password) if key else None,
        trust=[_trusted(file) for file in trust] if trust else None,
        names=names,
        addresses=addresses,
        crls=[read_file(file) for file in crls],
        password=password,
        sources=files,
    )
    if not quiet:
        _print(report, form, dict(zip(files, contents, strict=True)), csr, least, password)
    raise SystemExit(_exit(report, least))


def given_password(password_file: str | None) -> bytes | None:
    """The password of what is locked, or None where none is given. Raises `Failure`."""
    if password_file is None and PASSWORD_VARIABLE not in os.environ:
        return None
    from mutua.cli.keeping import given_passphrase

    return given_passphrase(password_file, PASSWORD_VARIABLE)


def _only_what_each_can_have(files: tuple[str, ...], csr: str | None, key: str | None) -> None:
    if csr or key:
        raise Failure(
            message("--csr and --key belong to one certificate, and -r judges many."),
            Exit.USAGE,
            message("check that certificate by itself, without -r."),
        )
    if "-" in files:
        raise Failure(message("with -r standard input is not read."), Exit.USAGE, message("give files or folders."))


def _contents(names: tuple[str, ...]) -> list[bytes]:
    """What is in the files that are read as one. Raises `Failure`."""
    from mutua.chain.decode import MAX_TOTAL_BYTES

    contents: list[bytes] = []
    left = MAX_TOTAL_BYTES
    for name in names:
        contents.append(_content(name))
        left -= len(contents[-1])
        if left < 0:
            raise Failure(
                message("these files are larger than {limit} MiB together.", limit=MAX_TOTAL_BYTES // 2**20),
                Exit.UNREADABLE,
                message("mutua check -r judges each of them on its own."),
            )
    return contents


def _content(name: str) -> bytes:
    try:
        return read_file(name)
    except Failure as failure:
        if os.path.isdir(name):  # noqa: PTH112  (pathlib would cost mutua check a part of its start)
            failure.advice = message("mutua check -r {name} judges each file in it.", name=name)
        raise


def only_one_standard_input(files: list[str]) -> None:
    """Raise `Failure` where more than one of the files is standard input."""
    if files.count("-") > 1:
        raise Failure(message("only one of the files can come from standard input."), Exit.USAGE)


def _trusted(name: str) -> bytes:
    from mutua.chain.certificate import printable
    from mutua.chain.decode import decode

    data = read_file(name)
    if not decode(data).certificates:
        raise Failure(
            message("{name} holds no certificate that can be read.", name=printable(name)),
            Exit.UNREADABLE,
            message("mutua check {name} says what it is instead.", name=printable(name)),
        )
    return data


def _anchors(trust: tuple[str, ...]) -> "list[chain.Certificate | bytes] | None":
    """What is trusted, read once for all files; a file that could only be read in part is told of with each."""
    from mutua.chain.decode import decode

    anchors: list[chain.Certificate | bytes] = []
    for data in map(_trusted, trust):
        material = decode(data)
        anchors.extend([data] if material.unreadable else material.certificates)
    return anchors if trust else None


def _exit(report: "chain.Report", least: "chain.Severity") -> Exit:
    if any(finding.severity >= least for finding in report.findings):
        return Exit.FINDINGS if report.material.certificates else Exit.UNREADABLE
    return Exit.CLEAN


def _print(
    report: "chain.Report",
    form: str,
    files: dict[str, bytes],
    request: str | None,
    least: "chain.Severity",
    password: bytes | None,
) -> None:
    if form == "text":
        from mutua.cli.chain_text import lines

        click.echo("\n".join(lines(report, " ".join(files), request)))
    elif form == "json":
        _print_json(report)
    else:
        from mutua.cli.check_many import document
        from mutua.cli.judged import Judgement, judged, places_in

        one = judged(list(files), report, places_in(files, password))
        click.echo(document(Judgement(report.profile, report.at, [one]), form, least))


def _print_json(report: "chain.Report") -> None:
    import json

    from mutua.language import translate

    click.echo(json.dumps(report.to_json(translate), indent=2, ensure_ascii=False))


def request_key(name: str) -> bytes:
    """The public key of the signing request in a file. Raises `Failure`."""
    from mutua.chain.decode import UnreadableKeyError, key_of_request

    try:
        return key_of_request(read_file(name))
    except UnreadableKeyError as error:
        raise Failure(
            message("{name} is no signing request that can be read: {reason}.", name=name, reason=error.reason),
            Exit.UNREADABLE,
        ) from error


def private_key(name: str, password: bytes | None = None) -> bytes:
    """The public half of the private key in a file; it need not be encrypted. Raises `Failure`."""
    from mutua.chain.decode import UnreadableKeyError, key_of_private_key

    data = read_file(name)
    try:
        try:
            return key_of_private_key(data)
        except UnreadableKeyError as error:
            if password is None or not error.encrypted:
                raise
            return key_of_private_key(data, password)
    except UnreadableKeyError as error:
        csr = message("its signing request holds the same public key: give that with --csr instead.")
        secret = message("give its password with --password-file, or its signing request with --csr instead.")
        raise Failure(
            message("{name} is no private key that can be read: {reason}.", name=name, reason=error.reason),
            Exit.UNREADABLE,
            secret if error.encrypted else csr,
        ) from error
