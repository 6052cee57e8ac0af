"""Signing requests (PKCS#10, RFC 2986): who asks, for which names, with which key."""

import re
from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from mutua.authority.keys import PrivateKey
from mutua.message import N_, Message, message

MAX_NAMES = 100
"""The most alternative names in one request: a certificate with thousands is refused by peers for its size."""

_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")


class Subject(NamedTuple):
    """Who the certificate is for. Only the common name is needed; an empty value is left out."""

    common_name: str
    department: str = ""
    business: str = ""
    locality: str = ""
    state: str = ""
    country: str = ""
    email: str = ""


class InvalidDistinguishedName(ValueError):  # noqa: N818  (R11 calls it so)
    """A value of the subject cannot stand in a certificate (R11).

    `property` is the name of the value in the REST call, for example "DistinguishedName" or "Country".
    """

    def __init__(self, property: str, problem: Message) -> None:  # noqa: A002
        super().__init__(str(problem))
        self.property = property
        self.problem = problem


class InvalidAlternativeName(ValueError):  # noqa: N818  (the sibling of InvalidDistinguishedName)
    """An alternative name is neither a host name nor an IP address."""

    def __init__(self, problem: Message) -> None:
        super().__init__(str(problem))
        self.problem = problem


class _Field(NamedTuple):
    """One value of the subject: its name here, on the wire and for people, and its place in X.509."""

    attribute: str
    property: str
    label: Message
    oid: x509.ObjectIdentifier
    longest: int
    """RFC 5280, appendix A.1, in characters."""


_FIELDS = (
    _Field("country", "Country", Message(N_("the country")), NameOID.COUNTRY_NAME, 2),
    _Field("state", "State", Message(N_("the state")), NameOID.STATE_OR_PROVINCE_NAME, 128),
    _Field("locality", "Locality", Message(N_("the locality")), NameOID.LOCALITY_NAME, 128),
    _Field("business", "BusinessName", Message(N_("the business name")), NameOID.ORGANIZATION_NAME, 64),
    _Field("department", "DepartmentName", Message(N_("the department")), NameOID.ORGANIZATIONAL_UNIT_NAME, 64),
    _Field("common_name", "DistinguishedName", Message(N_("the common name")), NameOID.COMMON_NAME, 64),
    _Field("email", "Email", Message(N_("the e-mail address")), NameOID.EMAIL_ADDRESS, 255),
)


def build_request(
    key: PrivateKey, subject: Subject, names: Sequence[x509.GeneralName] = ()
) -> x509.CertificateSigningRequest:
    """A signing request for the subject, signed with SHA-256.

    Where no alternative name is given the common name becomes one, since verifiers look nowhere else
    (RFC 9525, section 2). Raises `InvalidDistinguishedName`, and `InvalidAlternativeName` where that
    common name is neither a host name nor an address.
    """
    name = distinguished_name(subject)
    alternatives = names or names_of(subject.common_name)
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    return builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False).sign(key, SHA256())


def names_of(common_name: str) -> tuple[x509.GeneralName, ...]:
    """The common name as the alternative name. Raises `InvalidAlternativeName` where it cannot serve as one."""
    try:
        return (parse_name(common_name.strip()),)
    except InvalidAlternativeName as error:
        raise InvalidAlternativeName(
            message(
                "the common name {name!r} is neither a host name nor an address, and no alternative names are given.",
                name=common_name.strip()[:64],
            )
        ) from error


def distinguished_name(subject: Subject) -> x509.Name:
    """The subject as X.509 writes it, blanks at the edges trimmed. Raises `InvalidDistinguishedName` (R11)."""
    return x509.Name(list(_attributes(subject)))


def _attributes(subject: Subject) -> Iterator[x509.NameAttribute[str]]:
    for field in _FIELDS:
        value = getattr(subject, field.attribute).strip()
        if problem := _problem(field, value):
            raise InvalidDistinguishedName(field.property, problem)
        if value:
            yield x509.NameAttribute(field.oid, value.upper() if field.oid == NameOID.COUNTRY_NAME else value)


def _problem(field: _Field, value: str) -> Message | None:
    """What keeps the value out of a certificate, if anything."""
    if field.oid == NameOID.COMMON_NAME and (problem := common_name_problem(value)):
        return problem
    if not value.isprintable():
        return message("{field} holds a character that cannot be printed.", field=field.label)
    # The common name is counted in bytes, as pyca/cryptography does.
    length = len(value.encode()) if field.oid == NameOID.COMMON_NAME else len(value)
    if field.oid == NameOID.COUNTRY_NAME and value and not re.fullmatch("[A-Za-z]{2}", value):
        return message("the country is {value!r}; expected its code of two letters, such as ES.", value=value[:64])
    if length > field.longest:
        return message(
            "{field} is {length} characters long; a certificate holds at most {limit}.",
            field=field.label,
            length=length,
            limit=field.longest,
        )
    if field.oid == NameOID.EMAIL_ADDRESS and not value.isascii():
        return message("the e-mail address holds letters beyond ASCII; a certificate cannot carry them.")
    return None


def attribute_problem(attribute: x509.NameAttribute[str | bytes]) -> Message | None:
    """What is wrong with a value of a subject that somebody else wrote, by the same rules, or None."""
    field = next((field for field in _FIELDS if field.oid == attribute.oid), None)
    return _problem(field, str(attribute.value)) if field else None


def common_name_problem(common_name: str) -> Message | None:
    """Why R9 and R11 forbid this common name, or None."""
    if not common_name.strip():
        return message("the common name is missing; expected the host name or the address of the console.")
    if "*" in common_name:
        return message(
            "the common name {name!r} holds a wildcard (*); expected one host name or address.", name=common_name[:64]
        )
    return None


def parse_names(text: str) -> tuple[x509.GeneralName, ...]:
    """Alternative names from a comma separated list of host names and IP addresses, without type prefixes.

    Blanks are trimmed, repetitions dropped; a blank text holds no names. Raises `InvalidAlternativeName`.
    """
    if not text.strip():
        return ()
    entries = text.split(",", MAX_NAMES)
    if len(entries) > MAX_NAMES:
        raise InvalidAlternativeName(message("more than {limit} alternative names are given.", limit=MAX_NAMES))
    return tuple(dict.fromkeys(parse_name(entry.strip()) for entry in entries))


def parse_name(entry: str) -> x509.GeneralName:
    """One alternative name: an address where it reads as one, else a host name. Raises `InvalidAlternativeName`."""
    try:
        # A zone (fe80::1%eth0) means something on one machine only; a certificate cannot carry it.
        return x509.IPAddress(ip_address("" if "%" in entry else entry))
    except ValueError:
        if not _is_host_name(entry):
            raise InvalidAlternativeName(_name_problem(entry)) from None
    return x509.DNSName(entry)


def _is_host_name(entry: str) -> bool:
    """RFC 1123, section 2.1, and the underscore that Windows networks have."""
    labels = entry.split(".")
    # A last label of digits alone is an IPv4 address with a slip in it.
    return len(entry) <= 253 and all(map(_LABEL.fullmatch, labels)) and not labels[-1].isdigit()


def _name_problem(entry: str) -> Message:
    if not entry:
        return message("an alternative name between the commas is empty.")
    if not entry.isascii():
        return message(
            "the alternative name {name!r} holds letters beyond ASCII; write a host name in its xn-- form.",
            name=entry[:64],
        )
    return message("the alternative name {name!r} is neither a host name nor an IP address.", name=entry[:64])
