"""Which errors `mutua repair` can mend, for the last lines of a check."""

from collections.abc import Iterator

from mutua.chain.report import Report
from mutua.cli.paragraphs import wrapped
from mutua.language import _, plural

MENDED_ALONE = frozenset(
    {
        "file.not-base64",
        "file.not-plain-pem",
        "file.loose-pem",
        "file.duplicate-certificate",
        "chain.foreign-certificate",
        "chain.leaf-not-first",
        "chain.wrong-order",
    }
)
"""What is wrong with the file alone."""

MENDED_WITH_MORE = frozenset({"chain.missing-intermediate", "chain.missing-root", "chain.wrong-issuer-key"})
"""What a CA certificate mends that is not in the file."""


def what_to_do(report: Report, name: str) -> Iterator[str]:
    """The end of the report on the input `name` that has errors: who can mend them, and what to type next."""
    broken = [finding.rule.id for finding in report.errors]
    mended = sum(rule in MENDED_ALONE | MENDED_WITH_MORE for rule in broken)
    if mended:
        if mended == len(broken):
            share = plural("A repair can mend it:", "A repair can mend all of them:", mended)
        else:
            share = plural("A repair can mend {count} of them:", "A repair can mend {count} of them:", mended)
        yield from wrapped(share, " ")
        options = _where_to_look(report) if MENDED_WITH_MORE.intersection(broken) else ""
        if report.material.opened_keys:
            options += "--password-file FILE "  # It was needed to get here.
        yield from wrapped(f"mutua repair {name} {options}-o repaired.pem", " → ", "    ")
    if mended < len(broken):
        yield from wrapped(_("mend what is marked ✗, then: mutua check {name}", name=name), " → ", "    ")


def _where_to_look(report: Report) -> str:
    """The address that the certificate names for its issuer, if it can be fetched; else a folder of the person's."""
    addresses = report.path[-1].issuer_locations if report.path else ()
    fetched = any(address.lower().startswith(("http://", "https://")) for address in addresses)
    return "--fetch " if fetched else "--from DIR "
