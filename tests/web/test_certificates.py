"""Application Settings → Security → Certificates: the whole of R10, and each refusal beside its causes."""

import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from tests.running import HOST, RunningConsole
from tests.web.consoles import request_of, sign_in, visitor
from tests.web.reading import Element, read

from mutua import chain
from mutua.authority.ca import Authority, LeafUsage
from mutua.authority.issue import CLIENT_AUTH, SERVER_AUTH, Issued, Template, issue, key_usage
from mutua.chain.decode import MAX_BYTES

PATH = "/settings/security/certificates"
MESSAGE = "Unable to process the request because an error occurred."
RESOLUTION = "Retry the operation. If the issue persists, contact your system administrator."
INVALID_FILE = "Unable to upload the certificate because the certificate file provided is invalid."


def post(client: httpx.Client, order: str, data: bytes, name: str = "chain.pem") -> httpx.Response:
    return client.post(f"{PATH}/{order}", files={"file": (name, data)})


def outcome(html: str) -> Element:
    return next(section for section in read(html).all("section") if section.get("aria-labelledby") == "outcome")


def answered(element: Element) -> str:
    return next(part.text for part in element.all("div") if part.get("class") == "refusal")


def rules(element: Element) -> list[str]:
    return [part.all("code").__next__().text for part in element.all("p") if part.get("class") == "rule"]


def facts(html: str) -> dict[str, str]:
    section = next(part for part in read(html).all("section") if part.get("aria-labelledby") == "current")
    pairs = next(section.all("dl"))
    return dict(zip((t.text for t in pairs.all("dt")), (d.text for d in pairs.all("dd")), strict=True))


def table(html: str, caption: str) -> list[list[str]]:
    (found,) = [part for part in read(html).all("table") if next(part.all("caption")).text == caption]
    return [[cell.text for cell in row.all("th", "td")] for row in next(found.all("tbody")).all("tr")]


def presented_leaf(running: RunningConsole) -> bytes:
    """What a new connection is shown, whoever signed it."""
    return ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate((HOST, running.console.addresses.port)))


@pytest.fixture
def page(running: RunningConsole) -> Iterator[httpx.Client]:
    """Somebody signed in at a console on its first start."""
    with visitor(running) as client:
        sign_in(client)
        yield client


def test_r10_the_page_is_found_by_its_name_and_shows_the_current_certificate(
    running: RunningConsole, page: httpx.Client
) -> None:
    html = page.get(PATH).text
    (where,) = [part for part in read(html).all("nav") if part.get("class") == "breadcrumb"]
    assert where.text == "Application Settings → Security → Certificates"
    leaf = running.console.identity.leaf
    shown = facts(html)
    assert shown["Kind"] == "self-signed: nobody vouches for it yet"
    assert shown["Issued to"] == shown["Issued by"] == HOST
    assert f"{leaf.not_after:%Y-%m-%d %H:%M:%S} UTC" in shown["Validity"]
    assert "valid, 824 more days" in shown["Validity"]
    assert shown["Key"] == "EC secp256r1"
    assert HOST in shown["Alternative names"].split(", ")
    assert shown["SHA-256"].replace(":", "").lower() == leaf.fingerprint
    assert [row[:2] for row in table(html, "The chain, leaf first")] == [[HOST, f"{HOST} (self-signed)"]]
    assert "None yet: no other console is trusted." in html


