"""Rules that no path validation needs: what RFC 5280 demands of whoever issues, and what the Web PKI does on top."""

from collections.abc import Iterator, Sequence
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from mutua.chain.catalogue import EVERY, Evidence, Examined, Profile, errors, rule, warnings
from mutua.chain.certificate import Certificate, printable
from mutua.message import N_, message

_ISSUING = errors(Profile.WEBPKI) | warnings(Profile.SERVER, Profile.MTLS, Profile.CLIENT)
"""For what RFC 5280 demands of certificates: most verifiers of private PKI do not mind, the Web PKI does."""

_KEY_IDENTIFIERS: Sequence[tuple[type[x509.ExtensionType], str]] = (
    (x509.AuthorityKeyIdentifier, "authorityKeyIdentifier"),
    (x509.SubjectKeyIdentifier, "subjectKeyIdentifier"),
)

_MOST_SERIAL_BITS = 159
"""20 octets, the first bit of which is the sign."""

_ENCODED = ".xn--"
"""How a label begins that stands for one in Unicode (RFC 5890, section 2.3.2.1)."""

_REGISTRIES = frozenset(("ac", "co", "com", "edu", "gob", "gov", "mil", "net", "nom", "org"))
"""The second-level domains below which the registries of many countries give names to the public."""

_COUNTRY_LETTERS = 2

_FIX_CA = N_("have it issued again by a CA that follows RFC 5280; OpenSSL, AD CS and mutua ca do by default.")


def _path(examined: Examined) -> Sequence[Certificate]:
    """A search that was given up has no path, only the place where it stopped."""
    return () if examined.arrangement.given_up else examined.path


@rule(
    "certificate.serial-number",
    "—",
    _ISSUING,
    title=N_("a serial number that is not allowed"),
    reason=N_("A serial number is positive and has at most 20 octets; strict verifiers refuse any other."),
    fix=_FIX_CA,
    source="RFC 5280, section 4.1.2.2",
    remedy="serial-number",
    explains=True,
)
def serial_number(examined: Examined) -> Iterator[Evidence]:
    for certificate in _path(examined):
        number = certificate.serial_number
        if number <= 0:
            yield Evidence(message("Its serial number is not positive."), certificate)
        elif number.bit_length() > _MOST_SERIAL_BITS:
            yield Evidence(message("Its serial number is longer than 20 octets."), certificate)


@rule(
    "certificate.authority-key-id",
    "—",
    _ISSUING,
    title=N_("the key of the issuer is not named as it should be"),
    reason=N_(
        "By the authority key identifier verifiers find the issuer among namesakes; Python from 3.13 on refuses a "
        "certificate without it."
    ),
    fix=_FIX_CA,
    source="RFC 5280, section 4.2.1.1",
    remedy="key-identifiers",
    explains=True,
)
def authority_key_id(examined: Examined) -> Iterator[Evidence]:
    for certificate in _path(examined):
        found = certificate.extension(x509.AuthorityKeyIdentifier)
        if found is None:
            if not certificate.is_self_signed:
                yield Evidence(message("It has no authority key identifier."), certificate)
        elif found.value.key_identifier is None:
            yield Evidence(message("Its authority key identifier names no key."), certificate)
        elif examined.profile is Profile.WEBPKI and found.value.authority_cert_issuer is not None:
            yield Evidence(message("Its authority key identifier also names an issuer and serial number."), certificate)


@rule(
    "certificate.critical-key-id",
    "—",
    errors(*EVERY),
    title=N_("a key identifier that is marked critical"),
    reason=N_(
        "Key identifiers are never critical; OpenSSL and Java refuse one that is, as an extension unknown to them."
    ),
    fix=_FIX_CA,
    source="RFC 5280, sections 4.2.1.1 and 4.2.1.2",
    remedy="key-identifiers",
    explains=True,
)
def critical_key_id(examined: Examined) -> Iterator[Evidence]:
    for certificate in _path(examined):
        for kind, name in _KEY_IDENTIFIERS:
            found = certificate.extension(kind)
            if found is not None and found.critical:
                yield Evidence(message("Its {name} is critical.", name=name), certificate)


@rule(
    "certificate.subject-key-id",
    "—",
    _ISSUING,
    title=N_("a CA certificate does not name its key"),
    reason=N_("The subject key identifier of a CA is what the certificates below it refer to."),
    fix=_FIX_CA,
    source="RFC 5280, section 4.2.1.2",
    remedy="key-identifiers",
    explains=True,
)
def subject_key_id(examined: Examined) -> Iterator[Evidence]:
    for certificate in _path(examined):
        if certificate.is_ca and certificate.extension(x509.SubjectKeyIdentifier) is None:
            yield Evidence(message("It has no subject key identifier."), certificate)


