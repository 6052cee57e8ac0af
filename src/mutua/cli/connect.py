"""`mutua connect`: what a server presents and demands in the TLS handshake, and what it makes of our certificate."""

from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

import click

from mutua.cli.certificate_file import certificates_in, no_certificate
from mutua.cli.check import PROFILES
from mutua.cli.consoles import ConsoleAddress
from mutua.cli.csr_new import PASSWORD_VARIABLE
from mutua.cli.exits import Exit, Failure
from mutua.cli.input import read_file
from mutua.cli.keeping import given_passphrase, keep
from mutua.cli.speaking import Command, json_option, option
from mutua.message import N_, message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from mutua.authority.keys import PrivateKey
    from mutua.chain import Report
    from mutua.cli.connected import Client
    from mutua.peering.contexts import Presented
    from mutua.peering.probe import Seen

_LONGEST_WAIT_S = 300


@click.command(
    "connect",
    cls=Command,
    help=N_(
        "Show what the TLS server at HOST:PORT presents and demands, and everything that is wrong with its chain. With "
        "--cert and --key: whether that chain fits what it demands, then a real handshake with it, and the causes of "
        "the alert that comes."
    ),
    epilog=N_(
        "Examples:\n\n"
        "\b\n"
        "  mutua connect om.example.net:443\n"
        "  mutua connect 192.0.2.1:8444 --trust root.pem --profile mtls\n"
        "  mutua connect om.example.net:8444 --trust root.pem --cert chain.pem --key om.key\n"
        "  mutua connect om.example.net:8444 --cert om.pfx --password-file om.password\n"
        "\n"
        "Nothing but the handshake is sent, and no proxy is used. The password of the key may also stand in the "
        "variable MUTUA_KEY_PASSWORD.\n"
        "\n"
        "Exit code 0: clean, 1: errors were found, 3: a file cannot be read, 4: no TLS connection."
    ),
)
@click.argument("address", metavar="HOST:PORT", type=ConsoleAddress())
@option(
    "--trust",
    metavar="FILE",
    multiple=True,
    help=N_("The roots to judge the server by; without it, those of this system. May be repeated."),
)
@option("--name", metavar="NAME", help=N_("The name to ask for and to expect. Default: HOST."))
@option(
    "--profile",
    type=click.Choice(PROFILES),
    default="webpki",
    show_default=True,
    help=N_("What the server's chain is for; mtls for a peer that is also a client."),
)
@option("--cert", metavar="CHAIN", help=N_("The certificate chain to show."))
@option("--key", metavar="FILE", help=N_("Its private key, if it is not in the same file."))
@option("--password-file", metavar="FILE", help=N_("The password of the key; else MUTUA_KEY_PASSWORD."))
@option("--save", metavar="FILE", type=click.Path(path_type=Path), help=N_("Keep the chain as it is sent, in PEM."))
@option("--force", is_flag=True, help=N_("Replace the file if it exists."))
@option(
    "--timeout",
    type=click.FloatRange(0.1, _LONGEST_WAIT_S),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help=N_("How long to wait for the connection, and for the handshake."),
)
@json_option
def command(
    address: str,
    trust: tuple[str, ...],
    name: str | None,
    profile: str,
    cert: str | None,
    key: str | None,
    password_file: str | None,
    save: Path | None,
    force: bool,
    timeout: float,
    form: str,
) -> None:
    from mutua.cli.connected import Connected, lines, next_steps

    if key is not None and cert is None:
        raise Failure(message("--key is of no use without --cert."), Exit.USAGE)
    now = datetime.now(UTC)
    own = _own(cert, key, given_passphrase(password_file, PASSWORD_VARIABLE), now) if cert else None
    roots = [certificates_in(file) for file in trust]
    host, port = _split(address)
    expected = _checked(name) if name else host
    seen = _probe(host, port, None, expected, timeout)
    if save is not None and seen.chain:
        _save(seen.chain, save, force)
    report = _report(seen.chain, roots, expected, profile, now)
    client = _client(own, seen, host, port, expected, timeout) if own and seen.chain else None
    connected = Connected(address, expected, bool(trust), seen, report, client)
    if form == "json":
        import json

        from mutua.cli.connected_json import to_json

        click.echo(json.dumps(to_json(connected), indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join([*lines(connected), *next_steps(connected)]))
    raise SystemExit(connected.exit)


def _split(address: str) -> tuple[str, int]:
    host, _colon, port = address.rpartition(":")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _checked(name: str) -> str:
    """A host name or an address as it can stand in a certificate."""
    from mutua.authority.request import InvalidAlternativeName, parse_name

    try:
        return str(parse_name(name).value)
    except InvalidAlternativeName as error:
        raise Failure(error.problem, Exit.USAGE) from error


def _probe(host: str, port: int, presented: "Presented | None", name: str, timeout: float) -> "Seen":
    from mutua.peering.probe import NoConnectionError, probe

    try:
        return probe(host, port, presented=presented, server_name=name, timeout=timeout)
    except NoConnectionError as error:
        raise Failure(error.problem, Exit.UNREACHABLE, error.advice) from error


def _report(
    sent: "Sequence[bytes]", roots: "Sequence[bytes]", expected: str, profile: str, now: datetime
) -> "Report | None":
    """The report on the chain as sent; None where nothing was sent."""
    from mutua import chain
    from mutua.peering.contexts import system_roots

    if not sent:
        return None
    names, addresses = _names_and_addresses(expected)
    return chain.check(
        b"".join(map(_pem, sent)),
        at=now,
        profile=chain.Profile(profile),
        trust=roots or [_pem(root) for root in system_roots()],
        names=names,
        addresses=addresses,
    )


def _names_and_addresses(expected: str) -> tuple[list[str], list[str]]:
    try:
        return [], [str(ip_address(expected))]
    except ValueError:
        return [expected], []


def _pem(der: bytes) -> bytes:
    from ssl import DER_cert_to_PEM_cert

    return DER_cert_to_PEM_cert(der).encode()


def _save(sent: "Sequence[bytes]", save: Path, force: bool) -> None:
    from mutua.authority.files import PUBLIC, NewFile

    keep([NewFile(save, b"".join(map(_pem, sent)), PUBLIC)], force=force)


def _own(cert: str, key: str | None, passphrase: bytes | None, now: datetime) -> "tuple[Presented, Report]":
    """What this side shows, and the report on it. Raises `Failure` where it cannot be shown."""
    from mutua import chain
    from mutua.chain.certificate import printable
    from mutua.peering.contexts import Presented

    data = read_file(cert)
    keys = _private_keys(key or cert, read_file(key) if key else data, passphrase)
    report = chain.check(data, at=now, profile=chain.Profile.CLIENT, private_key=next(iter(keys)), password=passphrase)
    if not report.path:
        raise no_certificate(cert)
    leaf = report.path[0]
    if leaf.key_id not in keys:
        raise Failure(
            message(
                "{key} is not the key of {leaf} in {cert}.",
                key=printable(key or cert),
                leaf=leaf.issued_to,
                cert=printable(cert),
            ),
            Exit.FINDINGS,
            message("mutua key match says what belongs together."),
        )
    others = [certificate for certificate in report.material.certificates if certificate.der != leaf.der]
    return Presented(b"".join(certificate.pem for certificate in [leaf, *others]), keys[leaf.key_id]), report


def _private_keys(name: str, data: bytes, passphrase: bytes | None) -> "dict[bytes, PrivateKey]":
    """The private keys in a file by their public halves (DER SubjectPublicKeyInfo). Raises `Failure` for none."""
    from typing import cast

    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    from mutua.chain.certificate import printable
    from mutua.cli.contents import read_contents

    # TLS takes more kinds of keys than are made here; OpenSSL decides.
    found = [cast("PrivateKey", key.private) for key in read_contents({name: data}, passphrase).keys]
    if not found:
        raise Failure(
            message("there is no private key in {name}.", name=printable(name)),
            Exit.UNREADABLE,
            message("give the file that holds it with --key."),
        )
    return {key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo): key for key in found}


def _client(
    own: "tuple[Presented, Report]", seen: "Seen", host: str, port: int, expected: str, timeout: float
) -> "Client":
    from mutua.cli.connected import Client
    from mutua.peering.fitting import as_sent, fittings

    presented, report = own
    with_ours = _probe(host, port, presented, expected, timeout)
    request = with_ours.request or seen.request
    fits = tuple(fittings(report.path, request, tls_1_3=with_ours.is_tls_1_3)) if request else ()
    return Client(as_sent(report, request), fits, with_ours)
