"""What people really have in their files: each form is read, or counted as unreadable with its reason."""

import base64
import ssl
import textwrap
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    pkcs7,
    pkcs12,
)
from tests.chain.asked import crl
from tests.chain.pki import AT, Case, authority, box, der, ids, intermediate, key, leaf, pem, root

from mutua import chain
from mutua.authority.keys import to_pem
from mutua.authority.request import Subject, build_request
from mutua.chain import InputTooLargeError, Profile, Report
from mutua.chain.decode import MAX_BYTES, MAX_CERTIFICATES, decode
from mutua.chain.decode import Encoding as Found

LEAF = leaf(intermediate())
WHOLE = [LEAF, intermediate(), root()]
SOUND = pem(*WHOLE)
LINES = SOUND.decode().splitlines()
REQUEST = build_request(key("leaf"), Subject("om.example.net"))
KEY = to_pem(key("leaf"), None)
FIRST = LEAF.pem


def read(data: bytes) -> Report:
    return Case(data, Profile.MTLS).check()


def in_first(old: bytes, new: bytes) -> bytes:
    """The sound file with a change in its first block alone."""
    changed = FIRST.replace(old, new)
    assert changed != FIRST
    return changed + pem(intermediate(), root())


def indented(by: str) -> bytes:
    return textwrap.indent(SOUND.decode(), by).encode()


def in_one_line() -> bytes:
    blocks = [b"".join(one.pem.splitlines()[1:-1]) for one in WHOLE]
    return b"".join(b"-----BEGIN CERTIFICATE-----\n%b\n-----END CERTIFICATE-----\n" % body for body in blocks)


def explained() -> bytes:
    """What `openssl x509 -text` and `openssl pkcs12` write around the blocks."""
    around = b"Bag Attributes\n    localKeyID: 01 02\nsubject=CN = %d\n\nissuer=CN = x\nCertificate:\n    Data:\n"
    return b"".join(around % number + one.pem for number, one in enumerate(WHOLE))


CLEAN = {
    "as a CA sends it": SOUND,
    "CRLF": SOUND.replace(b"\n", b"\r\n"),
    "byte order mark": b"\xef\xbb\xbf" + SOUND,
    "byte order mark in each block": b"".join(b"\xef\xbb\xbf" + one.pem for one in WHOLE),
    "no final newline": SOUND.rstrip(),
    "Bag Attributes and x509 -text": explained(),
    "comments": b"# our chain\n"
    + SOUND.replace(b"-----END CERTIFICATE-----\n", b"-----END CERTIFICATE-----\n# next\n"),
    "trailing spaces": SOUND.replace(b"\n", b"  \n"),
    "no-break spaces at the ends": SOUND.replace(b"\n", b"\xc2\xa0\n"),
    "one-line Base 64": in_one_line(),
    "BEGIN X509 CERTIFICATE": SOUND.replace(b" CERTIFICATE", b" X509 CERTIFICATE"),
    "noise": b"#%&" * 5000 + b"\n" + SOUND + b"\x1a",
    "a web page around it": b"<html><pre>\n" + SOUND + b"</pre></html>\n",
}

LOOSE = {
    "carriage returns alone": (SOUND.replace(b"\n", b"\r"), ["carriage return"] * 3),
    "indented": (indented("    "), ["on a line"] * 3),
    "glued": (SOUND.replace(b"-----\n-----", b"----------"), ["on a line"] * 3),
    "text before BEGIN": (b"cert: " + SOUND, ["on a line"]),
    "text after END": (in_first(b"END CERTIFICATE-----", b"END CERTIFICATE----- # leaf"), ["on a line"]),
    "Base 64 in the armour's line": (in_first(b"CERTIFICATE-----\nM", b"CERTIFICATE-----M"), ["on a line"]),
    "blank line inside": (in_first(FIRST[60:140], FIRST[60:140].replace(b"\n", b"\n\n")), ["empty line"]),
}


SECOND = FIRST.count(b"\n") + 1
"""The line that the second block begins in."""


def damaged(number: int, old: bytes, new: bytes) -> bytes:
    changed = WHOLE[number].pem.replace(old, new)
    assert changed != WHOLE[number].pem
    return pem(*WHOLE[:number]) + changed + pem(*WHOLE[number + 1 :])