@rule(
    "certificate.name-constraints",
    "—",
    _ISSUING,
    title=N_("name constraints where or as they must not be"),
    reason=N_(
        "Only a CA certificate may have name constraints, and they must be critical, so that nobody ignores them."
    ),
    fix=_FIX_CA,
    source="RFC 5280, section 4.2.1.10",
    remedy="name-constraints",
    explains=True,
)
def name_constraints(examined: Examined) -> Iterator[Evidence]:
    for certificate in _path(examined):
        found = certificate.extension(x509.NameConstraints)
        if found is not None and not certificate.is_ca:
            yield Evidence(message("It is no CA and has name constraints."), certificate)
        elif found is not None and not found.critical:
            yield Evidence(message("Its name constraints are not marked critical."), certificate)


@rule(
    "certificate.policy-constraints",
    "—",
    _ISSUING,
    title=N_("policy constraints that are not critical"),
    reason=N_("Policy constraints must be critical, so that nobody ignores them."),
    fix=_FIX_CA,
    source="RFC 5280, section 4.2.1.11",
    explains=True,
)
def policy_constraints(examined: Examined) -> Iterator[Evidence]:
    for certificate in _path(examined):
        found = certificate.extension(x509.PolicyConstraints)
        if found is not None and not found.critical:
            yield Evidence(message("Its policy constraints are not marked critical."), certificate)


@rule(
    "leaf.alternative-name-not-critical",
    "—",
    _ISSUING,
    title=N_("an empty subject and an alternative name that is not critical"),
    reason=N_("Where the subject is empty the alternative name is the only one, so it must be critical."),
    fix=N_("have it issued again with a common name, or with a critical subject alternative name."),
    source="RFC 5280, section 4.2.1.6",
    remedy="common-name",
    explains=True,
)
def alternative_name_not_critical(examined: Examined) -> Iterator[Evidence]:
    for leaf in examined.leaf:
        found = leaf.extension(x509.SubjectAlternativeName)
        if found is not None and not found.critical and not leaf.subject.rdns:
            yield Evidence(message("The subject is empty, and the alternative name is not marked critical."), leaf)


@rule(
    "leaf.alternative-name-critical",
    "—",
    errors(Profile.WEBPKI),
    title=N_("a critical alternative name beside a subject"),
    reason=N_("In the Web PKI the alternative name is critical only where the subject is empty."),
    fix=N_("have it issued again with a subject alternative name that is not critical."),
    source="CA/Browser Forum BR, section 7.1.2.7.12",
    remedy="alternative-names",
    explains=True,
)
def alternative_name_critical(examined: Examined) -> Iterator[Evidence]:
    for leaf in examined.leaf:
        found = leaf.extension(x509.SubjectAlternativeName)
        if found is not None and found.critical and leaf.subject.rdns:
            yield Evidence(message("The alternative name is marked critical, and there is a subject."), leaf)


@rule(
    "leaf.common-name-spelled-otherwise",
    "—",
    errors(Profile.WEBPKI),
    title=N_("the common name is another spelling of a name"),
    reason=N_(
        "In the Web PKI a common name repeats one of the alternative names, character for character, and host names "
        "in Unicode stand in their encoded form."
    ),
    fix=N_("have it issued again with a common name that is one of the alternative names, or without one."),
    source="CA/Browser Forum BR, section 7.1.4.3",
    remedy="alternative-names",
    explains=True,
)
def common_name_spelled_otherwise(examined: Examined) -> Iterator[Evidence]:
    for leaf in examined.leaf:
        listed = [*leaf.dns_names, *leaf.addresses]
        spelled = {_spelling(name) for name in listed}
        for name in leaf.common_names:
            if name in listed:
                continue
            if _spelling(name) in spelled:
                yield Evidence(message("{name} is listed in another spelling.", name=printable(name)), leaf)
            elif _is_international(name):
                yield Evidence(message("{name} is not listed in this spelling.", name=printable(name)), leaf)


def _spelling(name: str) -> str:
    """The name as it would stand among the alternative names."""
    return _address(name) or name.lower().rstrip(".")


def _is_international(name: str) -> bool:
    """Whether it is a host name in Unicode, or stands for one: people are shown that, so it deceives them easily."""
    return "." in name and " " not in name and (not name.isascii() or _ENCODED in f".{name.lower()}")


