"""Whether the path is valid, by an established engine: never by our own rules alone."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from cryptography import x509
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from mutua.chain.certificate import Certificate, printable

ENGINE = "pyca/cryptography"

MAX_PATH = 100
"""The longest path that the engine is asked about, as OpenSSL's own limit is."""

_CEREMONY = (
    "^validation failed: ",
    "candidates exhausted: |fatal error: |Python extension validator failed: ValueError: ",
    r" \(encountered processing .*\)$",
    "(?<=algorithm): AlgorithmIdentifier .*$",
)


class Verdict(NamedTuple):
    """The engine's answer. `asked` is False where there was no path to ask about."""

    asked: bool
    valid: bool
    detail: str = ""

    @property
    def refuses(self) -> bool:
        """Whether there was a path to ask about, and it is not valid."""
        return self.asked and not self.valid


NOT_ASKED = Verdict(asked=False, valid=False)


def _require_cert_sign(_policy: Policy, _certificate: x509.Certificate, usage: x509.KeyUsage | None) -> None:
    if usage is not None and not usage.key_cert_sign:
        raise ValueError("keyCertSign must be asserted in a CA certificate")


_CA_POLICY = (
    ExtensionPolicy.permit_all()
    .require_present(x509.BasicConstraints, Criticality.AGNOSTIC, None)
    .may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _require_cert_sign)
)
_LEAF_POLICY = ExtensionPolicy.permit_all()


def judge(path: Sequence[Certificate], anchor: Certificate, at: datetime) -> Verdict:
    """Validate the leaf of `path` against one trust anchor at a time (RFC 5280, section 6).

    Private PKI is the subject, so what only the Web PKI demands (a subject alternative name, key
    identifiers) is left to the rules. The depth is the path's own: R22 is a rule, not an engine limit.
    A path of more than `MAX_PATH` certificates is refused unasked.
    """
    if len(path) > MAX_PATH:
        return Verdict(asked=True, valid=False, detail=f"the path is longer than {MAX_PATH} certificates")
    leaf, *above = path
    intermediates = [certificate.x509 for certificate in above if certificate is not anchor]
    policy = (
        PolicyBuilder()
        .store(Store([anchor.x509]))
        .time(at)
        .max_chain_depth(max(8, len(path)))
        .extension_policies(ca_policy=_CA_POLICY, ee_policy=_LEAF_POLICY)
    )
    try:
        policy.build_client_verifier().verify(leaf.x509, intermediates)
    except (VerificationError, ValueError, x509.UnsupportedGeneralNameType) as error:
        return Verdict(asked=True, valid=False, detail=_plain(str(error)))
    return Verdict(asked=True, valid=True)


def _plain(refusal: str) -> str:
    """The engine's sentence without its ceremony and without the dump of its own records."""
    for pattern in _CEREMONY:
        refusal = re.sub(pattern, "", refusal, flags=re.DOTALL)
    return printable(refusal)
