"""From an alert to its cause: real servers refuse real chains, and the true cause is the first to be named."""

import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest
from cryptography import x509
from tests.peering.certified import LOOPBACK, Authority
from tests.peering.servers import HOST, tls_server

from mutua import chain
from mutua.authority.issue import SERVER_AUTH, Issued, Template, issue, key_usage
from mutua.authority.request import Subject, distinguished_name
from mutua.chain import Profile, Report
from mutua.peering.alert_causes import ABOUT_CERTIFICATES, ABOUT_HANDSHAKES
from mutua.peering.alerts import ALERTS, Candidate, Situation, Standing, alert_name, candidates
from mutua.peering.contexts import Presented, peer_listener
from mutua.peering.fitting import as_sent, fittings
from mutua.peering.handshake import CertificateRequest
from mutua.peering.probe import Reaction, Seen, probe

NOW = datetime.now(UTC)


def report(pem: bytes, at: datetime | None = None) -> Report:
    return chain.check(pem, at=at or datetime.now(UTC), profile=Profile.CLIENT)


def refusal(listener: ssl.SSLContext, presented: Presented) -> tuple[Seen, tuple[Candidate, ...]]:
    with tls_server(listener) as port:
        seen = probe(HOST, port, presented=presented)
    assert seen.alert is not None, seen
    ours = as_sent(report(presented.certificates_pem), seen.request)
    return seen, candidates(seen.alert, Situation(seen, ours))


class Fault(NamedTuple):
    """A chain that a peer refuses, the alert that it sends, and the cause."""

    presented: Callable[[Authority], Presented]
    alert: int
    cause: str
    standing: Standing = Standing.LIKELY


def _leaf(**knobs: Any) -> Callable[[Authority], Presented]:
    return lambda authority: authority.presented(authority.leaf(**knobs))


def _alone(authority: Authority) -> Presented:
    leaf = authority.leaf()
    assert leaf.key is not None
    return Presented(leaf.pem, leaf.key)


def _self_signed(_authority: Authority) -> Presented:
    own = issue(Template(common_name="peer.example.net", names=LOOPBACK))
    assert own.key is not None
    return Presented(own.pem, own.key)


def _whole(authority: Authority, *path: Issued) -> Presented:
    assert path[0].key is not None
    return Presented(b"".join(one.pem for one in (*path, *authority.path)), path[0].key)


def _signed_by_a_leaf(authority: Authority) -> Presented:
    signer = authority.leaf("no-ca.example.net")
    return _whole(authority, issue(Template(common_name="peer.example.net", names=LOOPBACK), issuer=signer), signer)


def _too_long(authority: Authority) -> Presented:
    short = issue(Template(common_name="Short-CA", is_ca=True, path_length=0), issuer=authority.path[0])
    below = issue(Template(common_name="Below-CA", is_ca=True), issuer=short)
    leaf = issue(Template(common_name="peer.example.net", names=LOOPBACK), issuer=below)
    return _whole(authority, leaf, below, short)


def _restricted(authority: Authority) -> Presented:
    limited = issue(
        Template(common_name="Limited-CA", is_ca=True, extended_key_usage=(SERVER_AUTH,)), issuer=authority.path[0]
    )
    return _whole(authority, issue(Template(common_name="peer.example.net", names=LOOPBACK), issuer=limited), limited)


def _critical(authority: Authority) -> Presented:
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.55555.1"), b"\x05\x00")
    return authority.presented(authority.leaf(extra=((unknown, True),)))


