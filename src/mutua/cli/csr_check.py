"""`mutua csr check`: what is wrong with a signing request before it is sent, and with what the CA made of it."""

from datetime import UTC, datetime

import click

from mutua.cli.certificate_file import no_certificate
from mutua.cli.check import PROFILES
from mutua.cli.csr_new import PASSWORD_VARIABLE
from mutua.cli.csr_show import requests_in
from mutua.cli.exits import Exit, Failure
from mutua.cli.input import read_file
from mutua.cli.keeping import given_passphrase
from mutua.cli.speaking import Command, json_option, option
from mutua.message import N_, message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mutua.chain import Certificate
    from mutua.chain.request import SigningRequest


@click.command(
    "check",
    cls=Command,
    help=N_(
        "Say everything that is wrong with the signing request in FILE (- for standard input) before it is sent to a "
        "CA. With --cert: whether a certificate answers it, and what the CA changed."
    ),
    epilog=N_(
        "Examples:\n\n"
        "\b\n"
        "  mutua csr check console.csr\n"
        "  mutua csr check web.csr --profile webpki --key web.key\n"
        "  mutua csr check console.csr --cert chain.pem\n"
        "\n"
        "The password of the key may also stand in the variable MUTUA_KEY_PASSWORD.\n"
        "\n"
        "Exit code 0: clean, 1: errors were found, 3: a file cannot be read."
    ),
)
@click.argument("file")
@option("--cert", "chain_file", metavar="CHAIN", help=N_("The certificate that the CA made, alone or in its chain."))
@option("--key", metavar="FILE", help=N_("The private key that the request must have been made with."))
@option("--password-file", metavar="FILE", help=N_("The password of the key; else MUTUA_KEY_PASSWORD."))
@option(
    "--profile",
    type=click.Choice(PROFILES),
    default="migration",
    show_default=True,
    help=N_("What the certificate is for."),
)
@json_option
def check(
    file: str, chain_file: str | None, key: str | None, password_file: str | None, profile: str, form: str
) -> None:
    from mutua.chain import Profile, Severity
    from mutua.chain.request import check_request
    from mutua.cli.csr_report import Checked, lines, to_json

    if [file, chain_file, key].count("-") > 1:
        raise Failure(message("only one of the files can come from standard input."), Exit.USAGE)
    request = _request(file)
    answer = _answer(chain_file, request) if chain_file else None
    public = _public_half(key, given_passphrase(password_file, PASSWORD_VARIABLE)) if key else None
    findings = check_request(request, profile=Profile(profile), private_key=public, answer=answer)
    checked = Checked(file, chain_file, Profile(profile), request, findings)
    if form == "json":
        import json

        click.echo(json.dumps(to_json(checked), indent=2, ensure_ascii=False))
    else:
        for line in lines(checked):
            click.echo(line)
    if any(finding.severity is Severity.ERROR for finding in findings):
        raise SystemExit(Exit.FINDINGS)


def _request(file: str) -> "SigningRequest":
    from mutua.chain.certificate import printable
    from mutua.chain.request import SigningRequest

    requests = requests_in(file).requests
    if len(requests) > 1:
        raise Failure(
            message("{file} holds {count} signing requests; expected one.", file=printable(file), count=len(requests)),
            Exit.UNREADABLE,
        )
    return SigningRequest.of(requests[0].x509)


def _answer(file: str, request: "SigningRequest") -> "Certificate":
    """The certificate with the key of the request where there is one, else the leaf."""
    from mutua import chain

    keys = [request.key_id] if request.key_id else []
    path = chain.check(read_file(file), at=datetime.now(UTC), request_keys=keys).path
    if not path:
        raise no_certificate(file)
    return path[0]


def _public_half(file: str, passphrase: bytes | None) -> bytes:
    from mutua.chain.certificate import printable
    from mutua.chain.decode import UnreadableKeyError, key_of_private_key

    try:
        return key_of_private_key(read_file(file), passphrase)
    except UnreadableKeyError as error:
        raise Failure(
            message("{name} is no private key that can be read: {reason}.", name=printable(file), reason=error.reason),
            Exit.UNREADABLE,
            message("give the password with --password-file, or set {variable}.", variable=PASSWORD_VARIABLE),
        ) from error
