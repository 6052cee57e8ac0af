"""What turns the material at hand into the chain that was meant: pure planning, nothing is read or written here."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from mutua import chain
from mutua.chain.catalogue import CHAINS, purposes_of
from mutua.chain.certificate import Certificate, ComparableName, read_certificate
from mutua.chain.decode import Encoding, Material, Unreadable
from mutua.chain.order import Arrangement, arrange
from mutua.chain.report import Report
from mutua.chain.verdict import USUAL_DEPTH, Demand, judge
from mutua.message import Message, message

MAX_TRIED = 1000
"""How many of the candidates are tried; a chain needs a handful of those that have the right names."""


class Candidate(NamedTuple):
    """A certificate that may be added, and where it was found: a file or an address, for people."""

    certificate: Certificate
    origin: str


class Why(StrEnum):
    """Why a certificate of the input is left out."""

    DUPLICATE = "duplicate"
    SUPERSEDED = "superseded"
    FOREIGN = "foreign"


class Kind(StrEnum):
    """What in the input is no certificate."""

    PRIVATE_KEY = "private key"
    REQUEST = "signing request"
    PUBLIC_KEY = "public key"
    OTHER = "other"


class Rewritten(NamedTuple):
    """The certificates are written as plain PEM: inputs are in these other forms, or `loose` of their blocks are."""

    encodings: tuple[Encoding, ...]
    loose: int

    def told(self) -> Message:
        """The step as a sentence."""
        if self.encodings:
            return message("write the certificates as PEM; they were given as {forms}", forms=", ".join(self.encodings))
        return message("write {count} of the blocks in the form that every program reads", count=self.loose)


class LeftOut(NamedTuple):
    """So many things in the input that are no certificates; `labels` are those of the blocks of another kind."""

    kind: Kind
    number: int
    labels: tuple[str, ...] = ()

    def told(self) -> Message:
        """The step as a sentence."""
        match self.kind:
            case Kind.PRIVATE_KEY:
                return message(
                    "leave out {count} private key(s): a key must never travel with the chain, and stays where it is",
                    count=self.number,
                )
            case Kind.REQUEST:
                return message("leave out {count} signing request(s)", count=self.number)
            case Kind.PUBLIC_KEY:
                return message("leave out {count} public key(s)", count=self.number)
            case Kind.OTHER:
                return message("leave out what is no certificate: {labels}", labels=", ".join(self.labels))

    def warned(self) -> Message | None:
        """For a private key, what its being there means."""
        if self.kind is not Kind.PRIVATE_KEY:
            return None
        return message("If the file was ever sent to anybody, the key is known: make a new one and have it certified.")


class Unread(NamedTuple):
    """Something in the input that should have been a certificate and cannot be read."""

    block: Unreadable

    def told(self) -> Message:
        """The step as a sentence."""
        line, reason, source = self.block.line, self.block.reason, self.block.source
        if source is not None and line is not None:
            return message("leave out line {line} of {file}: {reason}", line=line, file=source, reason=reason)
        if source is not None:
            return message("leave out what cannot be read in {file}: {reason}", file=source, reason=reason)
        if line is not None:
            return message("leave out line {line}: {reason}", line=line, reason=reason)
        return message("leave out what cannot be read: {reason}", reason=reason)


class Removed(NamedTuple):
    """A certificate of the input that is not in the result."""

    certificate: Certificate
    why: Why

    def told(self) -> Message:
        """The step as a sentence."""
        name, position = self.certificate.issued_to, self.certificate.position
        match self.why:
            case Why.DUPLICATE:
                return message("remove {name} (number {position}): it is there twice", name=name, position=position)
            case Why.SUPERSEDED:
                return message(
                    "remove {name} (number {position}): another certificate of the same authority fits",
                    name=name,
                    position=position,
                )
            case Why.FOREIGN:
                return message(
                    "remove {name} (number {position}): it is neither the leaf nor an authority above it",
                    name=name,
                    position=position,
                )


class Added(NamedTuple):
    """A CA certificate that the input lacks."""

    certificate: Certificate
    origin: str

    @property
    def is_root(self) -> bool:
        """Whether it is where trust would begin."""
        return self.certificate.is_self_signed

    def told(self) -> Message:
        """The step as a sentence."""
        return message("add {name}, found in {origin}", name=self.certificate.issued_to, origin=self.origin)

    def warned(self) -> Message | None:
        """For a root, that finding it is no reason to trust it."""
        if not self.is_root:
            return None
        return message(
            "This is a root. That it was found is no reason to trust it: the other side must trust it for its own "
            "reasons. Compare its fingerprint with the one that the CA publishes."
        )


class Ordered(NamedTuple):
    """The certificates of the input stood in another order."""

    def told(self) -> Message:
        """The step as a sentence."""
        return message("put the certificates in order: the leaf first, each followed by the one that signed it")


Step: TypeAlias = Rewritten | LeftOut | Unread | Removed | Added | Ordered


class Plan(NamedTuple):
    """How the input becomes a better chain, and what the checker says before and after.

    `certificates` are the result, leaf first. There are none where the input holds none that can be read.
    """

    steps: tuple[Step, ...]
    certificates: tuple[Certificate, ...]
    before: Report
    after: Report

    @property
    def pem(self) -> bytes:
        """The result as the appliance wants it (R4)."""
        return _pem(self.certificates)

    @property
    def improves(self) -> bool:
        """Whether the result is sound, or has fewer errors than the input."""
        return bool(self.certificates) and len(self.after.errors) < max(1, len(self.before.errors))

    @property
    def wanting(self) -> Certificate | None:
        """The certificate whose issuer is still to be found, or None where the chain is complete."""
        incomplete = self.certificates and self.after.profile in CHAINS and self.after.arrangement.root is None
        return self.after.path[-1] if incomplete else None


class Asked(NamedTuple):
    """The public keys (DER SubjectPublicKeyInfo) that the leaf must have, as `chain.check` takes them."""

    request_keys: Sequence[bytes] | None = None
    private_key: bytes | None = None


NOTHING_ASKED = Asked()


def plan(before: Report, candidates: Sequence[Candidate] = (), asked: Asked = NOTHING_ASKED) -> Plan:
    """Plan the repair of the input that `before` is about; `asked` is what it was checked for.

    Nothing is in the result that was in neither the input nor the candidates; every certificate of the input is in
    the result or named in a step. The leaf stays, and so does the root where the input's own chain has one (trust is
    never replaced). The result never has more errors than the input. Where two results are equally good, the one
    that changes less is taken; so a repaired chain stays as it is.
    """
    if not before.path:
        return Plan((), (), before, before)
    best = None
    for certificates in _results(before, candidates):
        after = _check(certificates, before, asked)
        if best is None or _rank(after) < _rank(best[1]):
            best = certificates, after
        if not best[1].errors:
            break
    assert best is not None  # noqa: S101  (there is always the result that changes nothing)
    return Plan(tuple(_steps(before, best[0], candidates)), best[0], before, best[1])


def _check(certificates: Sequence[Certificate], before: Report, asked: Asked) -> Report:
    opened = before.material.opened_keys
    return chain.check(
        _pem(certificates),
        at=before.at,
        profile=before.profile,
        request_keys=asked.request_keys,
        private_key=opened[0] if asked.private_key is None and len(opened) == 1 else asked.private_key,
    )


def _rank(report: Report) -> tuple[int, bool, int]:
    """Fewer errors are better; then a complete chain, and of two incomplete ones the longer."""
    complete = report.arrangement.root is not None
    return len(report.errors), not complete, 0 if complete else -len(report.path)


def _results(before: Report, candidates: Sequence[Candidate]) -> Iterator[tuple[Certificate, ...]]:
    """What may come out, the one that changes least first; the last is the input itself, merely written anew."""
    own = before.arrangement
    yield (*own.path, *_undecided(before, own))
    if before.profile in CHAINS:
        pool = _pool(before, candidates)
        anchors = [own.root] if own.root is not None else [c for c in pool if _is_given_root(c)]
        found = arrange(pool, before.at, [own.leaf.key_id], anchors)
        if found.leaf is own.leaf and not found.given_up and (own.root is None or found.anchor is own.root):
            yield (*found.path, *_undecided(before, found))
        yield from _by_the_engine(before, pool, anchors)
    yield before.material.certificates


def _is_given_root(certificate: Certificate) -> bool:
    return bool(certificate.position) and certificate.is_ca and certificate.is_self_signed


def _undecided(before: Report, arrangement: Arrangement) -> Iterator[Certificate]:
    """What may belong to the chain above its gap, and is kept as long as the gap is there."""
    if arrangement.root is not None:
        return
    seen = {certificate.der for certificate in arrangement.path}
    for certificate in before.material.certificates:
        if certificate.der not in seen and (certificate.is_ca or arrangement.given_up):
            seen.add(certificate.der)
            yield certificate


def _pool(before: Report, candidates: Sequence[Candidate]) -> list[Certificate]:
    """The leaf, and all that may stand above it: from the input, and the candidates that its names lead to."""
    own = before.arrangement
    others = [c for c in before.material.certificates if c in own.path or c.key_id != own.leaf.key_id]
    distinct: dict[bytes, Certificate] = {}
    for certificate in [*own.path, *others, *_reachable(others, candidates)]:
        distinct.setdefault(certificate.der, certificate)
    return list(distinct.values())


def _reachable(others: Sequence[Certificate], candidates: Sequence[Candidate]) -> Iterator[Certificate]:
    known = {certificate.der for certificate in others}
    by_subject: dict[ComparableName, list[bytes]] = {}
    for candidate in candidates:
        if candidate.certificate.der not in known:
            known.add(candidate.certificate.der)
            by_subject.setdefault(candidate.certificate.comparable_subject, []).append(candidate.certificate.der)
    wanted = [certificate.comparable_issuer for certificate in others]
    tried = 0
    while wanted:
        for der in by_subject.pop(wanted.pop(), ()):
            if (tried := tried + 1) > MAX_TRIED:
                return
            found = read_certificate(der, 0)
            wanted.append(found.comparable_issuer)
            yield found


def _by_the_engine(
    before: Report, pool: Sequence[Certificate], anchors: Sequence[Certificate]
) -> Iterator[tuple[Certificate, ...]]:
    """The path that the engine finds, which looks at more than names, dates and signatures."""
    leaf, *others = pool
    demand = Demand(
        at=before.at,
        purposes=[purpose for purpose, _name in purposes_of(before.profile)],
        max_depth=max(USUAL_DEPTH, len(before.path)),
    )
    known = {certificate.x509: certificate for certificate in pool}
    any_root = [certificate for certificate in others if certificate.is_self_signed]
    for roots in (anchors,) if before.arrangement.root is not None else (anchors, any_root):
        verdict = judge(leaf, others, roots, demand)
        if verdict.valid:
            yield tuple(known[certificate] for certificate in verdict.path)
            return


def _steps(before: Report, result: Sequence[Certificate], candidates: Sequence[Candidate]) -> Iterator[Step]:
    material = before.material
    forms = dict.fromkeys(part.material.encoding for part in material.parts if part.material.certificates)
    encodings = tuple(form for form in forms if form is not Encoding.PEM)
    if encodings or material.loose:
        yield Rewritten(encodings, len(material.loose))
    yield from _left_out(material)
    yield from map(Unread, material.unreadable)
    yield from _removals(material.certificates, result)
    origins = {candidate.certificate.der: candidate.origin for candidate in reversed(candidates)}
    for certificate in result:
        if not certificate.position:
            yield Added(certificate, origins[certificate.der])
    positions = [certificate.position for certificate in result if certificate.position]
    if positions != sorted(positions):
        yield Ordered()


def _left_out(material: Material) -> Iterator[LeftOut]:
    if material.private_keys:
        yield LeftOut(Kind.PRIVATE_KEY, material.private_keys)
    if material.requests:
        yield LeftOut(Kind.REQUEST, material.requests)
    if material.public_keys:
        yield LeftOut(Kind.PUBLIC_KEY, material.public_keys)
    if material.other_blocks:
        yield LeftOut(Kind.OTHER, len(material.other_blocks), tuple(dict.fromkeys(material.other_blocks)))


def _removals(certificates: Sequence[Certificate], result: Sequence[Certificate]) -> Iterator[Removed]:
    kept = {certificate.position for certificate in result}
    kept_bytes = {certificate.der for certificate in certificates if certificate.position in kept}
    authorities = {(certificate.comparable_subject, certificate.key_id) for certificate in result}
    seen: set[bytes] = set()
    for certificate in certificates:
        if certificate.position not in kept:
            if certificate.der in kept_bytes or certificate.der in seen:
                why = Why.DUPLICATE
            elif (certificate.comparable_subject, certificate.key_id) in authorities:
                why = Why.SUPERSEDED
            else:
                why = Why.FOREIGN
            yield Removed(certificate, why)
        seen.add(certificate.der)


def _pem(certificates: Sequence[Certificate]) -> bytes:
    return b"".join(certificate.pem for certificate in certificates)
