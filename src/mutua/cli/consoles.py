"""Reaching consoles from the command line: where they are, who signs in, and whose certificates count."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from mutua.cli.exits import Exit, Failure
from mutua.cli.input import read_file, read_secret
from mutua.cli.speaking import F, option
from mutua.language import _
from mutua.message import N_, Message, message

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl

    from mutua.peering.remote import ConsoleRefusedError, RemoteConsole

_UNAUTHORISED = 401


class ConsoleAddress(click.ParamType[str]):
    """host:port of a console's public listener; https:// in front is fine."""

    name = "host:port"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The address without what is around it."""
        from mutua.console.api.address import is_address

        address = str(value).removeprefix("https://").rstrip("/")
        if not is_address(address):
            wrong = _("{value}: expected host:port, such as 127.0.0.1:8443 or [::1]:8443", value=repr(value))
            self.fail(wrong, param, ctx)
        return address


def trust_options(command: F) -> F:
    """Whose certificates count: `--ca-file` or `--insecure`."""
    for decorate in (
        option("--insecure", is_flag=True, help=N_("Do not verify the consoles' certificates. Dangerous.")),
        option(
            "--ca-file",
            metavar="FILE",
            help=N_("Trust these certificates (a root, or a console's certificate.pem) instead of the system's."),
        ),
    ):
        command = decorate(command)
    return command


def console_options(command: F) -> F:
    """Which console, and who signs in."""
    for decorate in (
        trust_options,
        option("--password-file", metavar="FILE", help=N_("The password; else MUTUA_PASSWORD, else a prompt.")),
        option("--user", default="admin", show_default=True, help=N_("A local administrator.")),
        option("--console", "address", type=ConsoleAddress(), required=True, help=N_("The console, host:port.")),
    ):
        command = decorate(command)
    return command


def state_option(command: F) -> F:
    """The state folder of a console, for those who may read it."""
    about = N_("The console's folder for the database, keys and logs.")
    return option("--state", type=click.Path(path_type=Path), required=True, help=about)(command)


def trust(ca_file: str | None, insecure: bool) -> "ssl.SSLContext":
    """The context for the public listeners. Switching verification off is said aloud."""
    from mutua.chain.decode import decode
    from mutua.peering.contexts import public_client, system_client, unverified_client

    if insecure:
        warning = _("Warning: certificates are NOT verified. Anybody in between can read the passwords.")
        click.secho(warning, fg="red", bold=True, err=True)
        return unverified_client()
    if ca_file is None:
        return system_client()
    certificates = decode(read_file(ca_file)).certificates
    if not certificates:
        raise Failure(
            message("{name} holds no certificate that could be trusted.", name=ca_file),
            Exit.UNREADABLE,
            message("give a root, or the certificate.pem in a console's state folder."),
        )
    return public_client(b"".join(certificate.pem for certificate in certificates).decode())


@contextmanager
def signed_in(
    address: str, user: str, password_file: str | None, context: "ssl.SSLContext", variable: str = "MUTUA_PASSWORD"
) -> "Iterator[RemoteConsole]":
    """A signed-in session; whatever goes wrong becomes a `Failure` that says what."""
    from mutua.peering.remote import ConsoleRefusedError, ConsoleUnreachableError, RemoteConsole

    password = read_secret(
        password_file, variable=variable, prompt=_("Password of {user} at {address}", user=user, address=address)
    )
    try:
        with RemoteConsole(address, user, password, context) as console:
            yield console
    except ConsoleUnreachableError as error:
        raise Failure(
            message("{address} was not reached: {problem}.", address=error.address, problem=error.problem),
            Exit.UNREACHABLE,
            message("check the address and port; --ca-file says which certificate to trust."),
        ) from error
    except ConsoleRefusedError as error:
        raise _refused(error) from error


def _refused(error: "ConsoleRefusedError") -> Failure:
    if error.status == _UNAUTHORISED:
        return Failure(
            message("{address} does not accept this user and password.", address=error.address), Exit.UNREACHABLE
        )
    causes = "".join(f"\n  {argument}" for argument in error.arguments)
    return Failure(
        Message(
            N_("{address} refuses: {id} {text}{causes}"),
            {"address": error.address, "id": error.message_id, "text": error.message, "causes": causes},
        ),
        Exit.FINDINGS,
    )