UNREADABLE = {
    "typographic dashes": (damaged(1, b"-----BEGIN", "—–-BEGIN".encode()), SECOND, "five plain hyphens"),
    "dashes of Windows-1252": (damaged(1, b"-----BEGIN", b"\x97\x97-BEGIN"), SECOND, "five plain hyphens"),
    "no-break space": (damaged(1, b"BEGIN ", b"BEGIN\xc2\xa0"), SECOND, "five plain hyphens"),
    "two spaces": (damaged(1, b"BEGIN ", b"BEGIN  "), SECOND, "five plain hyphens"),
    "four hyphens": (damaged(1, b"-----", b"----"), SECOND, "five plain hyphens"),
    "six hyphens": (damaged(1, b"-----BEGIN", b"------BEGIN"), SECOND, "five plain hyphens"),
    "lower case": (damaged(1, b"BEGIN CERTIFICATE", b"begin certificate"), SECOND, "five plain hyphens"),
    "no hyphens before": (damaged(1, b"-----BEGIN", b"BEGIN"), SECOND, "five plain hyphens"),
    "no hyphens after": (damaged(1, b"CERTIFICATE-----\nM", b"CERTIFICATE\nM"), SECOND, "five plain hyphens"),
    "BEGIN line lost": (damaged(1, b"-----BEGIN CERTIFICATE-----\n", b""), 0, "without its BEGIN line"),
    "END line lost": (damaged(1, b"-----END CERTIFICATE-----\n", b""), SECOND, "END line is missing"),
    "typographic END": (damaged(1, b"-----END", "—–-END".encode()), SECOND, "END line is missing"),
    "END of something else": (damaged(1, b"END CERTIFICATE", b"END X509 CERTIFICATE"), SECOND, "does not fit"),
    "BEGIN TRUSTED CERTIFICATE": (
        damaged(1, b" CERTIFICATE", b" TRUSTED CERTIFICATE"),
        SECOND,
        "openssl x509 -in FILE",
    ),
    "another label": (
        damaged(1, b" CERTIFICATE", b" CA CERTIFICATES"),
        SECOND,
        "CA CERTIFICATES; expected CERTIFICATE",
    ),
    "a character that is not Base 64": (damaged(1, b"\nM", b"\n!"), SECOND, "not Base 64"),
    "a character lost": (damaged(1, b"\nMII", b"\nMI"), SECOND, "not Base 64"),
    "literal line ends": (SOUND[: -len(root().pem)] + root().pem.replace(b"\n", b"\\n"), 0, "written as \\n"),
    "headers inside": (damaged(1, b"-----\nM", b"-----\nX-Header: 1\n\nM"), SECOND, "not Base 64"),
    "something else inside": (damaged(1, b"-----\nM", b"-----\nA"), SECOND, "not a certificate that can be read"),
}


@pytest.mark.parametrize("form", CLEAN)
def test_a_form_that_everybody_reads_is_not_mentioned(form: str) -> None:
    report = read(CLEAN[form])
    assert report.findings == ()
    assert [certificate.der for certificate in report.path] == [der(one) for one in WHOLE]
    assert report.material.encoding is Found.PEM


@pytest.mark.parametrize("form", LOOSE)
def test_a_form_that_only_we_read_is_told(form: str) -> None:
    data, told = LOOSE[form]
    report = read(data)
    assert report.verdict.valid
    assert ids(report) == ["file.loose-pem"] * len(told)
    assert all(word in str(finding.found) for word, finding in zip(told, report.findings, strict=True))
    assert {finding.severity for finding in Case(data).check().findings} == {chain.Severity.WARNING}


@pytest.mark.parametrize("form", UNREADABLE)
def test_a_block_that_cannot_be_read_is_counted_with_its_line_and_reason(form: str) -> None:
    data, line, reason = UNREADABLE[form]
    report = read(data)
    assert len(report.material.certificates) == 2
    (unreadable,) = report.material.unreadable
    assert reason in str(unreadable.reason)
    assert not line or unreadable.line == line
    (finding,) = (finding for finding in report.findings if finding.rule.id == "file.unreadable-certificate")
    assert str(finding.found) == f"Line {unreadable.line}: {unreadable.reason}."


