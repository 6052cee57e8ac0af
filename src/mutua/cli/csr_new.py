"""`mutua csr new`: a private key and the signing request for it."""

from pathlib import Path

import click

from mutua.cli.exits import Exit, Failure
from mutua.cli.keeping import given_passphrase, keep
from mutua.cli.speaking import Command, option
from mutua.language import _
from mutua.message import N_, message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cryptography import x509

    from mutua.authority.keys import PrivateKey
    from mutua.authority.request import Subject

PASSWORD_VARIABLE = "MUTUA_KEY_PASSWORD"  # noqa: S105  (its name, not its value)
KEY_TYPES = ("rsa-2048", "rsa-3072", "rsa-4096", "ec-p256", "ec-p384")


@click.command(
    "new",
    cls=Command,
    help=N_(
        "Make a private key and a certificate signing request. (A console makes its own: there, use its page or its "
        "GenerateCSR call.)"
    ),
    epilog=N_(
        "Examples:\n\n"
        "\b\n"
        "  mutua csr new --cn web.example.net --key-out web.key -o web.csr\n"
        '  mutua csr new --cn web.example.net --san "web.example.net, 10.0.0.5" \\\n'
        '      --business "Example Lab" --country ES --key-out web.key -o web.csr\n'
        "\n"
        "The password may also stand in the variable MUTUA_KEY_PASSWORD. Without one the key is not encrypted; only "
        "you can read its file.\n"
        "\n"
        "Exit code 0: made, 2: a value is wrong or a file cannot be written."
    ),
)
@option("--cn", "common_name", metavar="NAME", required=True, help=N_("The common name: a host name or an address."))
@option("--department", metavar="TEXT", default="", help=N_("The organizational unit (OU)."))
@option("--business", metavar="TEXT", default="", help=N_("The organization (O)."))
@option("--locality", metavar="TEXT", default="", help=N_("The town (L)."))
@option("--state", metavar="TEXT", default="", help=N_("The state or province (ST)."))
@option("--country", metavar="CODE", default="", help=N_("The country's code of two letters (C)."))
@option("--email", metavar="ADDRESS", default="", help=N_("An e-mail address."))
@option(
    "--san",
    metavar="NAMES",
    default="",
    help=N_("Alternative names: host names and addresses, separated by commas. Default: the common name."),
)
@option(
    "--key-type", type=click.Choice(KEY_TYPES), default="rsa-2048", show_default=True, help=N_("The kind of the key.")
)
@option("--key-out", metavar="FILE", required=True, type=click.Path(path_type=Path), help=N_("Where to keep the key."))
@option("-o", "--out", metavar="FILE", default="-", help=N_("Where to write the request. Default: standard output."))
@option("--password-file", metavar="FILE", help=N_("Encrypt the key with the password in this file."))
@option("--force", is_flag=True, help=N_("Replace the files if they exist."))
def new(
    san: str, key_type: str, key_out: Path, out: str, password_file: str | None, force: bool, **subject: str
) -> None:
    from cryptography.hazmat.primitives.serialization import Encoding

    from mutua.authority.files import PUBLIC, SECRET, NewFile
    from mutua.authority.keys import KeyType, generate, to_pem
    from mutua.authority.request import Subject

    if out != "-" and Path(out).resolve() == key_out.resolve():
        raise Failure(message("the key and the request cannot be the same file, {path}.", path=out), Exit.USAGE)
    passphrase = given_passphrase(password_file, PASSWORD_VARIABLE)
    key = generate(KeyType(key_type))
    request = _build(key, Subject(**subject), san)
    pem = request.public_bytes(Encoding.PEM)
    files = [NewFile(key_out, to_pem(key, passphrase), SECRET)]
    if out != "-":
        files.append(NewFile(Path(out), pem, PUBLIC))
    keep(files, force=force)
    if out == "-":
        click.echo(pem, nl=False)
    _show(request, key_out, out, encrypted=passphrase is not None)


def _build(key: "PrivateKey", subject: "Subject", san: str) -> "x509.CertificateSigningRequest":
    from mutua.authority.request import InvalidAlternativeName, InvalidDistinguishedName, build_request, parse_names

    try:
        return build_request(key, subject, parse_names(san))
    except InvalidDistinguishedName as error:
        raise Failure(error.problem, Exit.USAGE) from error
    except InvalidAlternativeName as error:
        raise Failure(
            error.problem, Exit.USAGE, message('list host names and addresses: --san "web.example.net, 10.0.0.5".')
        ) from error


def _show(request: "x509.CertificateSigningRequest", key_out: Path, out: str, *, encrypted: bool) -> None:
    """The summary goes to standard error: standard output may be the request itself."""
    from shlex import quote

    from cryptography import x509

    from mutua.cli.facts import lines

    names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    facts = [
        (_("request"), request.subject.rfc4514_string()),
        (_("names"), ", ".join(str(name.value) for name in names)),
        (_("key"), str(key_out)),
        ("", _("encrypted") if encrypted else _("not encrypted: only you can read the file")),
        ("", _("keep it: the certificate is of no use without it")),
    ]
    file = "FILE" if out == "-" else quote(out)
    next_step = _("next: mutua ca sign DIR {file} -o chain.pem, or send the request to your CA", file=file)
    for line in lines(facts, next_step):
        click.echo(line, err=True)