def _address(name: str) -> str | None:
    """The address that the name spells, however that is done: with leading zeros, hexadecimal, in upper case."""
    try:
        parts = [int(part, 16 if part[:2] in ("0x", "0X") else 10) for part in name.split(".")]
        return str(ip_address(bytes(parts) if len(parts) == len(bytes(4)) else parts[0]))
    except ValueError:
        pass
    try:
        return str(ip_address(name))
    except ValueError:
        return None


@rule(
    "leaf.common-name-not-listed",
    "—",
    warnings(Profile.WEBPKI),
    title=N_("the common name is not among the alternative names"),
    reason=N_("In the Web PKI a common name repeats one of the alternative names; clients do not read it any more."),
    fix=N_("have it issued again with a common name that is one of the alternative names, or without one."),
    source="CA/Browser Forum BR, section 7.1.4.3",
    remedy="alternative-names",
)
def common_name_not_listed(examined: Examined) -> Iterator[Evidence]:
    for leaf in examined.leaf:
        spelled = {_spelling(name) for name in (*leaf.dns_names, *leaf.addresses)}
        for name in leaf.common_names:
            if _spelling(name) not in spelled and not _is_international(name):
                yield Evidence(message("{name} is not listed.", name=printable(name)), leaf)


@rule(
    "leaf.unusual-purposes",
    "—",
    errors(Profile.WEBPKI),
    title=N_("an extended key usage that the Web PKI does not allow"),
    reason=N_("A certificate of the Web PKI lists its purposes one by one, and the list is not critical."),
    fix=N_("have it issued again with extendedKeyUsage = serverAuth."),
    source="CA/Browser Forum BR, section 7.1.2.7.10",
    explains=True,
)
def unusual_purposes(examined: Examined) -> Iterator[Evidence]:
    for leaf in examined.leaf:
        found = leaf.extension(x509.ExtendedKeyUsage)
        if found is None:
            yield Evidence(message("The certificate has no extended key usage."), leaf)
        elif ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE in found.value:
            yield Evidence(message("Its extended key usage lists anyExtendedKeyUsage."), leaf)
        elif found.critical:
            yield Evidence(message("Its extended key usage is marked critical."), leaf)


@rule(
    "leaf.odd-key-length",
    "—",
    errors(Profile.WEBPKI),
    title=N_("an RSA key of an odd length"),
    reason=N_("In the Web PKI the length of an RSA key is a multiple of 8 bits."),
    fix=N_("make a new key, RSA of 2048 or 3072 bits or EC P-256, and have it certified."),
    source="CA/Browser Forum BR, section 6.1.5",
    remedy="strong-key",
    explains=True,
)
def odd_key_length(examined: Examined) -> Iterator[Evidence]:
    for leaf in examined.leaf:
        key = leaf.public_key
        if isinstance(key, rsa.RSAPublicKey) and key.key_size % 8:
            yield Evidence(message("Its key is RSA of {bits} bits.", bits=key.key_size), leaf)


@rule(
    "leaf.wildcard-too-wide",
    "—",
    errors(Profile.WEBPKI),
    title=N_("a wildcard for a whole public domain"),
    reason=N_("No CA of the Web PKI may make a certificate that is good for everybody's names."),
    fix=N_("request a certificate for names of your own domain."),
    source="CA/Browser Forum BR, section 3.2.2.6",
    explains=True,
)
def wildcard_too_wide(examined: Examined) -> Iterator[Evidence]:
    for leaf in examined.leaf:
        for name in leaf.dns_names:
            if name.startswith("*.") and _is_public(name[2:].lower().rstrip(".")):
                yield Evidence(message("The certificate is made out to {name}.", name=printable(name)), leaf)


def _is_public(domain: str) -> bool:
    """Whether it is a top-level domain, or one such as co.uk; the whole list of such domains changes every week."""
    second, _dot, top = domain.rpartition(".")
    return not second or (len(top) == _COUNTRY_LETTERS and second in _REGISTRIES)


def breaches(examined: Examined) -> Iterator[Evidence]:
    """What RFC 5280, section 4, demands of whoever issues and the path does not have, whatever the profile.

    Those are the demands that path validation, section 6, does not look at.
    """
    for check in (
        serial_number,
        authority_key_id,
        critical_key_id,
        subject_key_id,
        name_constraints,
        policy_constraints,
        alternative_name_not_critical,
    ):
        yield from check(examined)
