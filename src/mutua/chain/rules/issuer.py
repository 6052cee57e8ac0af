"""Rules about how a certificate names its issuer: where the key fits, and the name or the key id does not (R8)."""

from collections.abc import Iterator
from itertools import pairwise

from cryptography import x509

from mutua.chain.appliance import Stage
from mutua.chain.catalogue import CHAINS, Evidence, Examined, errors, rule
from mutua.chain.certificate import Certificate, printable
from mutua.message import N_, message

_STRING_TYPES = {
    0x0C: "UTF8String",
    0x12: "NumericString",
    0x13: "PrintableString",
    0x14: "TeletexString",
    0x16: "IA5String",
    0x1C: "UniversalString",
    0x1E: "BMPString",
}
"""By their tags (X.690, section 8.23)."""


@rule(
    "chain.name-bytes-differ",
    "R8",
    errors(*CHAINS),
    stage=Stage.CHAIN,
    title=N_("the issuer's name is spelled in other bytes"),
    reason=N_(
        "The names are equal as people read them and OpenSSL takes them; verifiers that compare byte for byte "
        "(Go, Rust, Python's cryptography) find no issuer."
    ),
    fix=N_("have it issued again by a CA that copies its own subject into the issuer byte for byte."),
    source="RFC 5280, section 7.1",
    explains=True,
)
def name_bytes_differ(examined: Examined) -> Iterator[Evidence]:
    if examined.verdict.valid:
        return  # The engine compares byte for byte.
    for certificate, issuer in pairwise(examined.path):
        if certificate.issuer.public_bytes() != issuer.subject.public_bytes():
            yield _spelled_differently(certificate, issuer)


def _spelled_differently(certificate: Certificate, issuer: Certificate) -> Evidence:
    for written, read in zip(certificate.issuer, issuer.subject, strict=False):
        written_type, read_type = _string_type(written), _string_type(read)
        if (written_type, written.value) != (read_type, read.value):
            return Evidence(
                message(
                    "Its issuer and the subject of {issuer} differ in {attribute}: {written} there, {read} here.",
                    issuer=issuer.issued_to,
                    attribute=written.rfc4514_attribute_name,
                    written=_shown(written, written_type),
                    read=_shown(read, read_type),
                ),
                certificate,
            )
    return Evidence(
        message("Its issuer and the subject of {issuer} differ in how they are put together.", issuer=issuer.issued_to),
        certificate,
    )


def _shown(attribute: x509.NameAttribute[str | bytes], string_type: str) -> str:
    return f"{string_type} {printable(repr(attribute.value))}"


def _string_type(attribute: x509.NameAttribute[str | bytes]) -> str:
    """How the value is encoded: what stands right after the identifier in the attribute's DER."""
    whole = x509.Name([attribute]).public_bytes()
    identifier = _der_of(attribute.oid)
    tag = whole[whole.index(identifier) + len(identifier)]
    return _STRING_TYPES.get(tag, f"tag {tag}")


def _der_of(oid: x509.ObjectIdentifier) -> bytes:
    """An identifier as X.690, section 8.19, encodes it."""
    first, second, *rest = (int(part) for part in oid.dotted_string.split("."))
    content = b"".join(map(_base_128, (40 * first + second, *rest)))
    return bytes([0x06, len(content)]) + content


def _base_128(number: int) -> bytes:
    digits = [number & 0x7F]
    while number := number >> 7:
        digits.insert(0, number & 0x7F | 0x80)
    return bytes(digits)


@rule(
    "chain.key-id-mismatch",
    "R8",
    errors(*CHAINS),
    stage=Stage.CHAIN,
    title=N_("the issuer is named by another key id"),
    reason=N_(
        "The signature is right, but the certificate asks for an issuer with another key id or serial number; OpenSSL "
        "goes by these, and finds no issuer."
    ),
    fix=N_("have it issued again: the authority key identifier must repeat the subject key identifier of the CA."),
    source="RFC 5280, section 4.2.1.1",
    remedy="key-identifiers",
)
def key_id_mismatch(examined: Examined) -> Iterator[Evidence]:
    for certificate, issuer in pairwise(examined.path):
        wanted, found = certificate.authority_key, issuer.key_identifier
        if wanted is not None and found is not None and wanted != found:
            yield Evidence(
                message(
                    "It asks for key id {wanted}; {issuer}, which signed it, says {found}.",
                    wanted=wanted,
                    issuer=issuer.issued_to,
                    found=found,
                ),
                certificate,
            )
        elif certificate.authority_serial_number not in (None, issuer.serial_number):
            yield Evidence(
                message(
                    "It asks for the certificate of {issuer} with serial number {wanted:x}; this one has {found:x}.",
                    issuer=issuer.issued_to,
                    wanted=certificate.authority_serial_number,
                    found=issuer.serial_number,
                ),
                certificate,
            )


@rule(
    "chain.named-like-its-issuer",
    "R8",
    errors(*CHAINS),
    stage=Stage.CHAIN,
    title=N_("it has the name of its issuer"),
    reason=N_(
        "OpenSSL takes a certificate that is issued by its own name for a self-signed one, and looks no further."
    ),
    fix=N_("request it anew under a name of its own, or from a CA that adds an authority key identifier."),
    source="RFC 5280, section 4.2.1.1",
    remedy="key-identifiers",
)
def named_like_its_issuer(examined: Examined) -> Iterator[Evidence]:
    for certificate in examined.path[:-1]:
        unmarked = certificate.authority_key is None and not examined.arrangement.given_up
        if unmarked and certificate.is_self_issued and not certificate.is_self_signed:
            yield Evidence(
                message(
                    "Subject and issuer are both {name}, and no key identifier tells them apart.",
                    name=certificate.issued_to,
                ),
                certificate,
            )
