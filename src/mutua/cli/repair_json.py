"""A repair for machines."""

from typing import Literal, NotRequired, TypedDict

from mutua.chain.certificate import Certificate
from mutua.chain.repair import Added, LeftOut, Ordered, Removed, Rewritten, Step, Unread
from mutua.chain.report_json import ReportJson
from mutua.cli.repairing import Outcome
from mutua.language import translate

FORMAT_VERSION: Literal[1] = 1
"""Of the JSON form. It grows by new keys; a changed or lost one raises the number."""


class RepairedCertificateJson(TypedDict):
    """A certificate of the input or the result."""

    issued_to: str
    """The subject's common name, else its distinguished name."""
    issued_by: str
    """The issuer's common name, else its distinguished name."""
    not_after: str
    """ISO 8601, UTC."""
    sha256: str
    """SHA-256 of its DER, lower-case hexadecimal."""
    position: int | None
    """Its place in the input, from 1; null for one that was added."""


class StepJson(TypedDict):
    """A step. Which of the optional keys there are depends on the action."""

    action: Literal["rewrite", "leave-out", "skip", "remove", "add", "order"]
    """What is done."""
    text: str
    """The step for people."""
    certificate: NotRequired[RepairedCertificateJson]
    """remove, add: which one."""
    why: NotRequired[str]
    """remove: duplicate, superseded or foreign."""
    origin: NotRequired[str]
    """add: the file or address that it was found in."""
    root: NotRequired[bool]
    """add: whether trust would begin there, which the other side must decide for its own reasons."""


class FetchedJson(TypedDict):
    """An address that was asked."""

    url: str
    """The address."""
    certificates: int
    """How many certificates it answered with."""
    problem: str | None
    """Why it gave none, for people; null where it did."""


class UnreadJson(TypedDict):
    """A file or folder that could not be looked through."""

    name: str
    """Its name."""
    reason: str
    """Why, for people."""


class RepairJson(TypedDict):
    """What came of a repair."""

    version: Literal[1]
    """Of this form. It grows by new keys; a changed or lost one raises the number."""
    steps: list[StepJson]
    """In the order in which they are taken."""
    chain: list[RepairedCertificateJson]
    """The result, leaf first."""
    before: ReportJson
    """What the checker says of the input."""
    after: ReportJson
    """What the checker says of the result."""
    files_searched: int
    """How many files were looked through for missing certificates."""
    unread: list[UnreadJson]
    """What could not be looked through."""
    fetched: list[FetchedJson]
    """The addresses that were asked."""
    written: str | None
    """The file that was written, or null."""
    dry_run: bool
    """Whether it was only told what would be done."""


def to_json(outcome: Outcome) -> RepairJson:
    """The outcome as JSON values."""
    plan = outcome.plan
    return {
        "version": FORMAT_VERSION,
        "steps": [_step(step) for step in plan.steps],
        "chain": [_certificate(certificate) for certificate in plan.certificates],
        "before": plan.before.to_json(translate),
        "after": plan.after.to_json(translate),
        "files_searched": outcome.found.files,
        "unread": [{"name": one.name, "reason": translate(one.reason)} for one in outcome.found.unread],
        "fetched": [
            {
                "url": one.url,
                "certificates": one.certificates,
                "problem": translate(one.problem) if one.problem else None,
            }
            for one in outcome.fetched
        ],
        "written": outcome.job.out if outcome.written else None,
        "dry_run": outcome.job.dry_run,
    }


def _step(step: Step) -> StepJson:
    text = translate(step.told())
    match step:
        case Rewritten():
            return {"action": "rewrite", "text": text}
        case LeftOut():
            return {"action": "leave-out", "text": text}
        case Unread():
            return {"action": "skip", "text": text}
        case Removed():
            return {"action": "remove", "text": text, "certificate": _certificate(step.certificate), "why": step.why}
        case Added():
            return {
                "action": "add",
                "text": text,
                "certificate": _certificate(step.certificate),
                "origin": step.origin,
                "root": step.is_root,
            }
        case Ordered():
            return {"action": "order", "text": text}


def _certificate(certificate: Certificate) -> RepairedCertificateJson:
    return {
        "issued_to": certificate.issued_to,
        "issued_by": certificate.issued_by,
        "not_after": certificate.not_after.isoformat(),
        "sha256": certificate.fingerprint,
        "position": certificate.position or None,
    }
