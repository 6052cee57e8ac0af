"""Rules about name constraints: what a CA demands of the names below it (RFC 5280, section 4.2.1.10)."""

from collections.abc import Callable, Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network

from cryptography import x509

from mutua.chain.appliance import Stage
from mutua.chain.catalogue import CHAINS, SHOWN, Evidence, Examined, Profile, and_more, errors, rule, warnings
from mutua.chain.certificate import Certificate, comparable, printable
from mutua.chain.verdict import ENGINE
from mutua.message import N_, Message, message

MAX_COMPARISONS = 100_000
"""How many times a name is held against a constraint, for each CA."""

_Form = type[x509.GeneralName]
_Matches = Callable[[x509.GeneralName, x509.GeneralName], bool]
_FORMS: dict[_Form, str] = {
    x509.DirectoryName: "directoryName",
    x509.OtherName: "otherName",
    x509.RegisteredID: "registeredID",
    x509.UniformResourceIdentifier: "uniformResourceIdentifier",
}
"""The forms that the engine does not support."""


@rule(
    "chain.name-not-permitted",
    "R8",
    errors(*CHAINS),
    stage=Stage.CHAIN,
    title=N_("a name that its CA may not certify"),
    reason=N_("A CA with name constraints is good for the names that it permits, and for none that it excludes."),
    fix=N_("request a certificate for names that the CA permits, or from a CA without that constraint."),
    source="RFC 5280, section 4.2.1.10",
    remedy="name-constraints",
    explains=True,
)
def name_not_permitted(examined: Examined) -> Iterator[Evidence]:
    for authority in examined.path[1:]:
        if authority.name_constraints is not None:
            for leaf in examined.leaf:
                found = list(_violations(_names_of(leaf), authority.name_constraints, authority))
                yield from (Evidence(one, leaf) for one in found[:SHOWN])
                yield from and_more(found)


@rule(
    "leaf.common-name-not-permitted",
    "R8",
    errors(Profile.MIGRATION, Profile.SERVER, Profile.MTLS, Profile.CLIENT) | warnings(Profile.WEBPKI),
    title=N_("OpenSSL takes the common name for a host name, which the CA may not certify"),
    reason=N_(
        "Where a leaf has no DNS name among its alternative names, OpenSSL holds a common name that looks like one "
        "against the name constraints of its CAs; other verifiers do not look at it."
    ),
    fix=N_(
        "have it issued again with a DNS name that the CA permits, or with a common name that does not look like a "
        "host name or an address, such as a plain word."
    ),
    source="RFC 5280, section 4.2.1.10",
    remedy="common-name",
)
def common_name_not_permitted(examined: Examined) -> Iterator[Evidence]:
    for authority in examined.path[1:]:
        if authority.name_constraints is not None:
            for leaf in examined.leaf:
                names = [] if leaf.dns_names else [*map(x509.DNSName, filter(_looks_like_a_host, leaf.common_names))]
                found = list(_violations(names, authority.name_constraints, authority))
                yield from (Evidence(one, leaf) for one in found[:SHOWN])
                yield from and_more(found)


@rule(
    "chain.constraint-not-supported",
    "R8",
    errors(*CHAINS),
    stage=Stage.CHAIN,
    title=N_("a form of name constraint that few verifiers support"),
    reason=N_("Whoever does not support a critical name constraint must refuse what stands below it."),
    fix=N_(
        "have the CA certificate issued again with constraints on DNS names without a leading dot, or on addresses."
    ),
    source="RFC 5280, section 4.2.1.10",
    remedy="name-constraints",
    explains=True,
)
def constraint_not_supported(examined: Examined) -> Iterator[Evidence]:
    # Whether it minds depends on the names below and on what is critical: so the engine is asked what it stumbled over.
    if not any(word in examined.verdict.detail for word in ("unsupported", "malformed")):
        return
    for authority in examined.path[1:]:
        if authority.name_constraints is not None:
            found = _not_supported(authority.name_constraints)
            if found is not None:
                yield Evidence(found, authority)