FORMS = CLEAN | {form: data for form, (data, *_rest) in (LOOSE | UNREADABLE).items()}


@pytest.mark.parametrize("form", FORMS)
def test_where_openssl_finds_fewer_certificates_a_finding_says_so(form: str, tmp_path: Path) -> None:
    """The real thing as the judge: we complain of what it cannot load, and of nothing else."""
    file = tmp_path / "chain.pem"
    file.write_bytes(FORMS[form])
    found = -1
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(file)
        found = context.cert_store_stats()["x509"]
    except ssl.SSLError:
        pass
    complaints = {"file.loose-pem", "file.unreadable-certificate"} & set(ids(read(FORMS[form])))
    # OpenSSL alone reads its own form.
    assert (found != len(WHOLE)) == bool(complaints) or "TRUSTED" in form


def p7(encoding: Encoding) -> bytes:
    return pkcs7.serialize_certificates([one.certificate for one in WHOLE], encoding)


def private_der(form: PrivateFormat, password: bytes | None = None) -> bytes:
    return key("leaf").private_bytes(
        Encoding.DER, form, BestAvailableEncryption(password) if password else NoEncryption()
    )


def traditional(password: bytes) -> bytes:
    form = PrivateFormat.TraditionalOpenSSL
    return key("leaf").private_bytes(Encoding.PEM, form, BestAvailableEncryption(password))


def public(encoding: Encoding) -> bytes:
    return key("leaf").public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)


def without_length(der: bytes) -> bytes:
    """The outermost sequence with its end marked instead, as streaming programs write it."""
    return b"\x30\x80" + der[4:] + b"\0\0"


BARE = b"\n".join(b"".join(one.pem.splitlines()[1:-1]) for one in [LEAF])

NOT_PEM = {
    "DER": (der(LEAF), Found.DER, 1),
    "DER, one after the other": (b"".join(der(one) for one in WHOLE), Found.DER, 3),
    "DER with a line end": (der(LEAF) + b"\r\n", Found.DER, 1),
    "PKCS#7 PEM": (p7(Encoding.PEM), Found.PKCS7, 3),
    "PKCS#7 DER": (p7(Encoding.DER), Found.PKCS7, 3),
    "PKCS#7 labelled CERTIFICATE": (p7(Encoding.PEM).replace(b"PKCS7", b"CERTIFICATE"), Found.PKCS7, 3),
    "PKCS#7 without lengths": (without_length(p7(Encoding.DER)), Found.PKCS7, 3),
    "PKCS#12": (box(None), Found.PKCS12, 3),
    "PKCS#12 in armour": (
        ssl.DER_cert_to_PEM_cert(box(None)).replace("CERTIFICATE", "PKCS12").encode(),
        Found.PKCS12,
        3,
    ),
    "Base 64 of PKCS#12 without armour": (base64.encodebytes(box(None)), Found.BASE64, 3),
    "PKCS#7 labelled CMS": (p7(Encoding.PEM).replace(b"PKCS7", b"CMS"), Found.PKCS7, 3),
    "UTF-16 with a mark": (SOUND.decode().encode("utf-16"), Found.UTF16, 3),
    "UTF-16, big end first": (b"\xfe\xff" + SOUND.decode().encode("utf-16-be"), Found.UTF16, 3),
    "UTF-16 without a mark": (SOUND.decode().encode("utf-16-le"), Found.UTF16, 3),
    "Base 64 without armour": (BARE, Found.BASE64, 1),
    "Base 64 of PKCS#7 without armour": (base64.encodebytes(p7(Encoding.DER)), Found.BASE64, 3),
    "Base 64 of PEM": (base64.b64encode(SOUND), Found.BASE64_OF_PEM, 3),
}


NOT_TEXT = (Found.DER, Found.PKCS7, Found.PKCS12)


