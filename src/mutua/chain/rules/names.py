"""Rules about names (R9)."""

from collections.abc import Iterator

from mutua.chain.appliance import Stage
from mutua.chain.catalogue import UPLOADS, Evidence, Examined, errors, rule
from mutua.chain.certificate import printable
from mutua.message import N_, message


@rule(
    "name.no-common-name",
    "R9",
    errors(*UPLOADS),
    stage=Stage.COMMON_NAME,
    title=N_("no common name"),
    reason=N_("The appliance compares certificates by their common names, so each one needs it, CAs included."),
    fix=N_("have it issued again with a common name (CN) in the subject."),
    source="RFC 5280, section 4.1.2.6",
)
def no_common_name(examined: Examined) -> Iterator[Evidence]:
    for certificate in examined.path:
        if not certificate.common_names:
            subject = certificate.issued_to
            yield Evidence(message("The subject is {subject}, without a common name.", subject=subject), certificate)


@rule(
    "name.wildcard",
    "R9",
    errors(*UPLOADS),
    stage=Stage.COMMON_NAME,
    title=N_("a wildcard in the name"),
    reason=N_("The appliance takes no certificate with a wildcard (*): each console has a name of its own."),
    fix=N_("request a certificate for the console's full host name."),
)
def wildcard(examined: Examined) -> Iterator[Evidence]:
    for certificate in examined.path:
        for name in (*certificate.common_names, *certificate.dns_names):
            if "*" in name:
                yield Evidence(message("The certificate is made out to {name}.", name=printable(name)), certificate)
                break
