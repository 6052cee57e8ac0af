"""What is wrong with the certificates that people really have: uses and names. Each is named by its cause."""

from collections.abc import Callable
from ipaddress import ip_address, ip_network
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID
from tests.chain.odd import (
    rsa_key,
)
from tests.chain.pki import authority, intermediate, key, leaf, pem, root, spki
from tests.conformance.asking import Situation, Situations, below, cases, through

from mutua.authority.issue import CLIENT_AUTH, SERVER_AUTH, Issued, key_usage
from mutua.chain import Profile

DNS, MAIL, URI = x509.DNSName, x509.RFC822Name, x509.UniformResourceIdentifier
ADDRESS = x509.IPAddress(ip_address("10.0.0.5"))
NAME = "om.example.net"


def constrained(
    permitted: list[x509.GeneralName] | None, excluded: list[x509.GeneralName] | None = None, **knobs: Any
) -> bytes:
    """A sound chain whose intermediate has name constraints, but for its leaf."""
    between = authority("Inter-CA1", root(), extra=[(x509.NameConstraints(permitted, excluded), True)])
    return pem(leaf(between, **knobs), between, root())


def directory(organization: str) -> x509.DirectoryName:
    return x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization)]))


USES: Situations = {
    "serverAuth alone, used as a client": lambda: Situation(
        below(extended_key_usage=[SERVER_AUTH]),
        ["leaf.no-client-auth"],
        profile=Profile.CLIENT,
        says=["serverAuth only"],
    ),
    "serverAuth alone, for the appliance": lambda: Situation(
        below(extended_key_usage=[SERVER_AUTH]), ["leaf.no-client-auth"], profile=Profile.MIGRATION
    ),
    "clientAuth alone, used as a server": lambda: Situation(
        leaf(intermediate(), extended_key_usage=[CLIENT_AUTH]).pem,
        ["leaf.no-server-auth"],
        profile=Profile.SERVER,
        says=["clientAuth only"],
    ),
    "an intermediate for servers alone": lambda: Situation(
        through(extended_key_usage=[SERVER_AUTH]), ["chain.restricted-authority"], says=["does not list clientAuth"]
    ),
    "a CA's certificate used as a leaf": lambda: Situation(
        pem(authority("om", root(), key("leaf")), root()),
        ["leaf.is-a-ca"],
        private_key=spki(key("leaf")),
        says=["has the right key, and is made out as a certificate authority (CA:TRUE)"],
    ),
    "no extended key usage": lambda: Situation(below(extended_key_usage=None), others=["leaf.no-extended-key-usage"]),
    "key encipherment for the appliance, on an EC key": lambda: Situation(
        below(key_usage=key_usage("digital_signature")),
        ["leaf.no-key-encipherment"],
        profile=Profile.MIGRATION,
        says=["has no use in TLS, which needs digital signature alone"],
    ),
    "no key encipherment in mutual TLS": lambda: Situation(below(key_usage=key_usage("digital_signature"))),
    "an RSA key that may only encipher": lambda: Situation(
        below(key_usage=key_usage("key_encipherment")), ["leaf.no-digital-signature"]
    ),
    "Let's Encrypt, while it still had client authentication": lambda: Situation(
        below_public("Let's Encrypt"),
        others=["leaf.public-authority"],
        says=["by default since 2026-02-11, and in no profile since July 2026: what renews it will not have it"],
    ),
    "Let's Encrypt, renewed": lambda: Situation(
        below_public("Let's Encrypt", extended_key_usage=[SERVER_AUTH]),
        ["leaf.no-client-auth"],
        ["leaf.public-authority"],
        says=["Let's Encrypt issued it, and issues no client authentication"],
    ),
    "DigiCert": lambda: Situation(
        below_public("DigiCert Inc"), others=["leaf.public-authority"], says=["from March 2027 on at the latest"]
    ),
    "another public CA": lambda: Situation(
        below_public("Sectigo Limited"), others=["leaf.public-authority"], says=["from 2027-03-15 on at the latest"]
    ),
    "the certificates of a public CA alone": lambda: Situation(pem(*_public("Let's Encrypt")[1:]), ["leaf.is-a-ca"]),
    "a public CA for a web server": lambda: Situation(
        pem(*_public("Let's Encrypt", extended_key_usage=[SERVER_AUTH])[:1]),
        ["leaf.no-key-encipherment"],
        profile=Profile.SERVER,
    ),
    "the key of another certificate": lambda: Situation(
        below(), ["leaf.key-mismatch"], private_key=spki(key("another")), says=["is not the key of om.example.net"]
    ),
    "an RSA key and an EC certificate": lambda: Situation(
        below(),
        ["leaf.key-mismatch"],
        private_key=spki(rsa_key()),
        says=["is RSA, and the key of om.example.net is EC"],
    ),
    "a certificate for another request": lambda: Situation(
        below(), ["leaf.csr-key-mismatch"], request_keys=[spki(key("another"))], profile=Profile.MIGRATION
    ),
}


def _public(organization: str, **knobs: Any) -> tuple[Issued, Issued, Issued]:
    subject = x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization), x509.NameAttribute(NameOID.COMMON_NAME, "E7")]
    )
    between = authority("E7", root(), subject=subject)
    usual = {"key_usage": key_usage("digital_signature")}
    return leaf(between, **(usual | knobs)), between, root()


def below_public(organization: str, **knobs: Any) -> bytes:
    return pem(*_public(organization, **knobs))


