"""Whatever holds a key: private and public keys, signing requests, certificates. Never anything of a private part."""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Literal, NamedTuple, TypedDict

from cryptography import x509

from mutua.chain.certificate import readable_name
from mutua.chain.request import SigningRequest
from mutua.cli.digests import spaced
from mutua.cli.holding import Holding
from mutua.cli.inspect_json import KeyJson, key_json
from mutua.cli.paragraphs import sides, wrapped
from mutua.cli.x509_words import KeyWords, public_key_words, shown
from mutua.language import _, translate
from mutua.message import N_

FORMAT_VERSION: Literal[1] = 1
"""Of both JSON forms. They grow by new keys; a changed or lost one raises the number."""

PRIVATE, PUBLIC, REQUEST, CERTIFICATE = "private key", "public key", "signing request", "certificate"
_KINDS = {
    PRIVATE: N_("private key"),
    PUBLIC: N_("public key"),
    REQUEST: N_("signing request"),
    CERTIFICATE: N_("certificate"),
}


class HolderJson(TypedDict):
    """One thing that holds a key. Of a private key nothing but type and size is told."""

    file: str
    """The file that it is in, as it was given."""
    kind: str
    """Whether it is a private key, public key, signing request or certificate."""
    name: str | None
    """Whose it is, where it says so."""
    key: KeyJson | None
    """The key; null where it is encrypted, or of a kind that is not known."""
    encrypted: bool
    """Whether it is encrypted."""
    key_sha256: str | None
    """SHA-256 of its public half (SubjectPublicKeyInfo), lower-case hexadecimal; null where that is not known."""


class ShownKeysJson(TypedDict):
    """All that holds a key."""

    version: Literal[1]
    """Of this form. It grows by new keys; a changed or lost one raises the number."""
    keys: list[HolderJson]
    """In the order of the files."""


class MatchedKeysJson(TypedDict):
    """What belongs together."""

    version: Literal[1]
    """Of this form. It grows by new keys; a changed or lost one raises the number."""
    match: bool
    """Whether all of it is one key."""
    groups: list[list[HolderJson]]
    """Those that have the same key stand together."""
    unknown: list[HolderJson]
    """Those of which nobody can say."""


class Holder(NamedTuple):
    """One thing that holds a key. `words` and `key_id` are None where it is encrypted, or nobody here knows it."""

    file: str
    kind: str
    name: str
    """Whose it is, where it says so."""
    words: KeyWords | None
    key_id: bytes | None
    encrypted: bool = False
    is_authority: bool = False
    """Whether it is a CA certificate."""

    @property
    def key_sha256(self) -> str | None:
        """SHA-256 of the public key (DER SubjectPublicKeyInfo), lower-case hexadecimal."""
        return None if self.key_id is None else sha256(self.key_id).hexdigest()


def holders(file: str, holding: Holding) -> Iterator[Holder]:
    """Everything in a file that holds a key."""
    for key in holding.keys:
        yield Holder(file, PRIVATE if key.private else PUBLIC, "", key.words, key.key_id, key.encrypted)
    for request in holding.requests:
        yield _of_request(file, request.x509)
    for certificate in holding.material.certificates:
        words = public_key_words(certificate.x509)
        key_id, is_ca = certificate.key_id, certificate.is_ca
        yield Holder(file, CERTIFICATE, certificate.issued_to, words, key_id, is_authority=is_ca)


def _of_request(file: str, request: x509.CertificateSigningRequest) -> Holder:
    asked = SigningRequest.of(request)
    return Holder(file, REQUEST, readable_name(asked.subject), public_key_words(request), asked.key_id)


def shown_lines(found: Iterable[Holder]) -> Iterator[str]:
    """Each with type, size and digest."""
    kind, digest_of = _("key"), _("key SHA-256")
    for holder in found:
        yield from sides(f" {_title(holder)}", shown(holder.file))
        yield from wrapped(_words(holder), f"    {kind:<13}")
        if holder.key_sha256 is not None:
            digest = spaced(holder.key_sha256)
            yield f"    {digest_of:<13}{digest[:48]}"
            yield f"    {'':<13}{digest[48:]}"
        yield ""


def _title(holder: Holder) -> str:
    kind = _(_KINDS[holder.kind])
    return f"{kind}   {holder.name}" if holder.name else kind


def _words(holder: Holder) -> str:
    if holder.words is None:
        return _("encrypted, not opened") if holder.encrypted else _("of a kind that is not known here")
    if holder.kind != PRIVATE:
        return str(holder.words)
    if holder.encrypted:
        return _("{key}, encrypted", key=holder.words)
    return _("{key}, not encrypted", key=holder.words)


def groups(found: Iterable[Holder]) -> Mapping[bytes, list[Holder]]:
    """What belongs together, by the key that it holds, in the order in which the keys are met first.

    The authorities of a chain are left out unless something else has their key, or there is nothing else.
    """
    together: dict[bytes, list[Holder]] = {}
    for holder in found:
        if holder.key_id is not None:
            together.setdefault(holder.key_id, []).append(holder)
    beside_authorities = {
        key: members for key, members in together.items() if not all(member.is_authority for member in members)
    }
    return beside_authorities or together


def matched_lines(found: list[Holder]) -> Iterator[str]:
    """A paragraph for each key, with all that holds it."""
    for members in groups(found).values():
        digest = spaced(members[0].key_sha256 or "")
        yield from sides(f" {members[0].words or '?'}", f"SHA-256 {digest[:23]}…")
        for member in members:
            yield from sides(f"    {_title(member)}", shown(member.file))
        yield ""
    counted = groups(found)
    others = [holder for holder in found if holder.key_id is None or holder.key_id not in counted]
    for holder in others:
        what = _("an authority, not counted") if holder.is_authority else _words(holder)
        yield from sides(f" · {_title(holder)}: {what}", shown(holder.file))
    if others:
        yield ""


def verdict(found: list[Holder]) -> str:
    """Whether all of it belongs together, in a sentence."""
    count = len(groups(found))
    if any(holder.key_id is None for holder in found):
        return _("Not all of it could be read, so nobody can tell whether it belongs together.")
    if count == 1:
        return _("All of it belongs together: it is one key.")
    return _("It does not belong together: these are {count} keys.", count=count)


def shown_json(found: Iterable[Holder]) -> ShownKeysJson:
    """All that holds a key, for machines."""
    return {"version": FORMAT_VERSION, "keys": [_holder_json(holder) for holder in found]}


def matched_json(found: list[Holder]) -> MatchedKeysJson:
    """What belongs together, for machines."""
    together = groups(found)
    return {
        "version": FORMAT_VERSION,
        "match": len(together) == 1 and all(holder.key_id is not None for holder in found),
        "groups": [[_holder_json(holder) for holder in members] for members in together.values()],
        "unknown": [_holder_json(holder) for holder in found if holder.key_id is None],
    }


def _holder_json(holder: Holder) -> HolderJson:
    return {
        "file": holder.file,
        "kind": holder.kind,
        "name": holder.name or None,
        "key": key_json(holder.words),
        "encrypted": holder.encrypted,
        "key_sha256": holder.key_sha256,
    }


def unreadable_lines(file: str, holding: Holding) -> Iterator[str]:
    """What should have been something and is not."""
    for block in holding.unreadable[:20]:
        reason = translate(block.reason)
        yield from wrapped(_("{file}: unreadable: {reason}", file=shown(file), reason=shown(reason)), " ✗ ")