@pytest.mark.parametrize("form", NOT_PEM)
def test_another_encoding_is_read_and_the_appliance_refuses_it(form: str) -> None:
    data, encoding, count = NOT_PEM[form]
    report = Case(data).check()
    assert report.material.encoding is encoding
    assert len(report.material.certificates) == count
    assert not report.material.unreadable
    assert ("file.not-base64" in ids(report)) == (encoding in NOT_TEXT)
    assert ("file.not-plain-pem" in ids(report)) == (encoding not in NOT_TEXT)
    assert report.refusal is not None
    assert report.refusal.message_id == "CSEC9002"


LOCKED = "The file holds a private key, encrypted."
SECRET = "The file holds a private key. Keep it secret"
REVOKED = x509.load_pem_x509_crl(crl(root())).public_bytes(Encoding.DER)
NOTHING = {
    "empty": (b"", Found.EMPTY, "The file is empty."),
    "blank": (b" \r\n\t\n", Found.EMPTY, "The file is empty."),
    "PKCS#12 of a key alone": (
        pkcs12.serialize_key_and_certificates(None, key("leaf"), None, None, NoEncryption()), Found.PKCS12, SECRET
    ),
    "request": (REQUEST.public_bytes(Encoding.PEM), Found.PEM, "the signing request itself"),
    "request in DER": (REQUEST.public_bytes(Encoding.DER), Found.DER, "the signing request itself"),
    "request of an old tool": (
        REQUEST.public_bytes(Encoding.PEM).replace(b"CERT", b"NEW CERT"), Found.PEM, "the signing request itself"
    ),
    "private key": (KEY, Found.PEM, SECRET),
    "PKCS#7 of nothing": (
        bytes.fromhex("302306092a864886f70d010702a0163014020101310030 0b06092a864886f70d0107013100".replace(" ", "")),
        Found.PKCS7,
        "The file is PKCS#7, and no certificate is in it.",
    ),
    "encrypted private key": (to_pem(key("leaf"), b"secret"), Found.PEM, LOCKED),
    "encrypted private key of old": (traditional(b"secret"), Found.PEM, LOCKED),
    "encrypted private key in DER": (private_der(PrivateFormat.PKCS8, b"secret"), Found.DER, LOCKED),
    "public key": (public(Encoding.PEM), Found.PEM, "a public key alone"),
    "public key in DER": (public(Encoding.DER), Found.DER, "a public key alone"),
    "revocation list in DER": (REVOKED, Found.DER, "X509 CRL, not a certificate"),
    "PKCS#8 in DER": (private_der(PrivateFormat.PKCS8), Found.DER, SECRET),
    "EC key in DER": (
        private_der(PrivateFormat.TraditionalOpenSSL), Found.DER, SECRET
    ),
    "parameters": (b"-----BEGIN DH PARAMETERS-----\nMAA=\n-----END DH PARAMETERS-----\n", Found.PEM, "DH PARAMETERS"),
    "web page": (b"\n<!DOCTYPE html>\n<html><body>Not found</body></html>", Found.HTML, "a web page (HTML)"),
    "text": (b"0123456789 no certificate here\n" * 10, Found.UNKNOWN, "not text with certificates"),
    "picture": (b"\x89PNG\r\n\x1a\n" + bytes(200), Found.UNKNOWN, "not text with certificates"),
    "UTF-16 without certificates": ("hello".encode("utf-16"), Found.UTF16, "text in UTF-16"),
    "BEGIN alone": (b"-----BEGIN ", Found.UNKNOWN, "not text with certificates"),
}  # fmt: skip


@pytest.mark.parametrize("form", NOTHING)
def test_where_there_is_no_certificate_it_is_said_what_there_is(form: str) -> None:
    data, encoding, said = NOTHING[form]
    for profile in Profile:
        report = Case(data, profile).check()
        assert ids(report) == ["file.no-certificate"]
        assert said in str(report.findings[0].found)
        assert report.material.encoding is encoding
        assert not report.verdict.asked


