"""Rules about the file itself: can it be read, and is it what the appliance takes (R4)?"""

from collections.abc import Iterator

from mutua.chain.appliance import Stage
from mutua.chain.catalogue import CHAINS, EVERY, UPLOADS, Evidence, Examined, Profile, errors, rule, warnings
from mutua.chain.decode import Encoding
from mutua.message import N_, Message, message


@rule(
    "file.no-certificate",
    "R4",
    errors(*EVERY),
    stage=Stage.ENCODING,
    title=N_("no certificate in the file"),
    reason=N_(
        "A certificate that a CA signed was expected, in Base 64, between BEGIN CERTIFICATE and END CERTIFICATE."
    ),
    fix=N_("give the file that the CA sent back: the leaf first, then its CA certificates."),
    source="RFC 7468, section 5",
)
def no_certificate(examined: Examined) -> Iterator[Evidence]:
    if not examined.material.certificates and not examined.material.unreadable:
        yield Evidence(_what_it_is(examined))


def _what_it_is(examined: Examined) -> Message:
    material = examined.material
    if material.private_keys:
        return message("The file holds a private key. Keep it secret: it is never uploaded or sent to anybody.")
    if material.requests:
        return message("The file holds the signing request itself: the CA's answer to it is missing.")
    if material.other_blocks:
        return message("The file holds {label}, not a certificate.", label=material.other_blocks[0][:40])
    match material.encoding:
        case Encoding.EMPTY:
            return message("The file is empty.")
        case Encoding.UTF16:
            return message("The file is text in UTF-16, as PowerShell and Notepad write it: save it as ASCII or UTF-8.")
        case Encoding.PKCS12:
            return message("The file is PKCS#12 (.pfx, .p12), a locked box of certificates and a private key.")
        case _:
            return message("The file is not text with certificates, and not a certificate in binary either.")


@rule(
    "file.unreadable-certificate",
    "R4",
    errors(*EVERY),
    stage=Stage.ENCODING,
    title=N_("a certificate cannot be read"),
    reason=N_("Every block of the file must be a whole certificate; a damaged one makes the file invalid."),
    fix=N_("copy the file again from the CA, in binary mode or as plain text, without changing a line."),
    source="RFC 7468, section 2",
)
def unreadable_certificate(examined: Examined) -> Iterator[Evidence]:
    for block in examined.material.unreadable[:10]:
        if block.line is None:
            yield Evidence(message("The file: {reason}.", reason=block.reason))
        else:
            yield Evidence(message("Line {line}: {reason}.", line=block.line, reason=block.reason))


@rule(
    "file.not-base64",
    "R4",
    errors(*UPLOADS),
    stage=Stage.ENCODING,
    title=N_("the file is not Base 64"),
    reason=N_("The appliance takes certificates in Base 64 (PEM) only."),
    fix=N_(
        "export it again as Base 64 X.509, or convert it: openssl x509 -inform DER -in FILE -out FILE.pem "
        "(PKCS#7: openssl pkcs7 -inform DER -print_certs)."
    ),
    source="RFC 7468",
)
def not_base64(examined: Examined) -> Iterator[Evidence]:
    if examined.material.encoding is not Encoding.PEM and examined.material.certificates:
        yield Evidence(
            message(
                "The file is {encoding}. Mutua could read it, the appliance will not.",
                encoding=examined.material.encoding,
            )
        )


@rule(
    "file.private-key-inside",
    "R4",
    warnings(*EVERY),
    title=N_("a private key is in the file"),
    reason=N_(
        "A chain is public and gets passed around; a private key must not travel with it. The console has its own."
    ),
    fix=N_("take the key out of the file; if the file was sent to anybody, have a new key certified."),
)
def private_key_inside(examined: Examined) -> Iterator[Evidence]:
    if examined.material.private_keys and examined.material.certificates:
        yield Evidence(message("The file holds {count} private key(s).", count=examined.material.private_keys))


@rule(
    "file.chain-is-dropped",
    "R2",
    warnings(Profile.SERVER),
    title=N_("the chain will be dropped"),
    reason=N_("A single-certificate upload keeps the leaf alone, so a migration fails later for want of a chain."),
    fix=N_("if the chain is for a migration, use the upload of a certificate chain instead."),
)
def chain_is_dropped(examined: Examined) -> Iterator[Evidence]:
    count = len(examined.material.certificates)
    if count > 1:
        yield Evidence(message("The file holds {count} certificates; only the leaf would be kept.", count=count))


@rule(
    "file.duplicate-certificate",
    "R8",
    errors(Profile.MIGRATION) | warnings(*(profile for profile in CHAINS if profile is not Profile.MIGRATION)),
    stage=Stage.CHAIN,
    title=N_("a certificate is there twice"),
    reason=N_("Each certificate must be followed by the one that signed it, so none may be repeated."),
    fix=N_("remove the repeated certificate from the file."),
)
def duplicate_certificate(examined: Examined) -> Iterator[Evidence]:
    for duplicate in examined.arrangement.duplicates[:10]:
        yield Evidence(
            message(
                "{name} (number {position}) is already there.",
                name=duplicate.issued_to,
                position=duplicate.position,
            )
        )
