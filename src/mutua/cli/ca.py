"""`mutua ca`: a private certificate authority in a folder."""

import os
from pathlib import Path

import click

from mutua.cli.exits import Exit, Failure
from mutua.cli.keeping import given_passphrase, keep
from mutua.cli.speaking import Group, option
from mutua.language import _
from mutua.message import N_, message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cryptography import x509

    from mutua.authority.ca import Authority, SignedChain

PASSWORD_VARIABLE = "MUTUA_CA_PASSWORD"  # noqa: S105  (its name, not its value)
KEY_TYPES = ("rsa-2048", "rsa-3072", "rsa-4096", "ec-p256", "ec-p384")
USAGES = {"both": N_("server and client"), "server": N_("server only"), "client": N_("client only")}


@click.group(
    cls=Group,
    help=N_("Run a private certificate authority: a root and an intermediate in a folder."),
    epilog=N_(
        'Examples:\n\n\b\n  mutua ca init lab-ca --name "Example Lab"\n  mutua ca sign lab-ca console.csr -o chain.pem'
    ),
)
def command() -> None:
    pass


@command.command(
    "init",
    help=N_("Make an authority in DIR, a new or empty folder. Its root lasts ten years, its intermediate five."),
    epilog=N_(
        "Examples:\n\n"
        "\b\n"
        '  mutua ca init lab-ca --name "Example Lab"\n'
        "  mutua ca init lab-ca --password-file ca.password\n"
        "\n"
        "The password may also stand in the variable MUTUA_CA_PASSWORD. Without one the keys are not encrypted; "
        "only you can read their files.\n"
        "\n"
        "Exit code 0: made, 2: the folder cannot be used."
    ),
)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@option("--name", metavar="NAME", help=N_('Its name: "NAME Root CA" and so on. Default: the name of the folder.'))
@option(
    "--key-type",
    type=click.Choice(KEY_TYPES),
    default="rsa-3072",
    show_default=True,
    help=N_("The kind of its keys."),
)
@option("--password-file", metavar="FILE", help=N_("Encrypt the keys with the password in this file."))
def init(folder: Path, name: str | None, key_type: str, password_file: str | None) -> None:
    from mutua.authority.ca import create
    from mutua.authority.errors import AuthorityError, AuthorityNameError
    from mutua.authority.keys import KeyType

    passphrase = given_passphrase(password_file, PASSWORD_VARIABLE)
    try:
        authority = create(
            folder,
            name=folder.resolve().name if name is None else name,
            key_type=KeyType(key_type),
            passphrase=passphrase,
        )
    except AuthorityNameError as error:
        raise Failure(error.problem, Exit.USAGE, message("give another one with --name.")) from error
    except AuthorityError as error:
        raise Failure(error.problem, Exit.USAGE, error.advice) from error
    _show_authority(authority, folder, encrypted=passphrase is not None)


@command.command(
    "sign",
    help=N_(
        "Sign the request CSR with the authority in DIR. CSR is a file, or - for standard input; what is written is "
        "the whole chain."
    ),
    epilog=N_(
        "Examples:\n\n"
        "\b\n"
        "  mutua ca sign lab-ca console.csr -o chain.pem\n"
        "  mutua ca sign lab-ca web.csr --usage server --days 90 > web-chain.pem\n"
        "\n"
        "The certificate takes over the subject and the alternative names of the request. The password, where one "
        "is needed: --password-file, the variable MUTUA_CA_PASSWORD, or asked for.\n"
        "\n"
        "Exit code 0: signed, 1: refused, 2: usage, 3: not readable."
    ),
)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.argument("csr")
@option("-o", "--out", metavar="FILE", default="-", help=N_("Where to write the chain. Default: standard output."))
@option(
    "--usage",
    type=click.Choice(tuple(USAGES)),
    default="both",
    show_default=True,
    help=N_("What the certificate is used as; a migration needs both."),
)
@option(
    "--days",
    type=click.IntRange(1, 1826),
    default=365,
    show_default=True,
    help=N_("How long it is valid; never longer than the intermediate."),
)
@option("--password-file", metavar="FILE", help=N_("The file with the password of the keys."))
@option("--force", is_flag=True, help=N_("Replace the file if it exists."))
def sign(folder: Path, csr: str, out: str, usage: str, days: int, password_file: str | None, force: bool) -> None:
    from mutua.authority.ca import LeafUsage
    from mutua.authority.errors import AuthorityOutOfDateError, RequestRefusedError
    from mutua.authority.files import PUBLIC, NewFile

    request = _read_request(csr)
    authority = _load(folder, password_file)
    try:
        signed = authority.sign(request, usage=LeafUsage(usage), days=days)
    except RequestRefusedError as error:
        raise Failure(
            message("{csr} is not signed: {reason}", csr=csr, reason=error.problem), Exit.FINDINGS, error.advice
        ) from error
    except AuthorityOutOfDateError as error:
        raise Failure(error.problem, Exit.FINDINGS, error.advice) from error
    if out == "-":
        click.echo(signed.chain_pem, nl=False)
    else:
        keep([NewFile(Path(out), signed.chain_pem, PUBLIC)], force=force)
    _show_signed(signed, csr, out, usage)