def test_r10_a_signing_request_is_generated_and_downloaded_again_and_again(
    running: RunningConsole, page: httpx.Client
) -> None:
    assert page.get(f"{PATH}/request.csr").status_code == 404
    fields = {
        "DistinguishedName": "console.example.net",
        "DepartmentName": "IT",
        "BusinessName": "Example",
        "Locality": "Madrid",
        "State": "Madrid",
        "Country": "es",
        "Email": "it@example.net",
        "San": "console.example.net, 192.0.2.7",
        "KeySize": "3072",
    }
    answer = page.post(f"{PATH}/request", data=fields)
    assert (answer.status_code, answer.url.path) == (200, PATH)
    assert [note.text for note in read(answer.text).all("p") if note.get("role") == "status"] == [
        "The signing request is ready to be downloaded."
    ]
    for _time in range(2):
        file = page.get(f"{PATH}/request.csr")
        assert file.headers["content-type"].startswith("text/plain")
        assert file.headers["content-disposition"] == 'attachment; filename="console.example.net.csr"'
        request = x509.load_pem_x509_csr(file.content)
        assert request.is_signature_valid
        assert request.public_key().key_size == 3072  # type: ignore[union-attr]
        assert request.subject.rfc4514_string() == (
            "1.2.840.113549.1.9.1=it@example.net,CN=console.example.net,OU=IT,O=Example,L=Madrid,ST=Madrid,C=ES"
        )
        names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert [str(name.value) for name in names] == ["console.example.net", "192.0.2.7"]
    assert file.text == running.console.identities.latest_request()
    assert "console.example.net, 192.0.2.7" in page.get(PATH).text


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("*.example.net", "holds a wildcard (*)"),
        ("", "the common name is missing"),
        ("   ", "the common name is missing"),
    ],
)
def test_r11_a_wildcard_or_a_missing_common_name_is_refused_beside_the_field(
    running: RunningConsole, page: httpx.Client, name: str, why: str
) -> None:
    answer = page.post(f"{PATH}/request", data={"DistinguishedName": name, "Locality": "Lugo", "KeySize": "2048"})
    assert answer.status_code == 400
    html = read(answer.text)
    assert answered(html) == (
        "The answer CGEN6002 Unable to complete the request because the input value for DistinguishedName is missing "
        "or an invalid value is entered. Enter a valid value and retry the operation."
    )
    assert why in html.by_id("DistinguishedName-problem").text
    field = html.by_id("DistinguishedName")
    assert field.get("aria-invalid") == "true"
    assert "DistinguishedName-problem" in (field.get("aria-describedby") or "").split()
    assert field.get("value") == name
    assert html.by_id("Locality").get("value") == "Lugo"
    assert running.console.identities.latest_request() is None


@pytest.mark.parametrize(
    ("field", "value", "code", "status"),
    [
        ("Country", "Spain", "CGEN6002", 400),
        ("Email", "ñ@example.net", "CGEN6002", 400),
        ("San", "one, two..three", "CGEN1004", 500),
        ("KeySize", "1024", "CGEN1004", 400),
    ],
)
def test_other_values_that_cannot_be_are_refused_beside_their_field(
    running: RunningConsole, page: httpx.Client, field: str, value: str, code: str, status: int
) -> None:
    fields = {"DistinguishedName": HOST, "KeySize": "2048"} | {field: value}
    answer = page.post(f"{PATH}/request", data=fields)
    assert answer.status_code == status
    assert code in answered(read(answer.text))
    (link,) = [part for part in read(answer.text).all("a") if part.text == "Mend it in the form"]
    assert link.get("href") == f"#{field}"
    assert read(answer.text).by_id(field).get("value") == (value if field != "KeySize" else None)
    assert running.console.identities.latest_request() is None


def test_r10_a_chain_is_uploaded_and_serves_the_next_connection_without_a_restart(
    running: RunningConsole, page: httpx.Client, authority: Authority
) -> None:
    chain_pem = authority.sign(request_of(running.console)).chain_pem
    before = presented_leaf(running)
    answer = post(page, "chain", chain_pem)
    assert answer.status_code == 200
    said = outcome(answer.text)
    assert said.text.startswith("✓ The certificate chain is installed")
    assert f"{HOST}, issued by Lab Intermediate CA, serves every connection that begins from now on." in said.text
    assert rules(said) == []
    assert facts(answer.text)["Kind"] == "a certificate chain"
    rows = [row[:2] for row in table(answer.text, "The chain, leaf first")]
    assert rows == [
        [HOST, "Lab Intermediate CA"],
        ["Lab Intermediate CA", "Lab Root CA"],
        ["Lab Root CA", "Lab Root CA (self-signed)"],
    ]
    assert table(answer.text, "Other consoles are trusted below one of these")[0][0] == "Lab Root CA"
    after = presented_leaf(running)
    assert after != before
    assert after == x509.load_pem_x509_certificate(chain_pem).public_bytes(Encoding.DER)
    assert page.get(PATH).status_code == 200


def test_r10_a_single_certificate_is_uploaded(
    running: RunningConsole, page: httpx.Client, authority: Authority
) -> None:
    leaf = authority.sign(request_of(running.console), usage=LeafUsage.SERVER).leaf
    answer = post(page, "certificate", leaf.public_bytes(Encoding.PEM))
    assert answer.status_code == 200
    assert outcome(answer.text).text.startswith("✓ The certificate is installed")
    assert facts(answer.text)["Kind"] == "a single certificate, without its chain"
    assert presented_leaf(running) == leaf.public_bytes(Encoding.DER)
    assert running.console.identities.trusted_roots() == ()


