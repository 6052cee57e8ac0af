"""`mutua convert`: certificates and keys in another form, and nothing of them lost on the way."""

import os
import sys
from pathlib import Path

import click

from mutua.cli.check import PASSWORD_VARIABLE, given_password, only_one_standard_input
from mutua.cli.exits import Exit, Failure
from mutua.cli.input import read_file, read_secret
from mutua.cli.speaking import Command, option
from mutua.language import _, plural
from mutua.message import N_, message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mutua.cli.contents import Contents, Key, Part
    from mutua.cli.converting import Form, Secrecy

FORMS = ("pem", "der", "pkcs7", "pkcs12")
_FORM_NAMES = {"pem": "PEM", "der": "DER", "pkcs7": "PKCS#7", "pkcs12": "PKCS#12"}


@click.command(
    cls=Command,
    help=N_(
        "Write what FILE holds (- for standard input) in another form: certificates, private keys, signing requests. "
        "What FILE is, is found by its content. Nothing is dropped unsaid: what the other form cannot hold is refused. "
        "Nothing is put in order or checked: mutua repair does that."
    ),
    epilog=N_(
        "Examples:\n\n"
        "\b\n"
        "  mutua convert console.p7b --to pem -o chain.pem\n"
        "  mutua convert chain.pem console.key --to pkcs12 --password-file password -o console.p12\n"
        "  mutua convert console.pfx --to pem --password-file password --plain -o console.pem\n"
        "  mutua convert root.cer --to der -o root.der\n"
        "\n"
        "Several files are read as one. A private key that is encrypted stays encrypted, by the same password, unless "
        "--out-password-file or --plain says otherwise. PKCS#12 is encrypted with AES-256. Only you can read a file "
        "with a private key in it. PKCS#7 keeps no order.\n"
        "\n"
        "Exit code 0: written, 2: the form cannot hold it or the file cannot be written, 3: not readable."
    ),
)
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@option("-o", "--out", metavar="FILE", required=True, help=N_("Where to write it; - for standard output."))
@option("--to", "form", type=click.Choice(FORMS), required=True, help=N_("The form to write."))
@option(
    "--password-file",
    metavar="FILE",
    help=N_("The password of what is read, and of PKCS#12 that is written; else MUTUA_KEY_PASSWORD."),
)
@option("--out-password-file", metavar="FILE", help=N_("Another password for what is written."))
@option("--plain", is_flag=True, help=N_("Write private keys without encryption."))
@option("--force", is_flag=True, help=N_("Replace the file if it exists."))
def command(
    files: tuple[str, ...],
    out: str,
    form: str,
    password_file: str | None,
    out_password_file: str | None,
    plain: bool,
    force: bool,
) -> None:
    from mutua.cli.contents import read_contents
    from mutua.cli.converting import Form, Secrecy, write_form
    from mutua.cli.keeping import given_passphrase

    only_one_standard_input([*files])
    if plain and (out_password_file is not None or form == "pkcs12"):
        raise Failure(message("--plain does not go with --out-password-file or PKCS#12."), Exit.USAGE)
    password = given_password(password_file)
    new = given_passphrase(out_password_file, PASSWORD_VARIABLE) if out_password_file is not None else None
    contents = read_contents({file: read_file(file) for file in files}, password)
    secrecy = Secrecy(password, new, plain)
    content = write_form(contents, Form(form), secrecy, _asked_password)
    _write(content, out, Form(form), secret=bool(contents.keys), force=force)
    for line in _told(contents, out, Form(form), secrecy):
        click.echo(line, err=out == "-")


def _asked_password() -> bytes:
    asked = read_secret(None, variable=PASSWORD_VARIABLE, prompt=_("Password of the new file"))
    return os.fsencode(asked)


def _write(content: bytes, out: str, form: "Form", *, secret: bool, force: bool) -> None:
    from mutua.authority.files import PUBLIC, SECRET, NewFile
    from mutua.cli.keeping import keep

    if out != "-":
        keep([NewFile(Path(out), content, SECRET if secret else PUBLIC)], force=force)
        return
    if form != "pem" and sys.stdout.isatty():
        raise Failure(message("{form} is not for a terminal.", form=_FORM_NAMES[form]), Exit.USAGE)
    click.echo(content, nl=False)


def _told(contents: "Contents", out: str, form: "Form", secrecy: "Secrecy") -> list[str]:
    from shlex import quote

    from mutua.chain.certificate import printable
    from mutua.cli.facts import lines

    facts = []
    for part in contents.parts:
        facts.append((_("read"), f"{part.name}: {part.encoding}"))
        facts.append(("", _counted(part)))
        if part.old_ciphers:
            facts.append(("", _("locked with an old cipher: {ciphers}", ciphers=", ".join(part.old_ciphers))))
        if part.left_out:
            labels = ", ".join(dict.fromkeys(part.left_out))
            facts.append((_("left out"), _("{labels}: not converted", labels=labels)))
    file = _("standard output") if out == "-" else printable(out)
    facts.append((_("written"), f"{file}: {_FORM_NAMES[form]}"))
    facts.append(("", _counted(contents)))
    facts.extend(("", _secrecy(key, form, secrecy)) for key in contents.keys)
    if form == "pkcs7" and len(contents.certificates) > 1:
        facts.append(("", _("the order of the certificates is not kept: PKCS#7 has none")))
    shown = "FILE" if out == "-" else quote(out)
    return list(lines(facts, _("next: mutua inspect {file}", file=shown)))


def _counted(of: "Contents | Part") -> str:
    counts = (
        (len(of.keys), plural("{count} private key", "{count} private keys", len(of.keys))),
        (len(of.requests), plural("{count} signing request", "{count} signing requests", len(of.requests))),
        (len(of.certificates), plural("{count} certificate", "{count} certificates", len(of.certificates))),
    )
    return ", ".join(text for count, text in counts if count)


def _secrecy(key: "Key", form: "Form", secrecy: "Secrecy") -> str:
    if form == "pkcs12" or secrecy.of(key) is not None:
        return _("the private key is encrypted")
    return _("the private key is not encrypted: only you can read the file")
