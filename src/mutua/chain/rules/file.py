"""Rules about the file itself: can it be read, and is it what the appliance takes (R4)?"""

from collections.abc import Iterator

from mutua.chain.appliance import Stage
from mutua.chain.armour import LOOSENESS
from mutua.chain.catalogue import (
    CHAINS,
    EVERY,
    SHOWN,
    UPLOADS,
    Evidence,
    Examined,
    Profile,
    and_more,
    errors,
    rule,
    warnings,
)
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
    remedy="whole-chain",
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
        return message("The file holds {label}, not a certificate.", label=material.other_blocks[0])
    match material.encoding:
        case Encoding.EMPTY:
            return message("The file is empty.")
        case Encoding.UTF16:
            return message("The file is text in UTF-16, as PowerShell and Notepad write it: save it as ASCII or UTF-8.")
        case Encoding.PKCS12:
            return message(
                "The file is PKCS#12 (.pfx, .p12), a locked box of certificates and a private key; take the "
                "certificates out: openssl pkcs12 -in FILE -nokeys -out chain.pem."
            )
        case Encoding.BASE64:
            return message("The file is Base 64 without BEGIN and END lines, and no certificate is in it.")
        case Encoding.HTML:
            return message("The file is a web page (HTML): what was saved is the page, not the certificate.")
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
    remedy="base64-export",
)
def unreadable_certificate(examined: Examined) -> Iterator[Evidence]:
    unreadable = examined.material.unreadable
    for block in unreadable[:SHOWN]:
        if block.line is None:
            yield Evidence(message("The file: {reason}.", reason=block.reason))
        else:
            yield Evidence(message("Line {line}: {reason}.", line=block.line, reason=block.reason))
    yield from and_more(unreadable)


@rule(
    "file.not-base64",
    "R4",
    errors(*UPLOADS),
    stage=Stage.ENCODING,
    title=N_("the file is not Base 64"),
    reason=N_("The appliance takes certificates in Base 64 (PEM) only, each between BEGIN and END CERTIFICATE."),
    fix=N_(
        "export it again as Base 64 X.509, or convert it: openssl x509 -inform DER -in FILE -out FILE.pem "
        "(PKCS#7: openssl pkcs7 -inform DER -print_certs)."
    ),
    source="RFC 7468",
    remedy="base64-export",
)
def not_base64(examined: Examined) -> Iterator[Evidence]:
    material = examined.material
    if material.certificates and material.encoding in (Encoding.DER, Encoding.PKCS7):
        yield Evidence(
            message("The file is {encoding}. Mutua could read it, the appliance will not.", encoding=material.encoding)
        )


@rule(
    "file.not-plain-pem",
    "R4",
    errors(*EVERY),
    stage=Stage.ENCODING,
    title=N_("the file is not plain PEM text"),
    reason=N_("Programs look for lines BEGIN CERTIFICATE and END CERTIFICATE in plain text, and find none here."),
    fix=N_("save it as ASCII or UTF-8 text that has each certificate between these two lines."),
    source="RFC 7468, section 2",
    remedy="base64-export",
)
def not_plain_pem(examined: Examined) -> Iterator[Evidence]:
    material = examined.material
    if not material.has_certificates:
        return
    match material.encoding:
        case Encoding.UTF16:
            yield Evidence(message("It is text in UTF-16, as PowerShell and Notepad write it."))
        case Encoding.BASE64:
            yield Evidence(message("It is Base 64 without the lines BEGIN CERTIFICATE and END CERTIFICATE around it."))
        case Encoding.BASE64_OF_PEM:
            yield Evidence(message("It is PEM encoded once more, as in a Kubernetes secret: base64 -d decodes it."))


@rule(
    "file.loose-pem",
    "R4",
    errors(Profile.MTLS, Profile.CLIENT) | warnings(*UPLOADS),
    title=N_("a form that many programs cannot read"),
    reason=N_("OpenSSL, and with it most servers, stops at such a block or passes over it."),
    fix=N_("copy it again from the CA without changing a line, or write it anew with openssl x509."),
    source="RFC 7468, section 3",
    remedy="base64-export",
)
def loose_pem(examined: Examined) -> Iterator[Evidence]:
    loose = examined.material.loose
    for block in loose[:SHOWN]:
        reason = Message(LOOSENESS[block.looseness])
        yield Evidence(message("Line {line}: {reason}.", line=block.line, reason=reason))
    yield from and_more(loose)


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
    for duplicate in examined.arrangement.duplicates[:SHOWN]:
        yield Evidence(
            message(
                "{name} (number {position}) is already there.",
                name=duplicate.issued_to,
                position=duplicate.position,
            )
        )
    yield from and_more(examined.arrangement.duplicates)