def test_r2_a_chain_uploaded_as_a_certificate_is_taken_with_a_word_of_warning(
    running: RunningConsole, page: httpx.Client, authority: Authority
) -> None:
    answer = post(page, "certificate", authority.sign(request_of(running.console)).chain_pem)
    assert answer.status_code == 200
    said = outcome(answer.text)
    assert "The certificate is installed" in said.text
    assert "Warning" in said.text
    assert len(rules(said)) >= 1


Fault = Callable[[RunningConsole, Authority], bytes]


def leaf_with(console: RunningConsole, authority: Authority, template: Template) -> bytes:
    """A chain for the console's own request, whose leaf has a fault."""
    key = request_of(console.console).public_key()
    leaf = issue(template, key=key, issuer=authority.intermediate)  # type: ignore[arg-type]
    return leaf.pem + authority.intermediate.pem + Issued(authority.root, None).pem


def wrong_encoding(running: RunningConsole, authority: Authority) -> bytes:
    return authority.sign(request_of(running.console)).leaf.public_bytes(Encoding.DER)


def noise(running: RunningConsole, authority: Authority) -> bytes:
    return b"-----BEGIN CERTIFICATE-----\nnot Base 64\n-----END CERTIFICATE-----\n"


def another_key(running: RunningConsole, authority: Authority) -> bytes:
    request_of(running.console)
    leaf = issue(Template(common_name=HOST), issuer=authority.intermediate)
    return leaf.pem + authority.intermediate.pem + Issued(authority.root, None).pem


def without_intermediate(running: RunningConsole, authority: Authority) -> bytes:
    signed = authority.sign(request_of(running.console))
    return signed.leaf.public_bytes(Encoding.PEM) + signed.root.public_bytes(Encoding.PEM)


def without_root(running: RunningConsole, authority: Authority) -> bytes:
    signed = authority.sign(request_of(running.console))
    return signed.leaf.public_bytes(Encoding.PEM) + signed.intermediate.public_bytes(Encoding.PEM)


def wildcard(running: RunningConsole, authority: Authority) -> bytes:
    return leaf_with(running, authority, Template(common_name="*.example.net"))


def no_client_authentication(running: RunningConsole, authority: Authority) -> bytes:
    return leaf_with(running, authority, Template(common_name=HOST, extended_key_usage=[SERVER_AUTH]))


def no_key_encipherment(running: RunningConsole, authority: Authority) -> bytes:
    return leaf_with(running, authority, Template(common_name=HOST, key_usage=key_usage("digital_signature")))


@pytest.mark.parametrize(
    ("fault", "code", "argument", "rule"),
    [
        pytest.param(wrong_encoding, "CSEC9002", None, "file.not-base64", id="r4-r17-der"),
        pytest.param(noise, "CSEC9002", None, None, id="r4-r17-noise"),
        pytest.param(another_key, "CGEN1008", "Invalid CSR key.", "leaf.csr-key-mismatch", id="r3-r12"),
        pytest.param(
            without_intermediate,
            "CGEN1008",
            "Invalid certificate chain provided.",
            "chain.missing-intermediate",
            id="r8-r13",
        ),
        pytest.param(
            without_root, "CGEN1008", "Invalid certificate chain provided.", "chain.missing-root", id="r7-r13"
        ),
        pytest.param(wildcard, "CGEN1008", None, None, id="r9-r14"),
        pytest.param(
            no_client_authentication,
            "CGEN1008",
            "No Client/Server authentication EKU present in leaf certificate.",
            "leaf.no-client-auth",
            id="r5-r15",
        ),
        pytest.param(
            no_key_encipherment,
            "CGEN1008",
            "User Certificate is not a web server certificate.",
            "leaf.no-key-encipherment",
            id="r6-r16",
        ),
    ],
)
def test_a_refused_chain_shows_the_appliances_answer_and_beside_it_the_cause(
    running: RunningConsole,
    page: httpx.Client,
    authority: Authority,
    fault: Fault,
    code: str,
    argument: str | None,
    rule: str | None,
) -> None:
    data = fault(running, authority)
    before = presented_leaf(running)
    answer = post(page, "chain", data, "wrong.cer")
    report = running.console.identities.examine(data, chain.Profile.MIGRATION)
    assert report.refusal is not None
    assert answer.status_code == report.refusal.status
    said = outcome(answer.text)
    assert said.text.startswith("✗ wrong.cer was refused. Nothing was changed")
    sentences = f"{MESSAGE} {RESOLUTION}" if code == "CGEN1008" else INVALID_FILE
    assert answered(said).startswith(f"The answer {code} {sentences}")
    quoted = [quote.text for quote in said.all("q")]
    assert quoted == ([argument] if argument else [])
    # All of it, and not what the appliance would have stopped at.
    assert sorted(rules(said)) == sorted(finding.rule.id for finding in report.findings)
    if rule is not None:
        assert rule in rules(said)
    for finding in report.findings:
        assert finding.rule.fix in said.text
        assert str(finding.found) in said.text
    assert presented_leaf(running) == before
    assert read(answer.text).all("title").__next__().text.startswith("Refused · Certificates")


