"""Who this console is: its signing requests, its certificates, and the roots it trusts (R2–R4, R7)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)
from sqlalchemy import Connection, func, select

from mutua import chain
from mutua.authority.issue import self_signed
from mutua.authority.keys import KeyType, PrivateKey, generate
from mutua.authority.request import Subject, build_request
from mutua.chain.certificate import Certificate
from mutua.chain.decode import decode, key_of_request
from mutua.peering.contexts import Presented
from mutua.storage.database import Database
from mutua.storage.sealing import Sealer
from mutua.storage.tables import identities, signing_requests, trusted_roots


class IdentityKind(StrEnum):
    """How an identity came to be: by itself, by a single certificate, or by a whole chain (R2)."""

    SELF_SIGNED = "self-signed"
    CERTIFICATE = "certificate"
    CHAIN = "chain"


_KIND_OF = {chain.Profile.MIGRATION: IdentityKind.CHAIN, chain.Profile.SERVER: IdentityKind.CERTIFICATE}


class Identity:
    """What this console presents: certificates (leaf first, root last where there is one) and the key."""

    def __init__(self, kind: IdentityKind, certificates: Sequence[Certificate], key: PrivateKey) -> None:
        self.kind = kind
        self.certificates = tuple(certificates)
        self._key = key

    @property
    def leaf(self) -> Certificate:
        """The certificate whose key this console has."""
        return self.certificates[0]

    @property
    def pem(self) -> bytes:
        """All certificates, leaf first."""
        return b"".join(certificate.pem for certificate in self.certificates)

    @cached_property
    def presented(self) -> Presented:
        """For a handshake: without the root, which the other side must know by itself."""
        shown = [c for number, c in enumerate(self.certificates) if number == 0 or not c.is_self_signed]
        return Presented(b"".join(certificate.pem for certificate in shown), self._key)


class Answer(NamedTuple):
    """What became of an upload: the report, and the identity if the upload was taken."""

    report: chain.Report
    identity: Identity | None

    @property
    def refusal(self) -> chain.Refusal | None:
        """The appliance's error, if it was not taken."""
        return self.report.refusal


class Identities:
    """The identity of this console and its history, in the database."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    def has_identity(self) -> bool:
        """False before the first start only."""
        with self._database.reading() as connection:
            return connection.execute(select(func.count()).select_from(identities)).scalar_one() > 0

    def current(self) -> Identity:
        """The newest identity."""
        with self._database.reading() as connection:
            row = connection.execute(select(identities).order_by(identities.c.id.desc()).limit(1)).one()
        certificates = decode(row.certificates_pem.encode()).certificates
        return Identity(IdentityKind(row.kind), certificates, self._open(row.key_sealed, row.key_sha256))

    def create_self_signed(self, name: str, names: Sequence[x509.GeneralName]) -> None:
        """The identity of the first start: nobody vouches for it yet."""
        issued = self_signed(name, names)
        if issued.key is None:
            raise ValueError("a self-signed identity has a key")
        identity = Identity(IdentityKind.SELF_SIGNED, decode(issued.pem).certificates, issued.key)
        with self._database.writing() as connection:
            self._store(connection, identity, issued.key)

    def generate_request(self, subject: Subject, names: Sequence[x509.GeneralName], key_type: KeyType) -> str:
        """A signing request (PEM) for a fresh key that never leaves this console (R3)."""
        key = generate(key_type)
        pem = build_request(key, subject, names).public_bytes(Encoding.PEM).decode()
        key_sha256 = _key_sha256(key)
        with self._database.writing() as connection:
            connection.execute(
                signing_requests.insert().values(
                    pem=pem,
                    key_sha256=key_sha256,
                    key_sealed=self._seal(key, key_sha256),
                    created_at=datetime.now(UTC),
                )
            )
        return pem

    def latest_request(self) -> str | None:
        """The newest signing request (PEM), if one was ever made."""
        newest = select(signing_requests.c.pem).order_by(signing_requests.c.id.desc()).limit(1)
        with self._database.reading() as connection:
            return connection.execute(newest).scalar_one_or_none()

    def examine(self, data: bytes, profile: chain.Profile) -> chain.Report:
        """What an upload would find, without doing it. Raises `chain.InputTooLargeError`."""
        with self._database.reading() as connection:
            requests = connection.execute(select(signing_requests.c.pem)).scalars().all()
        keys = [key_of_request(pem.encode()) for pem in requests]
        return chain.check(data, profile=profile, at=datetime.now(UTC), request_keys=keys)

    def upload(self, data: bytes, profile: chain.Profile) -> Answer:
        """Take a chain (profile migration) or a single certificate (profile server), or refuse it.

        A refusal changes nothing. A chain's root joins the trusted roots (R7).
        Raises `chain.InputTooLargeError`.
        """
        report = self.examine(data, profile)
        if report.refusal is not None:
            return Answer(report, None)
        kept = report.path if profile is chain.Profile.MIGRATION else report.path[:1]
        with self._database.writing() as connection:
            identity = Identity(_KIND_OF[profile], kept, self._key_of(connection, kept[0]))
            self._store(connection, identity, identity.presented.key)
            if report.arrangement.root is not None and profile is chain.Profile.MIGRATION:
                _trust(connection, report.arrangement.root)
        return Answer(report, identity)

    def trusted_roots(self) -> tuple[Certificate, ...]:
        """The trust anchors for other consoles, oldest first."""
        with self._database.reading() as connection:
            pems = connection.execute(select(trusted_roots.c.pem).order_by(trusted_roots.c.added_at)).scalars().all()
        return decode("".join(pems).encode()).certificates

    def trusted_roots_pem(self) -> str:
        """The trust anchors, for a TLS context."""
        return b"".join(root.pem for root in self.trusted_roots()).decode()

    def _key_of(self, connection: Connection, leaf: Certificate) -> PrivateKey:
        digest = sha256(leaf.key_id).hexdigest()
        sealed = connection.execute(
            select(signing_requests.c.key_sealed).where(signing_requests.c.key_sha256 == digest)
        ).scalar_one()
        return self._open(sealed, digest)

    def _store(self, connection: Connection, identity: Identity, key: PrivateKey) -> None:
        key_sha256 = _key_sha256(key)
        connection.execute(
            identities.insert().values(
                kind=identity.kind,
                certificates_pem=identity.pem.decode(),
                key_sha256=key_sha256,
                key_sealed=self._seal(key, key_sha256),
                created_at=datetime.now(UTC),
            )
        )

    def _seal(self, key: PrivateKey, key_sha256: str) -> bytes:
        der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        return self._sealer.seal(der, seal_place(key_sha256))

    def _open(self, sealed: bytes, key_sha256: str) -> PrivateKey:
        der = self._sealer.open(sealed, seal_place(key_sha256))
        return load_der_private_key(der, None)  # type: ignore[return-value]  # Only our own types are stored.


def seal_place(key_sha256: str) -> str:
    """The place that a private key is sealed for."""
    return f"key:{key_sha256}"


def key_sha256(certificate: Certificate) -> str:
    """How a peer is known: the SHA-256 of its leaf's public key, which a renewal may keep."""
    return sha256(certificate.key_id).hexdigest()


def _key_sha256(key: PrivateKey) -> str:
    return sha256(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def _trust(connection: Connection, root: Certificate) -> None:
    known = select(trusted_roots.c.sha256).where(trusted_roots.c.sha256 == root.fingerprint)
    if connection.execute(known).one_or_none() is None:
        connection.execute(
            trusted_roots.insert().values(sha256=root.fingerprint, pem=root.pem.decode(), added_at=datetime.now(UTC))
        )
