"""R10: Application Settings → Security → Certificates: see the certificate, request one, upload one or a chain."""

from collections.abc import Iterator

import httpx
import pytest
from cryptography import x509
from tests.requirements.administrator import Administrator, Authorities, leaf
from tests.running import PASSWORD, USER

from mutua.authority.issue import chain

PAGE = "/settings/security/certificates"
FORM = {"DistinguishedName": "om.example.net", "San": "om.example.net,127.0.0.1", "KeySize": "2048"}


@pytest.fixture
def browser(shared: Administrator) -> Iterator[httpx.Client]:
    """Signed in as a person is: with a cookie."""
    with shared.running.client(auth=None, follow_redirects=True) as client:
        answer = client.post("/login", data={"user": USER, "password": PASSWORD, "next": PAGE})
        assert answer.status_code == 200
        yield client


def _request(browser: httpx.Client) -> x509.CertificateSigningRequest:
    assert browser.post(f"{PAGE}/request", data=FORM).status_code == 200
    return x509.load_pem_x509_csr(browser.get(f"{PAGE}/request.csr").content)


def test_R10_the_page_shows_the_current_certificate(browser: httpx.Client, shared: Administrator) -> None:
    shown = browser.get(PAGE).text
    fingerprint = shared.running.console.identity.leaf.fingerprint
    assert fingerprint.lower() in shown.lower().replace(":", "").replace(" ", "").replace("<wbr>", "")


def test_R10_without_signing_in_nothing_is_shown(shared: Administrator) -> None:
    with shared.running.client(auth=None) as client:
        answer = client.get(PAGE)
    assert answer.status_code in (302, 303)
    assert answer.headers["location"].startswith("/login")


def test_R10_a_request_is_generated_and_downloaded(browser: httpx.Client) -> None:
    request = _request(browser)
    assert request.is_signature_valid
    assert request.subject.rfc4514_string() == "CN=om.example.net"


def test_R10_a_chain_is_uploaded(browser: httpx.Client, shared: Administrator, authorities: Authorities) -> None:
    signed = leaf(_request(browser), authorities.inter1)
    file = chain(signed, authorities.inter1, authorities.root)
    assert browser.post(f"{PAGE}/chain", files={"file": ("chain.pem", file)}).status_code == 200
    assert shared.presented() == signed.certificate


def test_R10_a_certificate_is_uploaded(browser: httpx.Client, shared: Administrator, authorities: Authorities) -> None:
    signed = leaf(_request(browser), authorities.inter1)
    assert browser.post(f"{PAGE}/certificate", files={"file": ("om.cer", signed.pem)}).status_code == 200
    assert shared.presented() == signed.certificate


def test_R10_a_refusal_shows_the_code_the_message_and_the_cause(
    browser: httpx.Client, shared: Administrator, authorities: Authorities
) -> None:
    before = shared.presented()
    signed = leaf(_request(browser), authorities.inter1)
    answer = browser.post(f"{PAGE}/chain", files={"file": ("chain.pem", chain(signed, authorities.inter1))})
    assert answer.status_code == 400
    assert "CGEN1008" in answer.text
    assert "Unable to process the request because an error occurred." in answer.text
    assert "chain.missing-root" in answer.text
    assert shared.presented() == before


def test_R10_the_rest_calls_do_the_same(shared: Administrator, authorities: Authorities) -> None:
    signed = leaf(shared.request(), authorities.inter1)
    assert shared.upload_chain(signed, authorities.inter1, authorities.root).status_code == 200
    shown = shared.client.get("/api/ApplicationService/Certificate").json()["value"][0]
    assert shown["IssuedTo"]["DistinguishedName"] == "om.example.net"
    assert shown["IssuedBy"]["DistinguishedName"] == "Inter-CA1"