BROKEN_CONTAINERS = {
    "DER cut off": (der(LEAF)[:-10], 0),
    "DER with something behind": (der(LEAF) + b"\x00\x01", 1),
    "DER, the second one cut off": (der(LEAF) + der(root())[:-1], 1),
    "PKCS#7 cut off": (p7(Encoding.DER)[:-10], 0),
    "PKCS#7 PEM cut off": (p7(Encoding.PEM)[:-40], 0),
    "PKCS#7 that is not Base 64": (p7(Encoding.PEM).replace(b"\nM", b"\n!"), 0),
    "PKCS#12 beside certificates": (LEAF.pem + b"-----BEGIN PKCS12-----\nMAA=\n-----END PKCS12-----\n", 1),
    "PKCS#12 cut off": (box()[:-10], 0),
    "Base 64 of DER cut off": (base64.b64encode(der(LEAF)[:-10]), 0),
    "UTF-16 with a broken block": (SOUND[:-40].decode().encode("utf-16"), 2),
}


@pytest.mark.parametrize("form", BROKEN_CONTAINERS)
def test_a_container_that_breaks_off_is_counted_as_unreadable(form: str) -> None:
    data, readable = BROKEN_CONTAINERS[form]
    material = decode(data)
    assert len(material.certificates) == readable
    assert len(material.unreadable) == 1
    assert "file.unreadable-certificate" in ids(read(data))