def test_checking_finds_the_same_and_installs_nothing(
    running: RunningConsole, page: httpx.Client, authority: Authority
) -> None:
    before = presented_leaf(running)
    wrong = post(page, "check-chain", without_root(running, authority))
    assert wrong.status_code == 200
    assert outcome(wrong.text).text.startswith("✗ An upload of chain.pem would be refused")
    assert "chain.missing-root" in rules(outcome(wrong.text))
    right = post(page, "check-chain", authority.sign(request_of(running.console)).chain_pem)
    assert outcome(right.text).text.startswith("✓ An upload of chain.pem would be taken")
    leaf = authority.sign(request_of(running.console), usage=LeafUsage.SERVER).leaf.public_bytes(Encoding.PEM)
    assert "would be taken" in outcome(post(page, "check-certificate", leaf).text).text
    assert "would be refused" in outcome(post(page, "check-chain", leaf).text).text
    assert presented_leaf(running) == before
    assert running.console.log.path.exists() is False


def test_an_upload_without_a_file_says_so(running: RunningConsole, page: httpx.Client) -> None:
    for order in ("chain", "certificate", "check-chain", "check-certificate"):
        answer = post(page, order, b"", "")
        assert answer.status_code == 400
        assert outcome(answer.text).text == "Nothing was changed No file was chosen."
        assert page.post(f"{PATH}/{order}", data={"file": "text"}).status_code == 400


def test_an_empty_file_is_an_invalid_file(page: httpx.Client) -> None:
    answer = post(page, "chain", b"", "empty.pem")
    assert "CSEC9002" in answered(outcome(answer.text))


def test_a_file_just_above_the_limit_is_not_read(running: RunningConsole, page: httpx.Client) -> None:
    answer = post(page, "chain", b"\n" * (MAX_BYTES + 1))
    assert answer.status_code == 413
    assert "The file has 17 MiB; at most 16 MiB are read." in outcome(answer.text).text


def test_a_chain_that_has_expired_meanwhile_is_shown_as_such(
    running: RunningConsole, page: httpx.Client, authority: Authority
) -> None:
    past = datetime.now(UTC) - timedelta(days=2)
    data = leaf_with(
        running,
        authority,
        Template(
            common_name=HOST,
            not_before=past,
            not_after=past + timedelta(days=1),
            extended_key_usage=[SERVER_AUTH, CLIENT_AUTH],
        ),
    )
    said = outcome(post(page, "chain", data).text)
    assert any("expired" in rule or "valid" in rule for rule in rules(said))


def test_names_in_a_certificate_are_text_and_never_markup(
    running: RunningConsole, page: httpx.Client, authority: Authority
) -> None:
    data = leaf_with(running, authority, Template(common_name="<script>alert(1)</script>"))
    html = post(page, "check-chain", data, "<b>file</b>.pem").text
    assert "<script>" not in html
    assert "<b>" not in html
    assert "<script>alert(1)</script>" in outcome(html).text


def test_wire_strings_are_not_translated(running: RunningConsole, page: httpx.Client, authority: Authority) -> None:
    page.post("/language", data={"language": "es", "next": "/"})
    said = outcome(post(page, "chain", no_client_authentication(running, authority)).text)
    (refusal,) = [part for part in said.all("div") if part.get("class") == "refusal"]
    english = [part.text for part in refusal.all("p") if part.get("lang") == "en"]
    assert english == [f"CGEN1008 {MESSAGE}", RESOLUTION]
    assert [quote.get("lang") for quote in said.all("q")] == ["en"]