def _read_request(csr: str) -> "x509.CertificateSigningRequest":
    from mutua.authority.accept import read_request
    from mutua.authority.errors import UnreadableRequestError
    from mutua.cli.input import read_file

    try:
        return read_request(read_file(csr))
    except UnreadableRequestError as error:
        raise Failure(
            message("{csr} is no signing request: {reason}", csr=csr, reason=error.problem),
            Exit.UNREADABLE,
            error.advice,
        ) from error


def _load(folder: Path, password_file: str | None) -> "Authority":
    """The authority; its password is asked for only where the key turns out to need one."""
    from mutua.authority.ca import load
    from mutua.authority.errors import AuthorityError, PassphraseNeededError
    from mutua.cli.input import read_secret

    passphrase = given_passphrase(password_file, PASSWORD_VARIABLE)
    try:
        try:
            return load(folder, passphrase)
        except PassphraseNeededError:
            asked = read_secret(None, variable=PASSWORD_VARIABLE, prompt=_("Password of the authority"))
            return load(folder, os.fsencode(asked))
    except AuthorityError as error:
        raise Failure(error.problem, Exit.UNREADABLE, error.advice) from error


def _show_authority(authority: "Authority", folder: Path, *, encrypted: bool) -> None:
    from shlex import quote

    from mutua.authority import ca
    from mutua.cli.facts import lines

    secrecy = _("encrypted") if encrypted else _("not encrypted: whoever reads it can sign")
    root, root_key = folder / ca.ROOT_CERTIFICATE, folder / ca.ROOT_KEY
    intermediate, intermediate_key = folder / ca.INTERMEDIATE_CERTIFICATE, folder / ca.INTERMEDIATE_KEY
    facts = [
        (_("root"), _described(authority.root)),
        *_fingerprint(authority.root),
        ("", _("{file}: give it to whoever must trust this authority", file=root)),
        ("", _("{file}: {secrecy}", file=root_key, secrecy=secrecy)),
        ("", _("signing does not need this key: keep it offline")),
        (_("intermediate"), _described(authority.intermediate.certificate)),
        ("", _("{file}: part of every chain", file=intermediate)),
        ("", _("{file}: {secrecy}", file=intermediate_key, secrecy=secrecy)),
    ]
    next_step = _("next: mutua ca sign {folder} console.csr -o chain.pem", folder=quote(str(folder)))
    for line in lines(facts, next_step):
        click.echo(line)


def _show_signed(signed: "SignedChain", csr: str, out: str, usage: str) -> None:
    """The summary goes to standard error: standard output may be the chain itself."""
    from mutua.chain.certificate import readable_name
    from mutua.cli.facts import lines

    facts = [
        (_("leaf"), _described(signed.leaf)),
        (_("names"), _names(signed.leaf)),
        (_("usage"), _(USAGES[usage])),
        (_("issued by"), readable_name(signed.intermediate.subject)),
        (_("chain"), _("leaf, intermediate, root, in this order")),
    ]
    for line in lines(facts, _next_step(csr, out, usage)):
        click.echo(line, err=True)


def _next_step(csr: str, out: str, usage: str) -> str:
    from shlex import quote

    if out == "-":
        return _("next: save the chain in a file and look at it with mutua check")
    check = f"mutua check {quote(out)}"
    if csr != "-":
        check += f" --csr {quote(csr)}"
    if usage != "both":
        return _("next: {check}", check=f"{check} --profile {usage}")
    return _("next: {check}, then upload it to the console as its certificate chain", check=check)


def _described(certificate: "x509.Certificate") -> str:
    from mutua.chain.certificate import readable_name

    return _(
        "{name}, until {date}",
        name=readable_name(certificate.subject),
        date=f"{certificate.not_valid_after_utc:%Y-%m-%d}",
    )


def _names(leaf: "x509.Certificate") -> str:
    from cryptography import x509

    from mutua.chain.certificate import printable

    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return _("none")
    return ", ".join(printable(str(name.value)) for name in names)


def _fingerprint(certificate: "x509.Certificate") -> list[tuple[str, str]]:
    """The SHA-256 fingerprint as OpenSSL writes it, on two lines to fit the page."""
    from cryptography.hazmat.primitives.hashes import SHA256

    digest = certificate.fingerprint(SHA256())
    return [("", f"SHA-256 {digest[:16].hex(':').upper()}:"), ("", f"        {digest[16:].hex(':').upper()}")]
