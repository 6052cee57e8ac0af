"""A private certificate authority: a root, and the intermediate that signs."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from mutua.authority.accept import accept
from mutua.authority.errors import AuthorityNameError, AuthorityOutOfDateError, UnreadableAuthorityError
from mutua.authority.files import PUBLIC, SECRET, NewFile
from mutua.authority.folder import check_empty, fill, read_certificate, read_key
from mutua.authority.issue import CLIENT_AUTH, CLOCK_TOLERANCE, SERVER_AUTH, Issued, Template, issue
from mutua.authority.keys import KeyType, PrivateKey, generate, to_pem
from mutua.message import message

ROOT_CERTIFICATE, ROOT_KEY = "root.pem", "root.key"
INTERMEDIATE_CERTIFICATE, INTERMEDIATE_KEY = "intermediate.pem", "intermediate.key"

ROOT_LIFE = timedelta(days=3652)
INTERMEDIATE_LIFE = timedelta(days=1826)

MAX_NAME_BYTES = 64 - len(" Intermediate CA")
"""What RFC 5280, appendix A.1, leaves of a common name (in UTF-8)."""


class LeafUsage(StrEnum):
    """What the certificate will be used as. In a migration a console is both (R5)."""

    BOTH = "both"
    SERVER = "server"
    CLIENT = "client"


_PURPOSES = {
    LeafUsage.BOTH: (SERVER_AUTH, CLIENT_AUTH),
    LeafUsage.SERVER: (SERVER_AUTH,),
    LeafUsage.CLIENT: (CLIENT_AUTH,),
}


class SignedChain(NamedTuple):
    """A new certificate and those above it."""

    leaf: x509.Certificate
    intermediate: x509.Certificate
    root: x509.Certificate

    @property
    def chain_pem(self) -> bytes:
        """Leaf, intermediate, root in PEM: what a console's chain upload needs (R2, R4, R7)."""
        return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in self)


@dataclass(frozen=True)
class Authority:
    """Who signs. The root's private key was needed once, to make the intermediate, so it is not here."""

    root: x509.Certificate
    intermediate: Issued

    def sign(
        self, request: x509.CertificateSigningRequest, *, usage: LeafUsage = LeafUsage.BOTH, days: int = 365
    ) -> SignedChain:
        """Issue a leaf for the request's key, subject and alternative names.

        It is valid for `days` (at least 1) and never longer than the intermediate. Raises
        `RequestRefusedError` (bad signature, R9, R11, weak key) and `AuthorityOutOfDateError`.
        """
        if days < 1:
            raise ValueError(f"{days} days")
        accepted = accept(request, needs_name=usage is not LeafUsage.CLIENT)
        not_before, not_after = self._validity(timedelta(days=days))
        template = Template(
            subject=accepted.subject,
            names=accepted.names,
            not_before=not_before,
            not_after=not_after,
            extended_key_usage=_PURPOSES[usage],
        )
        leaf = issue(template, key=accepted.public_key, issuer=self.intermediate)
        return SignedChain(leaf.certificate, self.intermediate.certificate, self.root)

    def _validity(self, wanted: timedelta) -> tuple[datetime, datetime]:
        """From when until when a leaf is valid: never outside its issuer's own time."""
        now = datetime.now(UTC)
        begin = self.intermediate.certificate.not_valid_before_utc
        end = self.intermediate.certificate.not_valid_after_utc
        if not begin <= now < end:
            raise AuthorityOutOfDateError(
                message(
                    "the intermediate is valid from {begin} to {end}, and today is {today}.",
                    begin=begin.date(),
                    end=end.date(),
                    today=now.date(),
                ),
                message("check this machine's clock; if it is right, make a new authority."),
            )
        return max(begin, now - CLOCK_TOLERANCE), min(end, now + wanted)


def create(
    folder: Path, *, name: str, key_type: KeyType = KeyType.RSA_3072, passphrase: bytes | None = None
) -> Authority:
    """Make a root (10 years) and an intermediate (5 years) in a new or empty folder: all four files or none.

    With a passphrase both keys are encrypted. Raises `AuthorityNameError`, `AuthorityFolderError`, and
    `ValueError` on an empty passphrase.
    """
    _check_name(name)
    check_empty(folder)
    root_key, intermediate_key = generate(key_type), generate(key_type)
    root = _issue_ca(f"{name.strip()} Root CA", ROOT_LIFE, root_key)
    intermediate = _issue_ca(f"{name.strip()} Intermediate CA", INTERMEDIATE_LIFE, intermediate_key, root)
    files = [
        NewFile(Path(ROOT_KEY), to_pem(root_key, passphrase), SECRET),
        NewFile(Path(ROOT_CERTIFICATE), root.pem, PUBLIC),
        NewFile(Path(INTERMEDIATE_KEY), to_pem(intermediate_key, passphrase), SECRET),
        NewFile(Path(INTERMEDIATE_CERTIFICATE), intermediate.pem, PUBLIC),
    ]
    fill(folder, files)
    return Authority(root.certificate, intermediate)


def load(folder: Path, passphrase: bytes | None = None) -> Authority:
    """The authority in a folder that `create` made. The root's private key may be kept elsewhere.

    A passphrase is ignored where the key is not encrypted. Raises `UnreadableAuthorityError`,
    `PassphraseNeededError` and `WrongPassphraseError`.
    """
    root = read_certificate(folder / ROOT_CERTIFICATE)
    intermediate = read_certificate(folder / INTERMEDIATE_CERTIFICATE)
    key = read_key(folder / INTERMEDIATE_KEY, passphrase)
    if key.public_key() != intermediate.public_key():
        raise UnreadableAuthorityError(
            message("{path} is the key of another certificate.", path=folder / INTERMEDIATE_KEY),
            message("bring back the files of this authority from where they are kept safe."),
        )
    try:
        intermediate.verify_directly_issued_by(root)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm) as error:
        raise UnreadableAuthorityError(
            message("{path} was signed by another root.", path=folder / INTERMEDIATE_CERTIFICATE),
            message("bring back the files of this authority from where they are kept safe."),
        ) from error
    return Authority(root, Issued(intermediate, key))


def _check_name(name: str) -> None:
    """R9 holds for the authority's own certificates too."""
    stripped = name.strip()
    if not stripped or "*" in stripped or not stripped.isprintable() or len(stripped.encode()) > MAX_NAME_BYTES:
        raise AuthorityNameError(
            message(
                "an authority cannot be named {name!r}; expected at most {limit} printable characters, no wildcard.",
                name=stripped[:64],
                limit=MAX_NAME_BYTES,
            )
        )


def _issue_ca(common_name: str, life: timedelta, key: PrivateKey, issuer: Issued | None = None) -> Issued:
    template = Template(
        common_name=common_name,
        not_after=datetime.now(UTC) + life,
        is_ca=True,
        path_length=None if issuer is None else 0,
    )
    return issue(template, key=key, issuer=issuer)
