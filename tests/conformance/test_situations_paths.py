"""What is wrong with the paths that people really have: issuers, roots, orders, dates. Each is named by its cause."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID
from tests.chain.asked import crl, stranger
from tests.chain.odd import armoured
from tests.chain.pki import AT, authority, intermediate, key, ladder, leaf, pem, root
from tests.conformance.asking import Situation, Situations, cases, through

from mutua.authority.issue import Issued, key_usage
from mutua.chain import Profile

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
LEAF = leaf(intermediate())
PINNED = leaf()
LOCATION = x509.AuthorityInformationAccess(
    [
        x509.AccessDescription(
            AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier("http://pki.example.net/inter.cer")
        )
    ]
)


def key_id(issued: Issued) -> str:
    return (
        issued.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest.hex(":").upper()
    )


def rekeyed() -> Issued:
    """The intermediate as AD CS renews it with a new key."""
    return authority("Inter-CA1", root(), key("Inter-CA1 renewed"))


def stale_root() -> Issued:
    """What somebody installed long ago under the name of the root."""
    return authority("Root-CA", signs_with=key("Root-CA before"), not_after=AT + 400 * DAY)


def altered(issued: Issued) -> bytes:
    """One bit of the signature flipped."""
    binary = bytearray(issued.certificate.public_bytes(Encoding.DER))
    binary[-1] ^= 1
    return armoured(bytes(binary))


def chain_of(*, leaf_until: int = 60, between_until: int = 60, root_until: int = 60, **knobs: Any) -> Sequence[Issued]:
    """Leaf, intermediate, root that expire so many days from now."""
    top = authority("Root-CA", not_after=AT + root_until * DAY)
    between = authority("Inter-CA1", top, not_after=AT + between_until * DAY)
    return leaf(between, not_after=AT + leaf_until * DAY, **knobs), between, top


MISSING: Situations = {
    "missing intermediate": lambda: Situation(
        leaf(intermediate(), extra=[(LOCATION, False)]).pem,
        ["chain.missing-intermediate"],
        trust=[root().pem],
        says=[
            "Inter-CA1, which signed it, is not in the file, and not among what is trusted",
            key_id(intermediate()),
            "http://pki.example.net/inter.cer",
        ],
    ),
    "missing intermediate with a long name": lambda: Situation(
        leaf(_of_a_company()).pem, ["chain.missing-intermediate"], says=["Issuing CA (CN=Issuing CA,O=Example)"]
    ),
    "root neither sent nor trusted": lambda: Situation(
        pem(LEAF, intermediate()),
        ["chain.missing-root"],
        trust=[stranger().pem],
        says=["stops at Inter-CA1. Root-CA, which signed it, is not in the file, and not among what is trusted"],
    ),
    "root sent and not trusted": lambda: Situation(
        pem(LEAF, intermediate(), root()),
        ["chain.untrusted"],
        trust=[stranger().pem],
        says=["ends in Root-CA (SHA-256", "Trusted: Other-CA"],
    ),
    "self-signed leaf": lambda: Situation(leaf().pem, ["chain.self-signed-leaf"]),
    "self-signed leaf, another one trusted": lambda: Situation(
        PINNED.pem, ["chain.self-signed-leaf", "chain.untrusted"], trust=[stranger().pem]
    ),
    "self-signed leaf, trusted by itself": lambda: Situation(PINNED.pem, trust=[PINNED.pem]),
    "the intermediate is trusted, the root is not": lambda: Situation(
        pem(LEAF, intermediate()),
        others=["trust.not-a-root"],
        trust=[intermediate().pem],
        says=["Inter-CA1, which is trusted; Root-CA, which signed it, is not"],
    ),
    "no intermediate for the appliance": lambda: Situation(
        pem(LEAF, root()), ["chain.missing-intermediate"], profile=Profile.MIGRATION
    ),
    "no root for the appliance": lambda: Situation(
        pem(LEAF, intermediate()), ["chain.missing-root"], profile=Profile.MIGRATION
    ),
    "the root is not self-signed": lambda: Situation(
        pem(LEAF, intermediate(), authority("Root-CA", stranger(), key("Root-CA"))),
        ["chain.missing-root"],
        profile=Profile.MIGRATION,
        says=["stops at Root-CA. Other-CA, which signed it"],
    ),
    "foreign certificates in the file": lambda: Situation(
        pem(LEAF, intermediate(), root(), stranger()), others=["chain.foreign-certificate"], says=["Number 4, Other-CA"]
    ),
}


def _of_a_company() -> Issued:
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example"),
            x509.NameAttribute(NameOID.COMMON_NAME, "Issuing CA"),
        ]
    )
    return authority("Issuing CA", root(), subject=subject)


NAMESAKES: Situations = {
    "CA re-keyed under the same name": lambda: Situation(
        pem(LEAF, rekeyed(), root()),
        ["chain.wrong-issuer-key"],
        says=[f"Wanted: key id {key_id(intermediate())}. Found: {key_id(rekeyed())}"],
    ),
    "CA re-keyed, and no key identifiers": lambda: Situation(
        pem(leaf(intermediate(), authority_key_identifier=False), rekeyed(), root()),
        ["chain.wrong-issuer-key"],
        ["certificate.authority-key-id"],
        says=["its key did not sign om.example.net"],
    ),
    "both certificates of a re-keyed CA": lambda: Situation(
        pem(LEAF, intermediate(), rekeyed(), root()), others=["chain.foreign-certificate"]
    ),
    "stale root of the same name is trusted": lambda: Situation(
        pem(LEAF, intermediate()),
        ["chain.wrong-issuer-key"],
        trust=[stale_root().pem],
        says=["Root-CA is trusted (SHA-256", "valid until 2027-07-06", key_id(root()), key_id(stale_root())],
    ),
    "stale root of the same name is trusted, the new one sent": lambda: Situation(
        pem(LEAF, intermediate(), root()),
        ["chain.untrusted"],
        trust=[stale_root().pem],
        says=["another certificate of that name", "to 2026-07-31", "to 2027-07-06"],
    ),
    "altered after it was signed": lambda: Situation(
        altered(LEAF) + pem(intermediate(), root()), ["chain.wrong-issuer-key"], says=["one of the two was changed"]
    ),
    "key identifier of another CA": lambda: Situation(
        pem(_asking_for(bytes(20)), intermediate(), root()),
        ["chain.key-id-mismatch"],
        says=["It asks for key id 00:00", key_id(intermediate())],
    ),
    "issuer name in other string types": lambda: Situation(
        pem(leaf(_spelled(_ASN1Type.PrintableString)), _spelled(_ASN1Type.UTF8String), root()),
        ["chain.name-bytes-differ"],
        says=["differ in CN: PrintableString 'Inter-CA1' there, UTF8String 'Inter-CA1' here"],
    ),
    "issuer name in other case": lambda: Situation(
        pem(LEAF, authority("INTER-CA1", root(), key("Inter-CA1")), root()),
        ["chain.name-bytes-differ"],
        says=["'Inter-CA1' there, UTF8String 'INTER-CA1' here"],
    ),
}


def _asking_for(key_identifier: bytes) -> Issued:
    wanted = x509.AuthorityKeyIdentifier(key_identifier, None, None)
    return leaf(intermediate(), authority_key_identifier=False, extra=[(wanted, False)])


def _spelled(string_type: _ASN1Type) -> Issued:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Inter-CA1", string_type)])
    return authority("Inter-CA1", root(), subject=name)


DATES: Situations = {
    "expired leaf": lambda: Situation(
        pem(*chain_of(leaf_until=-1)), ["validity.expired"], says=["It was valid until 2026-05-31 12:00 UTC"]
    ),
    "expired intermediate": lambda: Situation(pem(*chain_of(between_until=-1)), ["validity.expired"]),
    "expired root": lambda: Situation(pem(*chain_of(root_until=-1)), ["validity.expired"]),
    "expired root beside its renewed twin": lambda: Situation(
        pem(LEAF, intermediate(), authority("Root-CA", not_after=AT - DAY)),
        trust=[root().pem],
        others=["chain.expired-alternative"],
    ),
    "the last second counts": lambda: Situation(pem(*chain_of(leaf_until=0)), others=["validity.expires-soon"]),
    "clock a few minutes slow": lambda: Situation(
        pem(leaf(intermediate(), not_before=AT + timedelta(minutes=7)), intermediate(), root()),
        ["validity.not-yet-valid"],
        says=["less than an hour", "2026-06-01 12:07 UTC; it is 2026-06-01 12:00 UTC"],
    ),
    "local time taken for UTC": lambda: Situation(
        pem(leaf(intermediate(), not_before=AT + 2 * HOUR), intermediate(), root()),
        ["validity.not-yet-valid"],
        says=["2 hour(s)", "time zones"],
    ),
    "not valid until next week": lambda: Situation(
        pem(leaf(intermediate(), not_before=AT + 7 * DAY), intermediate(), root()),
        ["validity.not-yet-valid"],
    ),
    "expires soon": lambda: Situation(
        pem(*chain_of(leaf_until=9)), others=["validity.expires-soon"], says=["9 day(s) more"]
    ),
    "expires within the day": lambda: Situation(
        pem(leaf(intermediate(), not_after=AT + 5 * HOUR), intermediate(), root()),
        others=["validity.expires-soon"],
        says=["less than a day more"],
    ),
    "short-lived, and just renewed": lambda: Situation(
        pem(leaf(intermediate(), not_before=AT - HOUR, not_after=AT + 23 * HOUR), intermediate(), root())
    ),
    "valid for longer than its issuer": lambda: Situation(
        pem(*chain_of(leaf_until=90)), others=["validity.outlives-issuer"], says=["Inter-CA1 until 2026-07-31 only"]
    ),
}


def new_root() -> Issued:
    return authority("New-Root", not_after=AT + 3000 * DAY)


def below_new_root() -> Issued:
    return authority("Inter-CA9", new_root())


def new_by_old(**knobs: Any) -> Issued:
    """The cross certificate: the old root vouches for the key of the new one."""
    return authority("New-Root", root(), key("New-Root"), **knobs)


def old_root_expired() -> Issued:
    return authority("Root-CA", not_after=AT - DAY)


def expired_cross() -> Issued:
    return authority("New-Root", old_root_expired(), key("New-Root"), not_after=AT - DAY)


CROSSED: Situations = {
    "AddTrust: the new root is trusted": lambda: Situation(
        pem(leaf(below_new_root()), below_new_root(), expired_cross()),
        others=["chain.expired-alternative"],
        trust=[new_root().pem],
        says=["Number 3, New-Root issued by Root-CA, was valid until 2026-05-31"],
    ),
    "AddTrust: only the old root is trusted": lambda: Situation(
        pem(leaf(below_new_root()), below_new_root(), expired_cross()),
        ["validity.expired"],
        trust=[old_root_expired().pem],
    ),
    "AddTrust, for the appliance": lambda: Situation(
        pem(leaf(below_new_root()), below_new_root(), new_root(), expired_cross()),
        ["chain.expired-alternative"],
        profile=Profile.MIGRATION,
    ),
    "new root not yet in old stores, not cross-signed": lambda: Situation(
        pem(leaf(below_new_root()), below_new_root(), new_root()), ["chain.untrusted"], trust=[root().pem]
    ),
    "new root not yet in old stores, cross-signed": lambda: Situation(
        pem(leaf(below_new_root()), below_new_root(), new_by_old()), trust=[root().pem]
    ),
    "two paths in one file": lambda: Situation(
        pem(leaf(below_new_root()), below_new_root(), new_root(), new_by_old(), root()),
        others=["chain.alternative-path"],
        says=["by their numbers in the file: 4. New-Root ← Root-CA, 5. Root-CA ← Root-CA."],
    ),
}

SHAPE: Situations = {
    "intermediates in the wrong order": lambda: Situation(
        pem(*_ladder([0, 2, 1, 3])), others=["chain.wrong-order"], says=["The file has them as Inter-CA1 → Inter-CA2"]
    ),
    "intermediates in the wrong order, for the appliance": lambda: Situation(
        pem(*_ladder([0, 2, 1, 3])), ["chain.wrong-order"], profile=Profile.MIGRATION
    ),
    "leaf last": lambda: Situation(pem(*_ladder([1, 2, 3, 0])), ["chain.leaf-not-first"]),
    "root included": lambda: Situation(pem(LEAF, intermediate(), root()), trust=[root().pem]),
    "a certificate twice": lambda: Situation(
        pem(LEAF, LEAF, intermediate(), root()), others=["file.duplicate-certificate"]
    ),
    "issued by a leaf": lambda: Situation(pem(*_below_a_leaf()), ["chain.not-a-ca"], says=["no basic constraint"]),
    "issuer without basic constraints": lambda: Situation(
        through(basic_constraints=None), ["chain.not-a-ca"], says=["no basic constraint"]
    ),
    "issuer without keyCertSign": lambda: Situation(
        through(key_usage=key_usage("crl_sign")), ["chain.not-a-ca"], says=["lacks keyCertSign"]
    ),
    "path length exceeded": lambda: Situation(
        pem(*_two_below_zero()),
        ["chain.path-length-exceeded"],
        says=["It allows 0 CA certificate(s) below it; there are 1"],
    ),
    "twelve intermediates": lambda: Situation(
        pem(*ladder(13)), others=["chain.longer-than-usual"], says=["12 authorities"]
    ),
    "twelve intermediates, for the appliance": lambda: Situation(
        pem(*ladder(13)), ["chain.too-deep"], profile=Profile.MIGRATION
    ),
}


def _ladder(order: Sequence[int]) -> Sequence[Issued]:
    rungs = ladder(3)
    return [rungs[number] for number in order]


def _below_a_leaf() -> Sequence[Issued]:
    server = leaf(root(), common_name="server.example.net")
    return leaf(server, common_name="below.example.net"), server, root()


def _two_below_zero() -> Sequence[Issued]:
    upper = authority("Inter-CA1", root(), path_length=0)
    lower = authority("Inter-CA2", upper)
    return leaf(lower), lower, upper, root()


def _published(*addresses: str) -> x509.CRLDistributionPoints:
    names = [x509.UniformResourceIdentifier(address) for address in addresses]
    return x509.CRLDistributionPoints([x509.DistributionPoint(names, None, None, None)])


EVERY_LIST = [crl(intermediate()), crl(root())]
REVOCATION: Situations = {
    "revoked leaf": lambda: Situation(
        pem(LEAF, intermediate(), root()),
        ["crl.revoked"],
        crls=[crl(intermediate(), LEAF), crl(root())],
        says=["Inter-CA1 revoked it on 2026-05-31"],
    ),
    "revoked intermediate": lambda: Situation(
        pem(LEAF, intermediate(), root()), ["crl.revoked"], crls=[crl(intermediate()), crl(root(), intermediate())]
    ),
    "expired list": lambda: Situation(
        pem(LEAF, intermediate(), root()),
        ["crl.unusable"],
        crls=[crl(intermediate(), end=AT - HOUR), crl(root())],
        says=["The revocation list of Inter-CA1 was valid until 2026-06-01 11:00 UTC"],
    ),
    "no list of the root": lambda: Situation(
        pem(LEAF, intermediate(), root()),
        others=["crl.missing"],
        crls=[crl(intermediate())],
        says=["Root-CA issued it, and no list of that authority was given"],
    ),
    "no list of the root, which is in a directory": lambda: Situation(
        through(extra=[(_published("ldap:///CN=Root-CA,DC=example"), False)]),
        others=["crl.missing"],
        crls=[crl(intermediate())],
        says=["It is at ldap:///CN=Root-CA,DC=example, which OpenSSL cannot fetch"],
    ),
    "no list of the root, which is on the web too": lambda: Situation(
        through(extra=[(_published("ldap:///CN=Root-CA", "http://pki.example.net/root.crl"), False)]),
        others=["crl.missing"],
        crls=[crl(intermediate())],
        says=["It is at http://pki.example.net/root.crl."],
    ),
    "a list of another authority alone": lambda: Situation(
        pem(LEAF, intermediate(), root()),
        others=["crl.missing", "crl.unrelated"],
        crls=[crl(stranger())],
        says=["Other-CA made it", "Inter-CA1 issued it, and no list"],
    ),
    "every list, and nothing revoked": lambda: Situation(pem(LEAF, intermediate(), root()), crls=EVERY_LIST),
}


@cases(MISSING, NAMESAKES, DATES, CROSSED, SHAPE, REVOCATION)
def test_each_is_named_by_its_cause(make: Callable[[], Situation]) -> None:
    make().prove()
