"""Where the validating engine refuses a path and no rule says why, and where OpenSSL does not find the valid one."""

from collections.abc import Iterator, Sequence

from mutua.chain.appliance import Stage
from mutua.chain.catalogue import CHAINS, SHOWN, Evidence, Examined, Profile, errors, purposes_of, rule, warnings
from mutua.chain.certificate import Certificate
from mutua.chain.trust import has_namesake
from mutua.chain.verdict import ENGINE
from mutua.message import N_, message


@rule(
    "engine.refused",
    "R8",
    errors(*CHAINS),
    stage=Stage.CHAIN,
    title=N_("the path does not validate"),
    reason=N_("An established engine validates every path; what it refuses, a peer is likely to refuse as well."),
    fix=N_("show its answer to whoever runs the CA."),
    source="RFC 5280, section 6",
)
def refused(examined: Examined) -> Iterator[Evidence]:
    if examined.verdict.refuses:
        for leaf in examined.leaf:
            yield Evidence(message("{engine} says: {detail}", engine=ENGINE, detail=examined.verdict.detail), leaf)


@rule(
    "chain.openssl-dead-end",
    "R8",
    errors(Profile.MTLS, Profile.CLIENT) | warnings(Profile.MIGRATION, Profile.SERVER, Profile.WEBPKI),
    title=N_("a valid path that OpenSSL does not find"),
    reason=N_(
        "OpenSSL follows the first issuer of the right name, among what it trusts and then in the order in which the "
        "certificates are sent, and does not come back from a dead end."
    ),
    fix=N_(
        "send the certificates of the path shown here in this order, and no others; of two trusted CAs of one name, "
        "put the one that is meant first."
    ),
    source="RFC 4158, section 2.4.2",
)
def openssl_dead_end(examined: Examined) -> Iterator[Evidence]:
    anchors = _anchors(examined)
    if not examined.verdict.valid or not _has_choice(examined, anchors):
        return
    from mutua.chain.families.openssl import PURPOSES, Settings, verify

    leaf = examined.path[0]
    sent = [leaf, *(certificate for certificate in examined.material.certificates if certificate is not leaf)]
    for purpose, _name in purposes_of(examined.profile):
        answer = verify(leaf, sent, anchors, Settings(examined.at, PURPOSES[purpose], level=0))
        if answer.accepts or not _leads_astray(answer.path, examined):
            continue
        found = message(
            "It goes {names} and ends with error {error} at depth {depth}, {text}.",
            names=" → ".join(f"{one.issued_to} ({one.fingerprint[:8]}…)" for one in answer.path[:SHOWN]),
            error=answer.error,
            depth=answer.depth,
            text=answer.text,
        )
        yield Evidence(found, leaf)
        return


def _has_choice(examined: Examined, anchors: Sequence[Certificate]) -> bool:
    """Whether OpenSSL can take another certificate than the path has, or what is trusted halfway up."""
    trusted, between = {anchor.der for anchor in anchors}, examined.path[1:-1]
    if any(certificate.der in trusted for certificate in between):
        return True
    return has_namesake([*examined.arrangement.foreign, *anchors], examined.path)


def _leads_astray(taken: Sequence[Certificate], examined: Examined) -> bool:
    """Whether OpenSSL left the valid path, or stopped on it before its root."""
    path = examined.path
    if [one.der for one in taken] != [one.der for one in path[: len(taken)]]:
        return True
    return len(taken) < len(path) and path[-1].is_self_signed


def _anchors(examined: Examined) -> Sequence[Certificate]:
    root = examined.arrangement.root
    return examined.trust.anchors if examined.trust else [root] if root else []