NAMES: Situations = {
    "outside what the CA permits": lambda: Situation(
        constrained([DNS("example.org")]),
        ["chain.name-not-permitted"],
        says=["Inter-CA1 permits example.org only, and not om.example.net"],
    ),
    "inside what the CA excludes": lambda: Situation(
        constrained(None, [DNS("example.net")]),
        ["chain.name-not-permitted"],
        says=["Inter-CA1 excludes example.net, and with it om.example.net"],
    ),
    "a wildcard that takes in what the CA excludes": lambda: Situation(
        constrained(None, [DNS(NAME)], names=[DNS("*.example.net")]),
        ["chain.name-not-permitted"],
        says=["excludes om.example.net, and with it *.example.net"],
    ),
    "an address outside what the CA permits": lambda: Situation(
        constrained([_network("192.0.2.0/24")], names=[ADDRESS], common_name="console"), ["chain.name-not-permitted"]
    ),
    "a mailbox outside what the CA permits": lambda: Situation(
        constrained([MAIL("example.org")], names=[DNS(NAME), MAIL("om@example.net")]), ["chain.name-not-permitted"]
    ),
    "outside what the trust anchor permits": lambda: Situation(
        leaf(_constrained_root()).pem,
        ["chain.name-not-permitted"],
        trust=[_constrained_root().pem],
        says=["Root-CA permits"],
    ),
    "DNS constraint, and an address as the common name": lambda: Situation(
        constrained([DNS("example.net")], names=[ADDRESS], common_name="10.0.0.5"),
        ["leaf.common-name-not-permitted"],
        says=["Inter-CA1 permits example.net only, and not 10.0.0.5"],
    ),
    "DNS constraint, and a person as the common name": lambda: Situation(
        constrained([DNS("example.net")], names=[MAIL("alice@example.net")], common_name="Alice Smith")
    ),
    "a constraint on directory names": lambda: Situation(
        constrained([directory("Example")], common_name=None, subject=directory("Example").value),
        ["chain.constraint-not-supported"],
        says=["directoryName"],
    ),
    "a subject outside a constraint on directory names": lambda: Situation(
        constrained([directory("Example")]),
        ["chain.constraint-not-supported", "chain.name-not-permitted"],
        says=["Inter-CA1 permits O=Example only, and not CN=om.example.net"],
    ),
    "a constraint that begins with a dot": lambda: Situation(
        constrained([DNS(".example.net")]), ["chain.constraint-not-supported"], says=[".example.net begins with a dot"]
    ),
    "a constraint on addresses of the web": lambda: Situation(
        constrained([URI("example.net")], names=[DNS(NAME), URI("https://om.example.net/")]),
        ["chain.constraint-not-supported"],
        says=["uniformResourceIdentifier"],
    ),
    "another host name": lambda: Situation(
        below(), ["leaf.name-not-covered"], names=["om2.example.net"], says=["the certificate lists om.example.net"]
    ),
    "a wildcard and two labels": lambda: Situation(
        below(names=[DNS("*.example.net")]),
        ["leaf.name-not-covered"],
        names=["a.om.example.net"],
        says=["The * in *.example.net covers one label, not several"],
    ),
    "a bare wildcard": lambda: Situation(
        below(names=[DNS("*")]), ["leaf.name-not-covered"], names=[NAME], says=["* stands alone: it covers no name"]
    ),
    "a bare wildcard, and nobody asks": lambda: Situation(below(names=[DNS("*")]), others=["leaf.impossible-wildcard"]),
    "a wildcard that fits": lambda: Situation(below(names=[DNS("*.example.net")]), names=[NAME]),
    "a wildcard, for the appliance": lambda: Situation(
        below(names=[DNS("*.example.net")]), ["name.wildcard"], profile=Profile.MIGRATION
    ),
    "a wildcard in the common name, for the appliance": lambda: Situation(
        below(common_name="*.example.net"), ["name.wildcard"], profile=Profile.MIGRATION
    ),
    "an address as a DNS name": lambda: Situation(
        below(names=[DNS("10.0.0.5")]),
        ["leaf.name-not-covered"],
        addresses=["10.0.0.5"],
        says=["There it is a DNS name; an address needs an alternative name of the form iPAddress"],
    ),
    "an address as a DNS name, and nobody asks": lambda: Situation(
        below(names=[DNS("10.0.0.5")]), others=["leaf.address-as-name"]
    ),
    "an address in the common name alone": lambda: Situation(
        below(names=(), common_name="10.0.0.5"),
        ["leaf.name-not-covered"],
        addresses=["10.0.0.5"],
        says=["it is the common name, and the certificate has no alternative name"],
    ),
    "a common name and no alternative name": lambda: Situation(below(names=()), others=["leaf.no-alternative-name"]),
    "a common name and no alternative name, for the appliance": lambda: Situation(
        below(names=()), others=["leaf.no-alternative-name"], profile=Profile.MIGRATION
    ),
    "a common name and no alternative name, on the web": lambda: Situation(
        below(names=()), ["leaf.no-alternative-name"], ["leaf.common-name-not-listed"], profile=Profile.WEBPKI
    ),
    "an empty subject, the alternative name not critical": lambda: Situation(
        below(common_name=None, names=(), extra=[(x509.SubjectAlternativeName([DNS(NAME)]), False)]),
        others=["leaf.alternative-name-not-critical"],
    ),
    "an empty subject, the alternative name critical": lambda: Situation(below(common_name=None)),
}


def _network(text: str) -> x509.IPAddress:
    return x509.IPAddress(ip_network(text))


def _constrained_root() -> Issued:
    constraints = x509.NameConstraints([DNS("example.org")], None)
    return authority("Root-CA", extra=[(constraints, True)], serial=7)


@cases(USES, NAMES)
def test_each_is_named_by_its_cause(make: Callable[[], Situation]) -> None:
    make().prove()
