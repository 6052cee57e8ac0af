"""Rules about public CAs: their certificates are no good for mutual TLS any more (R5)."""

from collections.abc import Iterator

from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from mutua.chain.catalogue import Evidence, Examined, Profile, rule, warnings
from mutua.chain.certificate import Certificate
from mutua.message import N_, Message, message

_PUBLIC = {
    "actalis s.p.a.": "Actalis",
    "amazon": "Amazon",
    "asseco data systems s.a.": "Certum",
    "buypass as-983163327": "Buypass",
    "comodo ca limited": "Sectigo",
    "d-trust gmbh": "D-TRUST",
    "digicert inc": "DigiCert",
    "digicert, inc.": "DigiCert",
    "entrust limited": "Entrust",
    "entrust, inc.": "Entrust",
    "geotrust inc.": "DigiCert",
    "globalsign nv-sa": "GlobalSign",
    "godaddy.com, inc.": "GoDaddy",
    "google trust services": "Google Trust Services",
    "google trust services llc": "Google Trust Services",
    "hellenic academic and research institutions ca": "HARICA",
    "identrust": "IdenTrust",
    "internet security research group": "Let's Encrypt",
    "let's encrypt": "Let's Encrypt",
    "quovadis limited": "DigiCert",
    "sectigo limited": "Sectigo",
    "ssl corporation": "SSL.com",
    "ssl corp": "SSL.com",
    "starfield technologies, inc.": "GoDaddy",
    "swisssign ag": "SwissSign",
    "thawte, inc.": "DigiCert",
    "the usertrust network": "Sectigo",
    "trustwave holdings, inc.": "Trustwave",
    "unizeto technologies s.a.": "Certum",
    "zerossl": "ZeroSSL",
}
"""Organizations of the Web PKI as they write themselves in issuer names, in lower case."""

_SINCE = {
    "Let's Encrypt": N_("by default since 2026-02-11, and in no profile since July 2026"),
    "DigiCert": N_("from March 2027 on at the latest"),
}
_ALL = N_("from 2027-03-15 on at the latest, by the policy of Chrome's root program")


@rule(
    "leaf.public-authority",
    "R5",
    warnings(Profile.MIGRATION, Profile.MTLS, Profile.CLIENT),
    title=N_("a public CA for mutual TLS"),
    reason=N_(
        "Web browsers trust only hierarchies that are for servers alone, so public CAs end client authentication; in "
        "mutual TLS each side is a client too."
    ),
    fix=N_(
        "use a private CA, which both sides trust: mutua ca init DIR makes one, mutua ca sign DIR console.csr "
        "-o chain.pem signs a request."
    ),
    source="Chrome Root Program Policy 1.8, section 3.2.2",
    remedy="both-purposes",
)
def public_authority(examined: Examined) -> Iterator[Evidence]:
    for leaf in examined.leaf:
        authority = None if leaf.is_ca else _public_issuer(leaf)
        if authority is not None:
            yield Evidence(_what_ends(leaf, authority), leaf)


def _public_issuer(leaf: Certificate) -> str | None:
    for relative in leaf.comparable_issuer:
        for attribute, value in relative:
            if attribute == NameOID.ORGANIZATION_NAME and value in _PUBLIC:
                return _PUBLIC[value]
    return None


def _what_ends(leaf: Certificate, authority: str) -> Message:
    since = Message(_SINCE.get(authority, _ALL))
    if leaf.permits(ExtendedKeyUsageOID.CLIENT_AUTH):
        return message(
            "{authority} issued it, and issues no client authentication {since}: what renews it will not have it.",
            authority=authority,
            since=since,
        )
    return message(
        "{authority} issued it, and issues no client authentication {since}.", authority=authority, since=since
    )
