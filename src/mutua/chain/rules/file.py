"""Rules about the file itself: can it be read, and is it what the appliance takes (R4)?"""

from collections.abc import Callable, Iterator
from itertools import groupby, islice

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
from mutua.chain.decode import Encoding, Material, Unreadable
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
    if not examined.material.has_certificates:
        yield from _each(examined, _what_it_is)


def _each(examined: Examined, found: Callable[[Material], Message | None]) -> Iterator[Evidence]:
    """What is found of each input, by name where there are several."""
    parts = examined.material.parts
    told = [(name, said) for name, material in parts if (said := found(material)) is not None]
    for name, said in told[:SHOWN]:
        yield Evidence(said if len(parts) == 1 else message("{file}: {found}", file=name, found=said))
    yield from and_more(told)


def _what_it_is(material: Material) -> Message:
    if material.private_keys:
        return _private(material)
    if material.requests:
        return message("The file holds the signing request itself: the CA's answer to it is missing.")
    if material.public_keys:
        return message("The file holds a public key alone, not a certificate.")
    if material.other_blocks:
        return message("The file holds {label}, not a certificate.", label=material.other_blocks[0])
    match material.encoding:
        case Encoding.EMPTY:
            return message("The file is empty.")
        case Encoding.UTF16:
            return message("The file is text in UTF-16, as PowerShell and Notepad write it: save it as ASCII or UTF-8.")
        case Encoding.PKCS7 | Encoding.PKCS12:
            return message("The file is {encoding}, and no certificate is in it.", encoding=material.encoding)
        case Encoding.BASE64:
            return message("The file is Base 64 without BEGIN and END lines, and no certificate is in it.")
        case Encoding.HTML:
            return message("The file is a web page (HTML): what was saved is the page, not the certificate.")
        case _:
            return message("The file is not text with certificates, and not a certificate in binary either.")


def _private(material: Material) -> Message:
    if material.encrypted_keys:
        return message("The file holds a private key, encrypted. Even so it is never uploaded or sent to anybody.")
    return message("The file holds a private key. Keep it secret: it is never uploaded or sent to anybody.")


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
    unreadable = [block for block in examined.material.unreadable if not block.locked]
    shown = 0
    for (source, line, reason), alike in islice(groupby(unreadable, _place_and_reason), SHOWN):
        found, count = _where(source, line, reason), sum(1 for _block in alike)
        yield Evidence(
            found if count == 1 else message("{found} That goes for {count:,} certificates.", found=found, count=count)
        )
        shown += count
    if shown < len(unreadable):
        yield Evidence(message("And {count} more.", count=len(unreadable) - shown))


def _place_and_reason(block: Unreadable) -> tuple[str | None, int | None, Message]:
    return block.source, block.line, block.reason


def _where(file: str | None, line: int | None, reason: Message) -> Message:
    match file, line:
        case None, None:
            return message("The file: {reason}.", reason=reason)
        case None, _:
            return message("Line {line}: {reason}.", line=line, reason=reason)
        case _, None:
            return message("{file}: {reason}.", file=file, reason=reason)
        case _:
            return message("{file}, line {line}: {reason}.", file=file, line=line, reason=reason)


@rule(
    "file.locked",
    "R4",
    errors(*EVERY),
    stage=Stage.ENCODING,
    title=N_("the file is locked"),
    reason=N_(
        "PKCS#12 (.pfx, .p12) keeps certificates and private key encrypted: without its password nothing is seen."
    ),
    fix=N_(
        "write the password into a file that only you can read and give it with --password-file, or set "
        "MUTUA_KEY_PASSWORD."
    ),
    source="RFC 7292",
)
def locked(examined: Examined) -> Iterator[Evidence]:
    found = [block for block in examined.material.unreadable if block.locked]
    for block in found[:SHOWN]:
        yield Evidence(_where(block.source, block.line, block.reason))
    yield from and_more(found)


