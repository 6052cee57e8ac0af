"""The folder of a private authority: making it, and reading certificates and keys back."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from mutua.authority.errors import (
    AuthorityFolderError,
    PassphraseNeededError,
    UnreadableAuthorityError,
    WrongPassphraseError,
)
from mutua.authority.files import NewFile, write_all
from mutua.authority.keys import PrivateKey
from mutua.message import message

_MAX_FILE_BYTES = 64 * 1024
_ENCRYPTED = b"BEGIN ENCRYPTED PRIVATE KEY"


def check_empty(folder: Path) -> None:
    """Raise `AuthorityFolderError` unless the folder is empty or still to be made."""
    try:
        occupant = next(folder.iterdir(), None)
    except FileNotFoundError:
        return
    except OSError as error:
        raise _unusable(folder, error) from error
    if occupant is not None:
        raise AuthorityFolderError(
            message("{folder} is not empty; expected a new or empty folder.", folder=folder),
            message("name another folder: an authority that is in use is never overwritten."),
        )


def fill(folder: Path, files: Sequence[NewFile]) -> None:
    """Write all files, named relative to the folder, which is made where it is missing; or none of them.

    Raises `AuthorityFolderError`.
    """
    try:
        made = _make(folder)
        try:
            write_all([file._replace(path=folder / file.path) for file in files])
        except BaseException:
            if made:
                with suppress(OSError):
                    folder.rmdir()
            raise
    except OSError as error:
        raise _unusable(folder, error) from error


def _make(folder: Path) -> bool:
    """Make the folder for its owner alone; False where it is there already."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        return False
    return True


def _unusable(folder: Path, error: OSError) -> AuthorityFolderError:
    return AuthorityFolderError(
        message("{folder} cannot be used: {reason}.", folder=folder, reason=error.strerror or error),
        message("name a folder that can be made, or that is empty and writable."),
    )


def read_certificate(path: Path) -> x509.Certificate:
    """The certificate in a PEM file of the authority. Raises `UnreadableAuthorityError`."""
    try:
        return x509.load_pem_x509_certificate(_read(path))
    except ValueError as error:
        raise UnreadableAuthorityError(message("{path} is not a certificate that can be read.", path=path)) from error


def read_key(path: Path, passphrase: bytes | None) -> PrivateKey:
    """The private key in a PEM file of the authority; a passphrase that it does not need is ignored.

    Raises `UnreadableAuthorityError`, `PassphraseNeededError` and `WrongPassphraseError`.
    """
    pem = _read(path)
    encrypted = _ENCRYPTED in pem
    if encrypted and not passphrase:
        raise PassphraseNeededError(message("{path} is encrypted and no password was given.", path=path))
    try:
        key = load_pem_private_key(pem, passphrase if encrypted else None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        if encrypted:
            raise WrongPassphraseError(message("the password does not open {path}.", path=path)) from error
        raise UnreadableAuthorityError(message("{path} is not a private key that can be read.", path=path)) from error
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise UnreadableAuthorityError(message("{path} is neither an RSA nor an EC key.", path=path))
    return key


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_FILE_BYTES + 1)
    except OSError as error:
        raise UnreadableAuthorityError(
            message("{path} cannot be read: {reason}.", path=path, reason=error.strerror or error),
            message("name the folder that `mutua ca init` made."),
        ) from error
    if len(content) > _MAX_FILE_BYTES:
        raise UnreadableAuthorityError(message("{path} is far too long for what it should be.", path=path))
    return content
