"""GenerateCSR, the uploads and GET Certificate, by every line of the contract."""

import re
import ssl
import threading
from datetime import datetime

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from tests.console.wire import BASIC, CERTIFICATE, CHAIN, CSR, Answer, Wire
from tests.running import HOST, RunningConsole

from mutua.authority import ca
from mutua.authority.issue import Issued, Template, chain, issue
from mutua.authority.keys import KeyType
from mutua.peering.contexts import unverified_client

HEADER, FOOTER = "-----BEGIN CERTIFICATE REQUEST-----", "-----END CERTIFICATE REQUEST-----"
BYTES = (BASIC, "Content-Type: application/octet-stream", "Accept: application/octet-stream")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> ca.Authority:
    return ca.create(tmp_path_factory.mktemp("authority") / "lab", name="Lab", key_type=KeyType.EC_P256)


def _names(answer: Answer) -> list[str]:
    assert answer.status == 200, answer.body
    request = x509.load_pem_x509_csr(answer.json["CertificateData"].encode())
    found = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [str(name.value) for name in found]


def _request(wire: Wire) -> x509.CertificateSigningRequest:
    answer = wire.post(CSR, {"DistinguishedName": "om.example.net", "San": "om.example.net,127.0.0.1"})
    return x509.load_pem_x509_csr(answer.json["CertificateData"].encode())


def _presented(running: RunningConsole) -> x509.Certificate:
    pem = ssl.get_server_certificate((HOST, running.console.addresses.port))
    return x509.load_pem_x509_certificate(pem.encode())


def test_a_request_is_text_that_clients_can_cut_up(wire: Wire) -> None:
    answer = wire.post(CSR, {"DistinguishedName": "om.example.net", "San": None})
    assert answer.headers["content-type"] == "application/json"
    assert all(isinstance(value, str) for value in answer.json.values())
    text = answer.json["CertificateData"]
    assert text.startswith(f"{HEADER}\n")
    assert text.endswith(f"\n{FOOTER}\n")
    assert "\r" not in text
    assert re.fullmatch("[A-Za-z0-9+/=\n]+", text.removeprefix(HEADER).removesuffix(f"{FOOTER}\n"))
    joined = text.replace(HEADER, "").replace(FOOTER, "").replace("\n", "")
    wrapped = "\n".join(joined[at : at + 64] for at in range(0, len(joined), 64))
    assert x509.load_pem_x509_csr(f"{HEADER}\n{wrapped}\n{FOOTER}\n".encode()).is_signature_valid


def test_every_value_goes_to_its_place(wire: Wire) -> None:
    values = {
        "DistinguishedName": " om.example.net ",
        "DepartmentName": "IT",
        "BusinessName": "Ejemplo, S. A.",
        "Locality": "Málaga",
        "State": "Andalucía",
        "Country": "es",
        "Email": "it@example.net",
        "San": None,
    }
    request = x509.load_pem_x509_csr(wire.post(CSR, values).json["CertificateData"].encode())
    found = {attribute.oid: attribute.value for attribute in request.subject}
    assert found == {
        NameOID.COMMON_NAME: "om.example.net",
        NameOID.ORGANIZATIONAL_UNIT_NAME: "IT",
        NameOID.ORGANIZATION_NAME: "Ejemplo, S. A.",
        NameOID.LOCALITY_NAME: "Málaga",
        NameOID.STATE_OR_PROVINCE_NAME: "Andalucía",
        NameOID.COUNTRY_NAME: "ES",
        NameOID.EMAIL_ADDRESS: "it@example.net",
    }


@pytest.mark.parametrize(
    ("san", "names"),
    [
        (None, ["om.example.net"]),
        ("", ["om.example.net"]),
        ("  ", ["om.example.net"]),
        ("a.example.net,10.0.0.1", ["a.example.net", "10.0.0.1"]),
        (" a.example.net , 10.0.0.1 ,\tfd00::1 ", ["a.example.net", "10.0.0.1", "fd00::1"]),
        ("a,b,c,d", ["a", "b", "c", "d"]),
        ("a,b,c,d,e,f", ["a", "b", "c", "d", "e", "f"]),
        ("a,a", ["a"]),
    ],
)
def test_alternative_names(wire: Wire, san: str | None, names: list[str]) -> None:
    assert _names(wire.post(CSR, {"DistinguishedName": "om.example.net", "San": san})) == names


def test_alternative_names_may_be_left_out_altogether(wire: Wire) -> None:
    assert _names(wire.post(CSR, {"DistinguishedName": "10.0.0.7"})) == ["10.0.0.7"]


