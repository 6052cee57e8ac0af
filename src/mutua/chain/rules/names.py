"""Rules about names (R9), and about those that no client will find (RFC 9525)."""

from collections.abc import Iterable, Iterator
from ipaddress import ip_address

from cryptography import x509

from mutua.chain.appliance import Stage
from mutua.chain.catalogue import UPLOADS, Evidence, Examined, Profile, Severity, errors, rule, warnings
from mutua.chain.certificate import Certificate, printable
from mutua.message import N_, Message, message


@rule(
    "name.no-common-name",
    "R9",
    errors(*UPLOADS),
    stage=Stage.COMMON_NAME,
    title=N_("no common name"),
    reason=N_("The appliance compares certificates by their common names, so each one needs it, CAs included."),
    fix=N_("have it issued again with a common name (CN) in the subject."),
    source="RFC 5280, section 4.1.2.6",
    remedy="common-name",
)
def no_common_name(examined: Examined) -> Iterator[Evidence]:
    for certificate in examined.path:
        if not certificate.common_names:
            subject = certificate.issued_to
            yield Evidence(message("The subject is {subject}, without a common name.", subject=subject), certificate)


@rule(
    "name.wildcard",
    "R9",
    errors(*UPLOADS),
    stage=Stage.COMMON_NAME,
    title=N_("a wildcard in the name"),
    reason=N_("The appliance takes no certificate with a wildcard (*): each console has a name of its own."),
    fix=N_("request a certificate for the console's full host name."),
    remedy="common-name",
)
def wildcard(examined: Examined) -> Iterator[Evidence]:
    for certificate in examined.path:
        for name in (*certificate.common_names, *certificate.dns_names):
            if "*" in name:
                yield Evidence(message("The certificate is made out to {name}.", name=printable(name)), certificate)
                break


def _unasked(examined: Examined) -> Iterable[Certificate]:
    """The leaf, unless names were asked for: then each that is not covered is told by itself, with the reason."""
    return () if examined.names or examined.addresses else examined.leaf


@rule(
    "leaf.no-alternative-name",
    "—",
    errors(Profile.WEBPKI) | warnings(Profile.SERVER, Profile.MTLS) | {Profile.MIGRATION: Severity.NOTICE},
    title=N_("no alternative name"),
    reason=N_(
        "Web browsers, Go and Python's cryptography look at the subject alternative names alone; OpenSSL still reads "
        "the common name where there is none."
    ),
    fix=N_("have it issued again with every name and address of the server as subject alternative name."),
    source="RFC 9525, section 6.3",
    remedy="alternative-names",
    explains=True,
)
def no_alternative_name(examined: Examined) -> Iterator[Evidence]:
    for leaf in _unasked(examined):
        # A certificate of version 1 has no extensions at all, which is told.
        may_have = not leaf.is_ca and not leaf.is_of_old_version
        if may_have and not leaf.dns_names and leaf.extension(x509.SubjectAlternativeName) is None:
            yield Evidence(message("It has a common name at most, and no alternative name."), leaf)


@rule(
    "leaf.address-as-name",
    "—",
    errors(Profile.WEBPKI) | warnings(Profile.MIGRATION, Profile.SERVER, Profile.MTLS),
    title=N_("an address that stands among the DNS names"),
    reason=N_(
        "A client that connects to an address looks for an alternative name of the form iPAddress, and no other."
    ),
    fix=N_("have it issued again with the address as iPAddress (OpenSSL: subjectAltName = IP:192.0.2.1)."),
    source="RFC 9525, section 6.5",
    remedy="alternative-names",
)
def address_as_name(examined: Examined) -> Iterator[Evidence]:
    for leaf in _unasked(examined):
        for name in leaf.dns_names:
            if is_address(name) and name not in leaf.addresses:
                yield Evidence(message("{name} is listed as a DNS name, not as an address.", name=name), leaf)


@rule(
    "leaf.impossible-wildcard",
    "—",
    errors(Profile.WEBPKI) | warnings(Profile.MTLS),
    title=N_("a wildcard that no client takes"),
    reason=N_("A * may stand for the whole first label of a name that goes on, and for nothing else."),
    fix=N_("request a certificate for the host names themselves, or with *. before the domain that they are in."),
    source="RFC 9525, section 6.3",
    remedy="alternative-names",
)
def impossible_wildcard(examined: Examined) -> Iterator[Evidence]:
    for leaf in _unasked(examined):
        for name in leaf.dns_names:
            if "*" in name and (wrong := why_not_a_wildcard(name)):
                yield Evidence(wrong, leaf)


def why_not_a_wildcard(name: str) -> Message | None:
    """What is wrong with a name that has a wildcard, or None where clients take it (RFC 9525, section 6.3)."""
    first, _dot, rest = name.partition(".")
    if not rest:
        return message("{name} stands alone: it covers no name at all.", name=printable(name))
    if "*" in rest:
        return message("{name} has a * after the first label.", name=printable(name))
    if first != "*":
        return message("{name} has a * that is only a part of its label.", name=printable(name))
    return None


def is_address(name: str) -> bool:
    """Whether it is an IPv4 or IPv6 address in text."""
    if not name[-1:].isdigit() and ":" not in name:  # No top-level domain ends in a digit.
        return False
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
