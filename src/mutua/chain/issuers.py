"""A yes or no for many leaves under the same issuers: for a proxy or a hook, with nobody to explain anything to."""

from collections.abc import Sequence
from datetime import UTC, datetime

from mutua.chain.catalogue import Profile, purposes_of
from mutua.chain.certificate import Certificate, UnreadableCertificateError
from mutua.chain.decode import decode_all
from mutua.chain.path import bind_alone, settle
from mutua.chain.trust import read_trust
from mutua.chain.verdict import Demand, judge


class Issuers:
    """CA certificates that leaves are held against, at one moment and for one purpose.

    `issuers` are inputs in any form, of which only CA certificates count. `trust` is as for `check`: without it,
    every self-signed one among them is an anchor. Raises `InputTooLargeError`.
    """

    def __init__(
        self,
        *issuers: bytes,
        at: datetime,
        profile: Profile = Profile.MTLS,
        trust: Sequence[Certificate | bytes] | None = None,
    ) -> None:
        self._issuers = [certificate for certificate in decode_all(issuers).certificates if certificate.is_ca]
        self._trusted = None if trust is None else read_trust(trust)
        purposes = [purpose for purpose, _name in purposes_of(profile)] if self._trusted else ()
        self._demand = Demand(at.astimezone(UTC), purposes=purposes, webpki=profile is Profile.WEBPKI)
        self._sound: list[Certificate] = []

    def vouch_for(self, leaf: bytes) -> bool:
        """Whether a valid path leads from the leaf (DER) to an anchor, by the engine's word.

        It is the verdict that `check` gives of the same certificates; what only a rule would find is not looked at.
        """
        try:
            certificate = Certificate(leaf, 1)
        except UnreadableCertificateError:
            return False
        for issuer in self._sound:
            if issuer.subject == certificate.issuer and judge(certificate, (), (issuer,), self._demand).valid:
                return True
        known = (certificate, *self._issuers)
        arrangement, verdict = settle(known, (certificate.key_id,), self._trusted, self._demand, None)
        from_leaf = verdict.valid and arrangement.path[0] is certificate
        if from_leaf and len(arrangement.path) > 1 and bind_alone(arrangement.path[1:], self._demand):
            self._sound.append(arrangement.path[1])
        return from_leaf