def test_one_bad_certificate_hides_none_of_the_others_in_a_container() -> None:
    """The version of one is 30, and that is no version; another is cut in the middle of a name."""
    whole = p7(Encoding.DER)
    version = whole.replace(
        der(intermediate())[:16], der(intermediate())[:12] + b"\x02\x01\x1e" + der(intermediate())[15:16]
    )
    for changed in (version, whole.replace(b"Inter-CA1", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff")):
        assert changed != whole
        for data in (changed, ssl.DER_cert_to_PEM_cert(changed).replace("CERTIFICATE", "PKCS7").encode()):
            material = decode(data)
            assert len(material.certificates) + len(material.unreadable) == 3
            assert material.certificates
            assert material.unreadable


def test_windows_writes_pkcs7_that_is_not_quite_der() -> None:
    """The certificates of a SET stand in any order there; DER would sort them."""
    in_order = b"".join(sorted(der(one) for one in WHOLE))
    out_of_order = b"".join(sorted((der(one) for one in WHOLE), reverse=True))
    container = p7(Encoding.DER)
    assert in_order in container
    assert len(decode(container.replace(in_order, out_of_order)).certificates) == 3


def test_no_input_at_all_is_an_empty_one() -> None:
    report = chain.check([], at=AT)
    assert ids(report) == ["file.no-certificate"]
    assert report.material.encoding is Found.EMPTY


def test_the_key_in_the_file_is_told_and_the_chain_is_read() -> None:
    for data in (KEY + SOUND, SOUND + KEY, to_pem(key("leaf"), b"secret") + SOUND):
        assert ids(Case(data).check()) == ["file.private-key-inside"]


def test_positions_and_lines_count_what_is_unreadable_too() -> None:
    data = b"\n\n" + FIRST[:100] + b"\n" + pem(intermediate(), root())
    report = read(data)
    assert [unreadable.line for unreadable in report.material.unreadable] == [3]
    assert [certificate.position for certificate in report.material.certificates] == [2, 3]


PATIENCE_S = 5
"""Ten times what is needed (0.4 s of a processor at the worst), for machines that do other things meanwhile."""


def timed(data: bytes) -> tuple[Report, float]:
    before = time.process_time()
    report = Case(data).check()
    return report, time.process_time() - before


BEGIN_LINE, END_LINE = b"-----BEGIN CERTIFICATE-----\n", b"-----END CERTIFICATE-----\n"


def filled(piece: bytes) -> bytes:
    """As often as it fits."""
    return piece * (MAX_BYTES // len(piece))


HEAVY = {
    "noise": bytes(range(256)) * 4096 * 10,
    "letters": filled(b"BEGIN"),
    "half a BEGIN": filled(b"-----BEGIN "),
    "BEGIN lines": filled(BEGIN_LINE),
    "BEGIN lines in one": filled(BEGIN_LINE.strip()),
    "BEGIN lines without hyphens": filled(b"BEGINCERTIFICATE-"),
    "END lines": filled(END_LINE),
    "BEGIN and END of nothing": filled(b"-----BEGIN A-----\n-----END A-----\n"),
    "END of nothing": filled(b"-----END A-----"),
    "typographic BEGIN lines": filled("—BEGIN CERTIFICATE—\n".encode()),
    "keys": filled(b"-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n"),
    "containers": filled(b"-----BEGIN PKCS7-----\nMAA=\n-----END PKCS7-----\n"),
    "boxes": filled(b"-----BEGIN PKCS12-----\nMAA=\n-----END PKCS12-----\n"),
    "a block of short lines": BEGIN_LINE + b"A\n" * (MAX_BYTES // 2 - 40) + END_LINE,
    "a block of empty lines": BEGIN_LINE + b"\n" * (MAX_BYTES - 80) + END_LINE,
    "a block of blank lines": BEGIN_LINE + b" \r" * (MAX_BYTES // 2 - 40) + END_LINE,
    "hyphens": filled(b"-"),
    "Base 64": filled(b"MIIB"),
    "Base 64 in short lines": filled(b"A\n"),
    "Base 64 of BEGIN lines": base64.b64encode(BEGIN_LINE * (MAX_BYTES * 3 // 4 // len(BEGIN_LINE) - 1)),
    "UTF-16": filled(BEGIN_LINE).decode().encode("utf-16")[:MAX_BYTES],
    "tiny DER": filled(b"\x30\x81\x00"),
    "DER in DER": filled(b"\x30\x80"),
    "a sequence of nothing": b"\x30\x83\xff\xff\xf0" + b"\x05\x00" * (MAX_BYTES // 2 - 8),
    "one huge certificate": b"\x30\x83\xff\xff\xf0" + der(root())[4:].ljust(0xFFFFF0, b"\0"),
    "zeros": bytes(MAX_BYTES),
}


@pytest.mark.parametrize("form", HEAVY)
def test_the_largest_files_are_answered_in_seconds(form: str) -> None:
    report, seconds = timed(HEAVY[form])
    assert report.errors
    assert seconds < PATIENCE_S


def test_a_hundred_thousand_blocks_are_counted() -> None:
    report, seconds = timed(b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n" * 100_000)
    assert len(report.material.unreadable) == 100_000
    assert [str(finding.found) for finding in report.findings][-1] == "And 99990 more."
    assert len(report.findings) == 11
    assert seconds < PATIENCE_S


def test_a_hundred_thousand_certificates_are_too_large_and_as_many_as_fit_are_counted() -> None:
    one = root().pem
    with pytest.raises(InputTooLargeError):
        decode(one * 100_000)
    many = MAX_BYTES // len(one)
    report, seconds = timed(one * many)
    assert len(report.material.certificates) == MAX_CERTIFICATES
    assert len(report.material.unreadable) == many - MAX_CERTIFICATES
    assert "more than 1000 certificates" in str(report.material.unreadable[0].reason)
    told = [str(finding.found) for finding in report.findings if finding.rule.id == "file.unreadable-certificate"]
    assert told == [
        "The file: more than 1000 certificates in one file are not read. That goes for 9,000 certificates.",
        f"The file: only the first 10000 blocks of a file are looked at. That goes for {many - 10_000:,} certificates.",
    ]
    assert seconds < PATIENCE_S


@pytest.mark.parametrize("encoding", [Encoding.DER, Encoding.PEM])
def test_a_container_of_more_certificates_than_are_read_says_so(encoding: Encoding) -> None:
    certificates = [authority(f"CA {number}").certificate for number in range(2)] * 501
    material = decode(pkcs7.serialize_certificates(certificates, encoding))
    assert (len(material.certificates), len(material.unreadable)) == (MAX_CERTIFICATES, 2)
    glued: Sequence[bytes] = [certificate.public_bytes(Encoding.DER) for certificate in certificates]
    material = decode(b"".join(glued))
    assert (len(material.certificates), len(material.unreadable)) == (MAX_CERTIFICATES, 1)


def test_the_limit_is_the_only_thing_that_is_raised() -> None:
    assert decode(b"a" * MAX_BYTES).encoding is Found.UNKNOWN
    with pytest.raises(InputTooLargeError):
        decode(b"a" * (MAX_BYTES + 1))
    with pytest.raises(InputTooLargeError):
        chain.check(bytes(17 * 2**20), at=AT)