def _not_supported(constraints: x509.NameConstraints) -> Message | None:
    for base in (*(constraints.permitted_subtrees or ()), *(constraints.excluded_subtrees or ())):
        if type(base) in _FORMS:
            return message(
                "It constrains names of the form {form}, which {engine}, which validates here, does not support.",
                form=_FORMS[type(base)],
                engine=ENGINE,
            )
        if isinstance(base, x509.DNSName) and base.value.startswith("."):
            return message(
                "Its constraint {base} begins with a dot: OpenSSL takes it; {engine}, which validates here, does not.",
                base=printable(base.value),
                engine=ENGINE,
            )
    return None


def _names_of(leaf: Certificate) -> Sequence[x509.GeneralName]:
    names = leaf.extension(x509.SubjectAlternativeName)
    subject = [x509.DirectoryName(leaf.subject)] if leaf.subject.rdns else []
    return [*(names.value if names else ()), *subject]


def _looks_like_a_host(common_name: str) -> bool:
    """Whether OpenSSL takes it for a DNS name: two or more labels of letters, digits, hyphens and underscores."""
    labels = common_name.split(".")
    return len(labels) > 1 and all(
        label.replace("-", "").replace("_", "").isalnum() and label.isascii() and label.strip("-") == label
        for label in labels
    )


def _violations(
    names: Sequence[x509.GeneralName], constraints: x509.NameConstraints, authority: Certificate
) -> Iterator[Message]:
    permitted, excluded = constraints.permitted_subtrees or (), constraints.excluded_subtrees or ()
    if len(names) * (len(permitted) + len(excluded)) > MAX_COMPARISONS:
        return  # The engine alone compares that many, or refuses to.
    for name in names:
        matches = _MATCHES.get(type(name))
        if matches is None:
            continue
        for base in excluded:
            if type(base) is type(name) and (matches(name, base) or _takes_in(name, base)):
                yield message(
                    "{authority} excludes {base}, and with it {name}.",
                    authority=authority.issued_to,
                    base=_shown(base),
                    name=_shown(name),
                )
                break
        allowed = [base for base in permitted if type(base) is type(name)]
        if allowed and not any(matches(name, base) for base in allowed):
            yield message(
                "{authority} permits {bases} only, and not {name}.",
                authority=authority.issued_to,
                bases=", ".join(map(_shown, allowed[:_SHOWN])) + (", …" if len(allowed) > _SHOWN else ""),
                name=_shown(name),
            )


_SHOWN = 5


def _shown(name: x509.GeneralName) -> str:
    value = name.value
    return printable(value.rfc4514_string() if isinstance(value, x509.Name) else str(value)) or "—"


def _dns_matches(name: x509.GeneralName, base: x509.GeneralName) -> bool:
    host, within = str(name.value).lower().rstrip("."), str(base.value).lower().rstrip(".")
    return not within or host == within or host.endswith(within if within.startswith(".") else f".{within}")


def _takes_in(name: x509.GeneralName, base: x509.GeneralName) -> bool:
    """Whether a wildcard stands for the name that is excluded, among others."""
    host = str(name.value).lower()
    return host.startswith("*.") and str(base.value).lower().partition(".")[2] == host[2:]


def _address_matches(name: x509.GeneralName, base: x509.GeneralName) -> bool:
    address, network = name.value, base.value
    if not isinstance(network, IPv4Network | IPv6Network) or isinstance(address, IPv4Network | IPv6Network):
        return False
    return address in network


def _mail_matches(name: x509.GeneralName, base: x509.GeneralName) -> bool:
    mailbox, within = str(name.value), str(base.value)
    local, _at, host = mailbox.rpartition("@")
    if "@" in within:
        wanted, _at, wanted_host = within.rpartition("@")
        return local == wanted and host.lower() == wanted_host.lower()
    if within.startswith("."):
        return host.lower().endswith(within.lower())
    return host.lower() == within.lower()


def _directory_matches(name: x509.GeneralName, base: x509.GeneralName) -> bool:
    if not isinstance(name.value, x509.Name) or not isinstance(base.value, x509.Name):
        return False
    within = comparable(base.value)
    return comparable(name.value)[: len(within)] == within


_MATCHES: dict[_Form, _Matches] = {
    x509.DNSName: _dns_matches,
    x509.IPAddress: _address_matches,
    x509.RFC822Name: _mail_matches,
    x509.DirectoryName: _directory_matches,
}
