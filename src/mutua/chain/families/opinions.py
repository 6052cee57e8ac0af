"""Which families of verifiers accept a chain and which refuse it."""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from cryptography import x509

from mutua.chain.catalogue import purposes_of
from mutua.chain.certificate import Certificate
from mutua.chain.families.measured import go_refusals, has_ml_dsa, java_refusals
from mutua.chain.families.openssl import PURPOSES, Answer, Purpose, Settings, verify
from mutua.chain.report import Report
from mutua.chain.trust import has_namesake
from mutua.chain.verdict import Demand, judge_by_web_rules
from mutua.message import N_, Message, message

OPENSSL_LEVEL_1 = N_("OpenSSL 1.1.1 to 3.1 (security level 1)")
OPENSSL_LEVEL_2 = N_("OpenSSL from 3.2 on, and Debian's (security level 2)")
OPENSSL_STRICT = N_("Python from 3.13 on (OpenSSL, strict)")
PYCA = "pyca/cryptography"
JAVA = "Java 17"
GO = "Go 1.19"

_USUAL_LEVEL = 2
_ROLES = {Purpose.SERVER: N_("as a server: {reason}"), Purpose.CLIENT: N_("as a client: {reason}")}


class Stance(StrEnum):
    """What a family does with the chain."""

    ACCEPTS = "accepts"
    REFUSES = "refuses"
    UNKNOWN = "unknown"


class Opinion(NamedTuple):
    """What one family of verifiers does with a chain, and why it refuses."""

    family: str
    stance: Stance
    reason: Message | None = None


class PeerAnswer(NamedTuple):
    """What a peer's OpenSSL says of the chain: as it was given, and in the order of the path that was found."""

    given: Answer
    ordered: Answer

    @property
    def only_order(self) -> bool:
        """Whether the certificates would be accepted in another order or selection."""
        return self.ordered.accepts and not self.given.accepts


class _Question(NamedTuple):
    leaf: Certificate
    sent: Sequence[Certificate]
    anchors: Sequence[Certificate]
    purposes: Sequence[Purpose]
    report: Report

    def settings(self, level: int) -> Settings:
        report = self.report
        return Settings(report.at, level=level, names=report.names, addresses=report.addresses)


FAMILIES = (OPENSSL_LEVEL_1, OPENSSL_LEVEL_2, OPENSSL_STRICT, PYCA, JAVA, GO)

_ALL_ACCEPT = tuple(Opinion(family, Stance.ACCEPTS) for family in FAMILIES)


def opinions(report: Report) -> tuple[Opinion, ...]:
    """What each family says; none where there is no leaf, or nothing that could be trusted."""
    return _ALL_ACCEPT if report.is_ordinary else opinions_asked_for(report)


def opinions_asked_for(report: Report) -> tuple[Opinion, ...]:
    """The same, where each family is asked although the answer is known beforehand."""
    question = _question(report)
    if question is None:
        return ()
    lenient, usual = question.settings(1), question.settings(_USUAL_LEVEL)
    return (
        _openssl(OPENSSL_LEVEL_1, question, lenient),
        _openssl(OPENSSL_LEVEL_2, question, usual),
        _openssl(OPENSSL_STRICT, question, usual._replace(strict=True, partial_chain=True)),
        _pyca(question),
        _java(question),
        _go(question),
    )


def differ(said: Sequence[Opinion]) -> bool:
    """Whether one family accepts what another refuses."""
    return {Stance.ACCEPTS, Stance.REFUSES} <= {opinion.stance for opinion in said}


def peer_answer(report: Report) -> PeerAnswer | None:
    """What a peer's OpenSSL of today says of the chain in the order given; None where there is nothing to ask about."""
    if report.is_ordinary:
        accepted = Answer(0, 0, report.path)
        return PeerAnswer(accepted, accepted)
    question = _question(report)
    if question is None:
        return None
    ordered = question._replace(sent=[certificate for certificate in report.path if certificate.position])
    return PeerAnswer(_worst(question), _worst(ordered))


def _worst(question: _Question) -> Answer:
    answers = [_asked(question, question.settings(_USUAL_LEVEL), purpose) for purpose in question.purposes]
    return next((answer for answer in answers if not answer.accepts), answers[0])


def _question(report: Report) -> _Question | None:
    root = report.arrangement.root
    anchors = report.trust.anchors if report.trust else ((root,) if root else ())
    if not report.path or (not anchors and report.trust is None):
        return None
    leaf = report.path[0]
    others = [certificate for certificate in report.material.certificates if certificate is not leaf]
    purposes = [PURPOSES[oid] for oid, _name in purposes_of(report.profile)]
    return _Question(leaf, [leaf, *others], anchors, purposes, report)