@rule(
    "file.not-base64",
    "R4",
    errors(*UPLOADS),
    stage=Stage.ENCODING,
    title=N_("the file is not Base 64"),
    reason=N_("The appliance takes certificates in Base 64 (PEM) only, each between BEGIN and END CERTIFICATE."),
    fix=N_("convert it: mutua convert FILE -o FILE.pem --to pem; or export it again as Base 64 X.509."),
    source="RFC 7468",
    remedy="base64-export",
)
def not_base64(examined: Examined) -> Iterator[Evidence]:
    yield from _each(examined, _what_the_appliance_refuses)


def _what_the_appliance_refuses(material: Material) -> Message | None:
    if not material.certificates or material.encoding not in (Encoding.DER, Encoding.PKCS7, Encoding.PKCS12):
        return None
    return message(
        "The file is {encoding}. Mutua could read it, the appliance will refuse it.", encoding=material.encoding
    )


@rule(
    "file.old-ciphers",
    "R4",
    warnings(*EVERY),
    title=N_("a PKCS#12 file is locked with an old cipher"),
    reason=N_(
        "RC2 and RC4 of 40 bits are broken in hours; new programs open a file with an old cipher only when they are "
        "told to (openssl pkcs12 -legacy), or not at all."
    ),
    fix=N_(
        "write it anew: openssl pkcs12 -legacy -in OLD -nodes -out all.pem, then openssl pkcs12 -export -in all.pem "
        "-out NEW; all.pem holds the bare private key, so delete it at once."
    ),
    source="RFC 7292, appendix C; RFC 8018",
)
def old_ciphers(examined: Examined) -> Iterator[Evidence]:
    yield from _each(examined, _what_is_old)


def _what_is_old(material: Material) -> Message | None:
    if not material.old_ciphers:
        return None
    return message("The file is encrypted with {ciphers}.", ciphers="; ".join(material.old_ciphers))


@rule(
    "file.not-plain-pem",
    "R4",
    errors(*EVERY),
    stage=Stage.ENCODING,
    title=N_("the file is not plain PEM text"),
    reason=N_("Programs look for lines BEGIN CERTIFICATE and END CERTIFICATE in plain text, and find none here."),
    fix=N_(
        "have it written as such: mutua repair FILE -o FILE.pem; or save it as ASCII or UTF-8 text that has each "
        "certificate between these two lines."
    ),
    source="RFC 7468, section 2",
    remedy="base64-export",
)
def not_plain_pem(examined: Examined) -> Iterator[Evidence]:
    yield from _each(examined, _what_it_is_instead_of_pem)


def _what_it_is_instead_of_pem(material: Material) -> Message | None:
    if not material.has_certificates:
        return None
    match material.encoding:
        case Encoding.UTF16:
            return message("It is text in UTF-16, as PowerShell and Notepad write it.")
        case Encoding.BASE64:
            return message("It is Base 64 without the lines BEGIN CERTIFICATE and END CERTIFICATE around it.")
        case Encoding.BASE64_OF_PEM:
            return message("It is PEM encoded once more, as in a Kubernetes secret: base64 -d decodes it.")
        case _:
            return None


@rule(
    "file.loose-pem",
    "R4",
    errors(Profile.MTLS, Profile.CLIENT) | warnings(*UPLOADS),
    title=N_("a form that many programs cannot read"),
    reason=N_("OpenSSL, and with it most servers, stops at such a block or passes over it."),
    fix=N_(
        "copy it again from the CA without changing a line, or have it written anew: mutua repair FILE -o FILE.pem."
    ),
    source="RFC 7468, section 3",
    remedy="base64-export",
)
def loose_pem(examined: Examined) -> Iterator[Evidence]:
    loose = examined.material.loose
    for block in loose[:SHOWN]:
        yield Evidence(_where(block.source, block.line, Message(LOOSENESS[block.looseness])))
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
    if examined.material.certificates:
        yield from _each(examined, _keys_in_the_open)


def _keys_in_the_open(material: Material) -> Message | None:
    """A PKCS#12 file is made to hold a key, and locked."""
    count = material.private_keys - len(material.opened_keys)
    if not count:
        return None
    if count == material.encrypted_keys:
        return message("The file holds {count} private key(s), encrypted.", count=count)
    return message("The file holds {count} private key(s).", count=count)


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
