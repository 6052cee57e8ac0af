"""`mutua key`: making private keys, showing keys, and finding out what belongs together."""

from pathlib import Path

import click

from mutua.cli.csr_new import KEY_TYPES, PASSWORD_VARIABLE
from mutua.cli.exits import Exit, Failure
from mutua.cli.input import read_file
from mutua.cli.keeping import given_passphrase, keep
from mutua.cli.speaking import Group, json_option, option
from mutua.language import _
from mutua.message import N_, message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mutua.cli.key_holders import Holder, MatchedKeysJson, ShownKeysJson


@click.group(
    "key",
    cls=Group,
    help=N_("Make a private key, show one, or say which keys, requests and certificates belong together."),
    epilog=N_(
        "Examples:\n\n"
        "\b\n"
        "  mutua key new -o web.key\n"
        "  mutua key show web.key\n"
        "  mutua key match web.key web.csr chain.pem\n"
        "\n"
        "The private part of a key is never shown."
    ),
)
def command() -> None:
    pass


_PASSWORD = option(
    "--password-file", metavar="FILE", help=N_("The password of encrypted keys; else MUTUA_KEY_PASSWORD.")
)


@command.command(
    "new",
    help=N_("Make a private key that only you can read. (mutua csr new makes one with its signing request.)"),
    epilog=N_(
        "Examples:\n\n"
        "\b\n"
        "  mutua key new -o web.key\n"
        "  mutua key new --key-type ec-p256 --password-file key.password -o web.key\n"
        "\n"
        "The password may also stand in the variable MUTUA_KEY_PASSWORD. Without one the key is not encrypted.\n"
        "\n"
        "Exit code 0: made, 2: the file cannot be written."
    ),
)
@option("-o", "--out", metavar="FILE", required=True, type=click.Path(path_type=Path), help=N_("Where to keep it."))
@option(
    "--key-type", type=click.Choice(KEY_TYPES), default="rsa-2048", show_default=True, help=N_("The kind of the key.")
)
@option("--password-file", metavar="FILE", help=N_("Encrypt the key with the password in this file."))
@option("--force", is_flag=True, help=N_("Replace the file if it exists."))
def new(out: Path, key_type: str, password_file: str | None, force: bool) -> None:
    from mutua.authority.files import SECRET, NewFile
    from mutua.authority.keys import KeyType, generate, to_pem
    from mutua.cli.facts import lines
    from mutua.cli.x509_words import key_words

    passphrase = given_passphrase(password_file, PASSWORD_VARIABLE)
    key = generate(KeyType(key_type))
    keep([NewFile(out, to_pem(key, passphrase), SECRET)], force=force)
    facts = [
        (_("key"), str(key_words(key))),
        (_("file"), str(out)),
        ("", _("encrypted") if passphrase is not None else _("not encrypted: only you can read the file")),
    ]
    for line in lines(facts, _("what is in it: mutua key show {file}", file=out)):
        click.echo(line)


@command.command(
    "show",
    help=N_(
        "Show the keys in each FILE (- for standard input), those of signing requests and certificates too: type, "
        "size, curve, whether encrypted, and SHA-256 of the public key."
    ),
    epilog=N_(
        "Examples:\n\n"
        "\b\n"
        "  mutua key show web.key\n"
        "  mutua key show web.key --password-file key.password --format json\n"
        "\n"
        "Exit code 0: shown, 3: there is no key in a file, or one that cannot be read."
    ),
)
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@_PASSWORD
@json_option
def show(files: tuple[str, ...], password_file: str | None, form: str) -> None:
    from mutua.cli.key_holders import shown_json, shown_lines

    found, readable = _found(files, password_file)
    if form == "json":
        _print_json(shown_json(found))
    else:
        click.echo("\n".join(shown_lines(found)).rstrip())
    if not readable:
        raise SystemExit(Exit.UNREADABLE)


@command.command(
    "match",
    help=N_("Say which of the keys, signing requests and certificates in the files belong together."),
    epilog=N_(
        "Examples:\n\n"
        "\b\n"
        "  mutua key match web.key web.csr web.pem\n"
        "  mutua key match *.key *.csr *.pem\n"
        "\n"
        "The CA certificates of a chain do not count, unless a file has the key of one.\n"
        "\n"
        "Exit code 0: all of it is one key, 1: it is not, 3: a file cannot be read or a key not be opened."
    ),
)
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@_PASSWORD
@json_option
def match(files: tuple[str, ...], password_file: str | None, form: str) -> None:
    from mutua.cli.key_holders import groups, matched_json, matched_lines, verdict
    from mutua.cli.paragraphs import wrapped

    found, readable = _found(files, password_file)
    if form == "json":
        _print_json(matched_json(found))
    else:
        click.echo("\n".join([*matched_lines(found), *wrapped(verdict(found), " ")]))
    if not readable or any(holder.key_id is None for holder in found):
        raise SystemExit(Exit.UNREADABLE)
    if len(groups(found)) > 1:
        raise SystemExit(Exit.FINDINGS)


def _found(files: tuple[str, ...], password_file: str | None) -> "tuple[list[Holder], bool]":
    """What holds a key, and whether all that was given could be read. Raises `Failure` where there is no key at all."""
    from mutua.chain.certificate import printable
    from mutua.cli.holding import read
    from mutua.cli.key_holders import holders, unreadable_lines

    if files.count("-") > 1:
        raise Failure(message("only one of the files can come from standard input."), Exit.USAGE)
    passphrase = given_passphrase(password_file, PASSWORD_VARIABLE)
    found: list[Holder] = []
    readable = True
    for file in dict.fromkeys(files):
        holding = read(read_file(file), passphrase)
        held = list(holders(file, holding))
        found.extend(held)
        readable = readable and bool(held) and not holding.unreadable
        if not held and not holding.unreadable:
            Failure(message("there is no key in {file}.", file=printable(file)), Exit.UNREADABLE).show()
        for line in unreadable_lines(file, holding):
            click.echo(line, err=True)
    if not found:
        raise SystemExit(Exit.UNREADABLE)
    return found, readable


def _print_json(value: "ShownKeysJson | MatchedKeysJson") -> None:
    import json

    click.echo(json.dumps(value, indent=2))