def _asked(question: _Question, settings: Settings, purpose: Purpose) -> Answer:
    """Whoever verifies a client asks for no name."""
    asked = settings._replace(purpose=purpose)
    if purpose is Purpose.CLIENT:
        asked = asked._replace(names=(), addresses=())
    return verify(question.leaf, question.sent, question.anchors, asked)


def _openssl(family: str, question: _Question, settings: Settings) -> Opinion:
    refused = _openssl_refusal(question, settings)
    if refused is None:
        return Opinion(family, Stance.ACCEPTS)
    if family != OPENSSL_LEVEL_1 and has_ml_dsa(question.report.path):
        settings = settings._replace(knows_ml_dsa=True)
        if _openssl_refusal(question, settings) is None:
            reason = message("ML-DSA is known from OpenSSL 3.5 on; before, {reason}", reason=refused)
            return Opinion(family, Stance.UNKNOWN, reason)
    return Opinion(family, Stance.REFUSES, refused)


def _openssl_refusal(question: _Question, settings: Settings) -> Message | None:
    answers = {purpose: _asked(question, settings, purpose) for purpose in question.purposes}
    return _refusal({purpose: None if found.accepts else error_of(found) for purpose, found in answers.items()})


def error_of(answer: Answer) -> Message:
    """OpenSSL's error in a sentence; its own words stay as they are."""
    return message(
        "error {error} at depth {depth} ({name}), {text}.",
        error=answer.error,
        depth=answer.depth,
        name=answer.path[answer.depth].issued_to,
        text=answer.text,
    )


def _refusal(reasons: dict[Purpose, Message | None]) -> Message | None:
    """The reason, with the role that it is about where only one of two is refused."""
    refused = {purpose: reason for purpose, reason in reasons.items() if reason is not None}
    if not refused:
        return None
    purpose, reason = next(iter(refused.items()))
    return reason if len(refused) == len(reasons) else message(_ROLES[purpose], reason=reason)


def _pyca(question: _Question) -> Opinion:
    report = question.report
    reasons: dict[Purpose, Message | None] = {}
    for purpose in question.purposes:
        is_server = purpose is Purpose.SERVER
        demand = Demand(report.at, report.names if is_server else (), report.addresses if is_server else ())
        verdict = judge_by_web_rules(question.leaf, question.sent[1:], question.anchors, demand, as_server=is_server)
        reasons[purpose] = None if verdict.valid else message("{detail}.", detail=verdict.detail)
    reason = _refusal(reasons)
    return Opinion(PYCA, Stance.REFUSES if reason else Stance.ACCEPTS, reason)


def _java(question: _Question) -> Opinion:
    if _is_beyond_java(question):
        return Opinion(JAVA, Stance.UNKNOWN)
    found = _path_found(question)
    reason = next(java_refusals(found or question.report.path), None)
    if reason is not None:
        return Opinion(JAVA, Stance.REFUSES, reason)
    # Java asks the leaf alone what it is made for, and reads little of an anchor, so that it accepts more than others.
    wanted = [oid for oid, _name in purposes_of(question.report.profile)]
    is_made_for = all(question.leaf.permits(oid) for oid in wanted)
    return Opinion(JAVA, Stance.ACCEPTS if found and is_made_for else Stance.UNKNOWN)


def _is_beyond_java(question: _Question) -> bool:
    """Whether Java is hard to foretell: among namesakes, with several anchors, with constraints out of order."""
    path, in_order = question.report.path, question.report.arrangement.in_order
    if not in_order and any(certificate.extension(x509.NameConstraints) for certificate in path):
        return True
    if has_namesake(question.sent, path):
        return True
    issuers = {certificate.comparable_issuer for certificate in question.sent}
    return sum(anchor.comparable_subject in issuers for anchor in question.anchors) > 1


def _go(question: _Question) -> Opinion:
    found = _path_found(question)
    path = found or question.report.path
    reasons = {purpose: next(go_refusals(path, [oid]), None) for oid, purpose in PURPOSES.items()}
    if question.leaf.extension(x509.SubjectAlternativeName) is None and reasons[Purpose.SERVER] is None:
        reasons[Purpose.SERVER] = message("it wants a subject alternative name.")
    reason = _refusal({purpose: reasons[purpose] for purpose in question.purposes})
    if found is None:
        reason = reason or message("it finds no valid path.")
    return Opinion(GO, Stance.REFUSES if reason else Stance.ACCEPTS, reason)


def _path_found(question: _Question) -> Sequence[Certificate] | None:
    """The valid path of the engine or else of OpenSSL, whatever its strength and what it is made for; None for none."""
    if question.report.valid:
        return question.report.path
    asked = question.settings(0)._replace(partial_chain=True)
    if Purpose.SERVER not in question.purposes:
        asked = asked._replace(names=(), addresses=())
    answer = verify(question.leaf, question.sent, question.anchors, asked)
    return answer.path if answer.accepts else None