@pytest.mark.parametrize("san", ["a b", "*.example.net", "a,,b", ",", "a;b", "DNS:a", "1.2.3", ",".join("a" * 101)])
def test_an_invalid_alternative_name_is_500_and_names_the_property(wire: Wire, san: str) -> None:
    answer = wire.post(CSR, {"DistinguishedName": "om.example.net", "San": san})
    assert (answer.status, answer.message_id) == (500, "CGEN1004")
    info = answer.json["error"]["@Message.ExtendedInfo"][0]
    assert (info["RelatedProperties"], info["MessageArgs"]) == (["San"], ["San"])


@pytest.mark.parametrize(("size", "bits"), [(None, 2048), (4096, 4096)])
def test_the_size_of_the_key(wire: Wire, size: int | None, bits: int) -> None:
    values = {"DistinguishedName": "om.example.net"} | ({"KeySize": size} if size else {})
    request = x509.load_pem_x509_csr(wire.post(CSR, values).json["CertificateData"].encode())
    key = request.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    assert key.key_size == bits


def test_an_upload_that_is_taken_is_200_and_empty(wire: Wire, running: RunningConsole, authority: ca.Authority) -> None:
    signed = authority.sign(_request(wire))
    answer = wire.ask("POST", CHAIN, BYTES, signed.chain_pem)
    assert (answer.status, answer.body) == (200, b"")
    assert _presented(running) == signed.leaf


def test_the_chain_is_shown_in_the_handshake_without_its_root(
    wire: Wire, running: RunningConsole, authority: ca.Authority
) -> None:
    signed = authority.sign(_request(wire))
    assert wire.ask("POST", CHAIN, BYTES, signed.chain_pem).status == 200
    assert running.console.identity.presented.certificates_pem == signed.chain_pem.removesuffix(
        Issued(signed.root, None).pem
    )


def test_a_chain_sent_to_the_call_for_one_certificate_is_not_cut_in_silence(
    wire: Wire, running: RunningConsole, authority: ca.Authority
) -> None:
    signed = authority.sign(_request(wire))
    answer = wire.ask("POST", CERTIFICATE, BYTES, signed.chain_pem)
    assert answer.status == 200
    assert list(answer.json) == ["Warnings"]
    (warning,) = answer.json["Warnings"]
    assert "3 certificates" in warning
    assert "leaf" in warning
    assert _presented(running) == signed.leaf
    assert len(running.console.identity.certificates) == 1


def test_a_single_certificate_and_then_the_chain_for_the_same_request(
    wire: Wire, running: RunningConsole, authority: ca.Authority
) -> None:
    signed = authority.sign(_request(wire))
    single = wire.ask("POST", CERTIFICATE, BYTES, Issued(signed.leaf, None).pem)
    assert (single.status, single.body) == (200, b"")
    assert wire.ask("POST", CHAIN, BYTES, signed.chain_pem).status == 200
    assert len(running.console.identity.certificates) == 3


def test_an_older_request_of_this_console_may_still_be_answered(
    wire: Wire, running: RunningConsole, authority: ca.Authority
) -> None:
    older, _newer = _request(wire), _request(wire)
    signed = authority.sign(older)
    assert wire.ask("POST", CHAIN, BYTES, signed.chain_pem).status == 200
    assert _presented(running) == signed.leaf


def test_the_new_certificate_serves_new_connections_and_the_old_ones_go_on(
    wire: Wire, running: RunningConsole, authority: ca.Authority
) -> None:
    with Wire(running) as old:
        assert old.ask("GET", "/api/ApplicationService/Info").status == 200
        signed = authority.sign(_request(wire))
        assert wire.ask("POST", CHAIN, BYTES, signed.chain_pem).status == 200
        assert _presented(running) == signed.leaf
        assert old.ask("GET", "/api/ApplicationService/Info").status == 200


def test_no_connection_is_refused_while_certificates_change(
    running: RunningConsole, signed_in: Wire, authority: ca.Authority
) -> None:
    stop, failures, asked = threading.Event(), list[Exception](), list[int]()
    context = unverified_client()

    def keep_asking() -> None:
        while not stop.is_set():
            try:
                with httpx.Client(verify=context, trust_env=False, timeout=30) as client:
                    asked.append(client.get(f"https://{running.address}/api/ApplicationService/Info").status_code)
            except httpx.HTTPError as error:
                failures.append(error)

    askers = [threading.Thread(target=keep_asking) for _ in range(4)]
    for asker in askers:
        asker.start()
    try:
        for _ in range(5):
            signed = authority.sign(_request(signed_in))
            assert signed_in.ask("POST", CHAIN, None, signed.chain_pem).status == 200
    finally:
        stop.set()
        for asker in askers:
            asker.join()
    assert failures == []
    assert set(asked) == {401}