FAULTS = {
    "missing intermediate": Fault(_alone, 48, "missing-intermediate", Standing.UNSEEN),
    "self-signed leaf": Fault(_self_signed, 48, "self-signed-leaf"),
    "signed by a leaf": Fault(_signed_by_a_leaf, 48, "not-a-ca"),
    "path length": Fault(_too_long, 48, "path-length"),
    "not yet valid": Fault(_leaf(not_before=NOW + timedelta(hours=2)), 42, "clock-behind"),
    "no client authentication": Fault(_leaf(extended_key_usage=(SERVER_AUTH,)), 43, "no-client-auth"),
    "no digital signature": Fault(_leaf(key_usage=key_usage("key_encipherment")), 43, "no-digital-signature"),
    "restricted authority": Fault(_restricted, 43, "restricted-authority"),
    "expired": Fault(
        _leaf(not_before=NOW - timedelta(days=9), not_after=NOW - timedelta(days=1)), 45, "expired"
    ),
    "unknown critical extension": Fault(_critical, 46, "unknown-extension"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_the_true_cause_is_named_first(authority: Authority, fault: Fault) -> None:
    listener = peer_listener(authority.presented(authority.leaf("server.example.net")), authority.root_pem)
    seen, judged = refusal(listener, fault.presented(authority))
    assert seen.alert == fault.alert
    assert (judged[0].id, judged[0].standing) == (fault.cause, fault.standing)
    likely = [candidate.id for candidate in judged if candidate.standing is Standing.LIKELY]
    assert likely in ([fault.cause], [fault.cause, "other-fault"], [])


def test_a_wrong_root_cannot_be_told_from_a_server_that_names_none(authority: Authority, stranger: Authority) -> None:
    listener = peer_listener(authority.presented(authority.leaf()), authority.root_pem)
    whole = _whole(stranger, stranger.leaf())
    seen, judged = refusal(listener, whole)
    assert seen.alert == 48
    standings = {candidate.id: candidate.standing for candidate in judged}
    assert standings["missing-intermediate"] is Standing.RULED_OUT
    assert standings["other-authority"] is Standing.UNSEEN
    assert standings["self-signed-leaf"] is Standing.RULED_OUT


def _seen(
    alert: int | None = 48, names: tuple[str, ...] = (), schemes: tuple[int, ...] = (), **changes: object
) -> Seen:
    request = CertificateRequest(
        tuple(distinguished_name(Subject(name)).public_bytes() for name in names), schemes
    )  # fmt: skip
    seen = Seen(HOST, "TLSv1.3", None, None, (b"",), request, 1, Reaction.ALERT, alert, "", True)
    return seen._replace(**changes)  # type: ignore[arg-type]


def _standings(alert: int, situation: Situation) -> dict[str, Standing]:
    return {candidate.id: candidate.standing for candidate in candidates(alert, situation)}


def test_what_the_server_accepts_decides_between_a_missing_intermediate_and_another_authority(
    authority: Authority, stranger: Authority
) -> None:
    alone = report(authority.leaf().pem)
    to_root = report(_whole(authority, authority.leaf()).certificates_pem)
    assert _standings(48, Situation(_seen(names=("Root-CA",)), alone))["missing-intermediate"] is Standing.LIKELY
    assert _standings(48, Situation(_seen(names=("Inter-CA1",)), alone))["missing-intermediate"] is Standing.RULED_OUT
    assert _standings(48, Situation(_seen(), alone))["missing-intermediate"] is Standing.UNSEEN
    elsewhere = _standings(48, Situation(_seen(names=("Other Root",)), to_root))
    assert elsewhere["missing-intermediate"] is Standing.RULED_OUT
    assert elsewhere["other-authority"] is Standing.LIKELY
    assert _standings(48, Situation(_seen(names=("Root-CA",)), to_root))["other-authority"] is Standing.UNSEEN


def test_a_clock_is_suspected_only_where_a_day_would_do(authority: Authority) -> None:
    old = authority.leaf(not_before=NOW - timedelta(days=30), not_after=NOW + timedelta(days=30)).pem
    fresh = authority.leaf(not_after=NOW + timedelta(hours=3)).pem
    assert _standings(42, Situation(_seen(42), report(old)))["clock-behind"] is Standing.RULED_OUT
    assert _standings(42, Situation(_seen(42), report(fresh)))["clock-behind"] is Standing.UNSEEN
    assert _standings(45, Situation(_seen(45), report(old)))["clock-ahead"] is Standing.RULED_OUT
    assert _standings(45, Situation(_seen(45), report(fresh)))["clock-ahead"] is Standing.LIKELY


def test_without_a_certificate_that_is_the_cause_whatever_the_alert(authority: Authority) -> None:
    for alert in (40, 42, 116):
        first = candidates(alert, Situation(_seen(alert, sent=0), None))[0]
        assert (first.id, first.standing) == ("no-certificate", Standing.LIKELY)
    unusable = Situation(_seen(116, schemes=(0x0804,), sent=0), report(authority.leaf().pem))
    assert candidates(116, unusable)[0].id == "no-scheme"
    assert candidates(116, unusable)[0].standing is Standing.LIKELY


@pytest.mark.parametrize("alert", [*ALERTS, 0, 255, None])
@pytest.mark.parametrize("sent", [None, 0, 2])
def test_every_alert_has_candidates_in_order_and_in_words(
    authority: Authority, alert: int | None, sent: int | None
) -> None:
    request = None if sent is None else _seen().request
    for ours in (None, report(authority.leaf().pem), report(b"nothing")):
        judged = candidates(alert, Situation(_seen(alert, request=request, sent=sent), ours))
        assert judged
        assert len({candidate.id for candidate in judged}) == len(judged)
        order = [list(Standing).index(candidate.standing) for candidate in judged]
        assert order == sorted(order)
        assert all(str(candidate.found) and candidate.title and candidate.fix for candidate in judged)


def test_alerts_are_called_by_name_and_number() -> None:
    assert alert_name(48) == "unknown_ca (48)"
    assert alert_name(254) == "254"
    assert (ABOUT_CERTIFICATES.keys() | ABOUT_HANDSHAKES.keys()) <= ALERTS.keys()


def test_a_chain_is_held_against_every_demand(authority: Authority) -> None:
    path = report(_whole(authority, authority.leaf()).certificates_pem).path
    sound = _seen(names=("Root-CA",), schemes=(0x0403, 0x0804)).request
    assert sound is not None
    assert [fit.fits for fit in fittings(path, sound, tls_1_3=True)] == [True, True, True]
    other = _seen(names=("Other",), schemes=(0x0804, 0x0503)).request
    assert other is not None
    assert [fit.fits for fit in fittings(path, other, tls_1_3=True)] == [False, False, True]
    assert [fit.fits for fit in fittings(path, other, tls_1_3=False)] == [False, True, True]
    silent = CertificateRequest((), ())
    server_only = report(authority.leaf(extended_key_usage=(SERVER_AUTH,)).pem).path
    assert [fit.fits for fit in fittings(server_only, silent, tls_1_3=True)] == [None, None, False]


def test_a_name_that_differs_in_case_only_is_accepted(authority: Authority) -> None:
    path = report(authority.leaf().pem).path
    request = _seen(names=("INTER-ca1",)).request
    assert request is not None
    assert next(fittings(path, request, tls_1_3=True)).fits is True


def test_what_a_server_does_not_need_is_no_fault_of_what_is_sent(authority: Authority) -> None:
    def told(pem: bytes, *names: str) -> set[str]:
        errors = as_sent(report(pem), _seen(names=names).request).errors
        return {finding.rule.id for finding in errors}

    without_root = authority.presented(authority.leaf()).certificates_pem
    assert {finding.rule.id for finding in report(without_root).errors} == {"chain.missing-root"}
    assert told(without_root) == set()
    alone = authority.leaf().pem
    assert told(alone) == told(alone, "Root-CA") == {"chain.missing-intermediate"}
    assert told(alone, "Inter-CA1") == set()
