"""Names as OpenSSL compares them: with name constraints (its crypto/x509/v3_ncons.c), and with a host asked for."""

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address

from cryptography import x509
from cryptography.x509.oid import NameOID

from mutua.chain.families.openssl_certificate import OpensslCertificate, canonical

PERMITTED_VIOLATION = 47
EXCLUDED_VIOLATION = 48
UNSUPPORTED_TYPE = 51
UNSUPPORTED_SYNTAX = 53
HOST_MISMATCH = 62
ADDRESS_MISMATCH = 64

_LABELS_BELOW_A_WILDCARD = 2


class _UnsupportedError(ValueError):
    def __init__(self, error: int) -> None:
        super().__init__(error)
        self.error = error


def constraint_error(certificate: OpensslCertificate, above: OpensslCertificate, *, is_leaf: bool) -> int:
    """The number of the error where `above` does not allow the certificate's names, else 0.

    The common name of a leaf counts as a host name where there is no alternative name of that kind.
    """
    found = above.certificate.extension(x509.NameConstraints)
    if found is None:
        return 0
    names = list(_names(certificate))
    if is_leaf and not certificate.certificate.dns_names:
        names += [x509.DNSName(name) for name in certificate.certificate.common_names if _is_host_like(name)]
    return next((error for error in (_error(name, found.value) for name in names) if error), 0)


def host_error(leaf: OpensslCertificate, names: Sequence[str], addresses: Sequence[str]) -> int:
    """The number of the error where the leaf is not for one of the names (DNS) or addresses (IP), else 0."""
    certificate = leaf.certificate
    patterns = certificate.dns_names or certificate.common_names
    if any(not any(_covers(pattern.lower(), name.lower()) for pattern in patterns) for name in names):
        return HOST_MISMATCH
    if any(str(ip_address(address)) not in certificate.addresses for address in addresses):
        return ADDRESS_MISMATCH
    return 0


def _covers(pattern: str, name: str) -> bool:
    """A star stands for one whole label, and not directly below a top-level domain."""
    name = name.rstrip(".")
    if not pattern.startswith("*."):
        return pattern == name
    return pattern.count(".") >= _LABELS_BELOW_A_WILDCARD and pattern[2:] == name.partition(".")[2]


def _names(certificate: OpensslCertificate) -> Iterator[x509.GeneralName]:
    subject = certificate.certificate.subject
    if subject.rdns:
        yield x509.DirectoryName(subject)
    for attribute in subject.get_attributes_for_oid(NameOID.EMAIL_ADDRESS):
        if isinstance(attribute.value, str) and attribute.value.isascii():
            yield x509.RFC822Name(attribute.value)
    found = certificate.certificate.extension(x509.SubjectAlternativeName)
    if found is not None:
        yield from found.value


def _error(name: x509.GeneralName, constraints: x509.NameConstraints) -> int:
    try:
        permitted = [base for base in constraints.permitted_subtrees or () if isinstance(base, type(name))]
        if permitted and not any(_matches(name, base) for base in permitted):
            return PERMITTED_VIOLATION
        excluded = [base for base in constraints.excluded_subtrees or () if isinstance(base, type(name))]
        return EXCLUDED_VIOLATION if any(_matches(name, base) for base in excluded) else 0
    except _UnsupportedError as unsupported:
        return unsupported.error


def _matches(name: x509.GeneralName, base: x509.GeneralName) -> bool:
    """Raises `_UnsupportedError`."""
    match name, base:
        case x509.DirectoryName(), x509.DirectoryName():
            wanted = canonical(base.value)
            return canonical(name.value)[: len(wanted)] == wanted
        case x509.DNSName(), x509.DNSName():
            return _is_below(name.value.lower(), base.value.lower())
        case x509.RFC822Name(), x509.RFC822Name():
            return _is_mail_of(name.value, base.value)
        case x509.UniformResourceIdentifier(), x509.UniformResourceIdentifier():
            return _is_host_of(_host(name.value), base.value.lower())
        case x509.IPAddress(), x509.IPAddress():
            return _is_in(name, base)
    raise _UnsupportedError(UNSUPPORTED_TYPE)


def _is_below(name: str, base: str) -> bool:
    if not base or name == base:
        return True
    return name.endswith(base) and (base.startswith(".") or name[-len(base) - 1] == ".")


def _is_mail_of(name: str, base: str) -> bool:
    local, at, host = name.rpartition("@")
    if not at:
        raise _UnsupportedError(UNSUPPORTED_SYNTAX)
    wanted_local, wanted_at, wanted_host = base.rpartition("@")
    if not wanted_at and base.startswith("."):
        return len(name) > len(base) and name.lower().endswith(base.lower())
    if wanted_at and wanted_local and wanted_local != local:
        return False
    return host.lower() == wanted_host.lower()


def _host(uri: str) -> str:
    _scheme, colon, rest = uri.partition(":")
    if not colon or not rest.startswith("//"):
        raise _UnsupportedError(UNSUPPORTED_SYNTAX)
    authority = rest[2:]
    for end in (":", "/"):
        authority = authority.partition(end)[0]
    if not authority:
        raise _UnsupportedError(UNSUPPORTED_SYNTAX)
    return authority.lower()


def _is_host_of(host: str, base: str) -> bool:
    return host == base or (base.startswith(".") and len(host) > len(base) and host.endswith(base))


def _is_in(name: x509.IPAddress, base: x509.IPAddress) -> bool:
    address, network = name.value, base.value
    if not isinstance(network, IPv4Network | IPv6Network) or isinstance(address, IPv4Network | IPv6Network):
        raise _UnsupportedError(UNSUPPORTED_SYNTAX)
    return address in network


def _is_host_like(name: str) -> bool:
    """Whether OpenSSL takes a common name for a host name (cn2dnsid): two labels or more of the usual characters."""
    dotted = False
    for place, character in enumerate(name):
        if character == "_" or (character.isascii() and character.isalnum()):
            continue
        inside = 0 < place < len(name) - 1
        if inside and character == "-":
            continue
        if inside and character == "." and name[place + 1] not in ".-" and name[place - 1] != "-":
            dotted = True
            continue
        return False
    return dotted