def test_two_uploads_at_once_leave_the_database_and_the_listener_of_one_mind(
    running: RunningConsole, authority: ca.Authority
) -> None:
    with Wire(running) as wire:
        chains = [authority.sign(_request(wire)).chain_pem for _ in range(4)]

    def upload(pem: bytes) -> None:
        with Wire(running) as own:
            assert own.ask("POST", CHAIN, BYTES, pem).status == 200

    uploaders = [threading.Thread(target=upload, args=(pem,)) for pem in chains]
    for uploader in uploaders:
        uploader.start()
    for uploader in uploaders:
        uploader.join()
    newest = running.console.identities.current().leaf.x509
    assert _presented(running) == newest == running.console.identity.leaf.x509


def test_the_certificate_in_use_is_told_in_the_shape_that_clients_read(wire: Wire) -> None:
    request = _request(wire)
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "FR"),
            x509.NameAttribute(NameOID.STATE_OR_PROVINCE_NAME, "IDF"),
            x509.NameAttribute(NameOID.LOCALITY_NAME, "Paris"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "PKI"),
            x509.NameAttribute(NameOID.COMMON_NAME, "Example CA"),
            x509.NameAttribute(NameOID.EMAIL_ADDRESS, "pki@example.org"),
        ]
    )
    root = issue(Template(subject=subject, is_ca=True))
    names = tuple(request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    leaf = issue(Template(subject=request.subject, names=names), key=request.public_key(), issuer=root)  # type: ignore[arg-type]
    assert wire.ask("POST", CHAIN, BYTES, chain(leaf, root)).status == 200
    certificate = leaf.certificate
    assert wire.ask("GET", "/api/ApplicationService/Certificate").json == {
        "@odata.context": "/api/$metadata#Collection(ApplicationService.CertInfo)",
        "@odata.count": 1,
        "value": [
            {
                "@odata.type": "#ApplicationService.CertInfo",
                "ValidFrom": f"{certificate.not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ}",
                "ValidTo": f"{certificate.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}",
                "IssuedBy": {
                    "@odata.type": "#ApplicationService.CertDetail",
                    "DistinguishedName": "Example CA",
                    "DepartmentName": "PKI",
                    "BusinessName": "Example",
                    "Locality": "Paris",
                    "State": "IDF",
                    "Country": "FR",
                    "Email": "pki@example.org",
                    "KeySize": None,
                    "San": None,
                },
                "IssuedTo": {
                    "@odata.type": "#ApplicationService.CertDetail",
                    "DistinguishedName": "om.example.net",
                    "DepartmentName": "",
                    "BusinessName": "",
                    "Locality": "",
                    "State": "",
                    "Country": "",
                    "Email": "",
                    "KeySize": None,
                    "San": "om.example.net,127.0.0.1",
                },
            }
        ],
    }


def test_the_first_certificate_is_told_too(tmp_path_factory: pytest.TempPathFactory) -> None:
    from tests.running import running_console

    with running_console(tmp_path_factory.mktemp("state") / "console") as fresh, Wire(fresh) as wire:
        row = wire.ask("GET", "/api/ApplicationService/Certificate").json["value"][0]
    assert row["IssuedTo"]["DistinguishedName"] == row["IssuedBy"]["DistinguishedName"] == HOST
    assert datetime.fromisoformat(row["ValidFrom"]) < datetime.fromisoformat(row["ValidTo"])


def test_checking_a_chain_says_everything_and_changes_nothing(
    wire: Wire, running: RunningConsole, authority: ca.Authority
) -> None:
    before = _presented(running)
    wrong = authority.sign(_request(wire), usage=ca.LeafUsage.SERVER).chain_pem
    path = CHAIN.replace("UploadCertChain", "CheckCertChain")
    report = wire.ask("POST", path, BYTES, wrong).json
    assert [finding["rule"] for finding in report["findings"]] == ["leaf.no-client-auth"]
    assert report["appliance"]["error"]["@Message.ExtendedInfo"][0]["MessageId"] == "CGEN1008"
    assert wire.ask("POST", path, BYTES, authority.sign(_request(wire)).chain_pem).json["errors"] == 0
    assert _presented(running) == before
