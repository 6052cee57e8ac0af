"""What is wrong with a signing request before it is sent, and with what the CA made of it.

Its rules stand in modules of their own: no check of a chain loads them.
"""

import mutua.chain.request.asked
import mutua.chain.request.given  # noqa: F401  (the two fill the catalogue)
from mutua.chain.catalogue import Profile
from mutua.chain.certificate import Certificate
from mutua.chain.request.model import REQUEST_RULES, Question, RequestFinding, RequestRule, SigningRequest

__all__ = ["REQUEST_RULES", "RequestFinding", "RequestRule", "SigningRequest", "check_request"]


def check_request(
    request: SigningRequest,
    *,
    profile: Profile = Profile.MIGRATION,
    private_key: bytes | None = None,
    answer: Certificate | None = None,
) -> tuple[RequestFinding, ...]:
    """Everything that is wrong with it for the profile, at once.

    `private_key` is the public half (DER SubjectPublicKeyInfo) of the key that it must have been made with.
    `answer` is the certificate that the CA made of it: what has it of what was asked for?
    """
    question = Question(request, profile, private_key, answer)
    return tuple(
        RequestFinding(rule, rule.severities[profile], found)
        for rule in REQUEST_RULES.values()
        if profile in rule.severities
        for found in rule.check(question)
    )
