"""The console's certificate, as a playbook replaces it."""

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography import x509
from tests.interop.playbook import Outcome, Playbooks, Task
from tests.requirements.administrator import Authorities, leaf
from tests.running import HOST, RunningConsole

from mutua.authority.issue import SERVER_AUTH, Issued, Template, chain, issue

_MODULE = "ome_application_certificate"
_NAMED = {
    "command": "generate_csr",
    "distinguished_name": "om.example.net",
    "department_name": "IT",
    "business_name": "Example",
    "locality": "Paris",
    "country_state": "IDF",
    "country": "FR",
    "email": "admin@example.net",
    "subject_alternative_names": f"om.example.net, {HOST}",
}
_INVALID_CHAIN = ("HTTP Error 400", "CGEN1008", ["Invalid certificate chain provided."])
_INVALID_KEY = ("HTTP Error 400", "CGEN1008", ["Invalid CSR key."])
_INVALID_PURPOSE = ("HTTP Error 400", "CGEN1008", ["No Client/Server authentication EKU present in leaf certificate."])
_INVALID_FILE: tuple[str, str, list[str]] = ("HTTP Error 500", "CSEC9002", [])
_ANSWERS = {
    "chain without its root": _INVALID_CHAIN,
    "chain by another intermediate": _INVALID_CHAIN,
    "chain in another order": _INVALID_CHAIN,
    "chain for another key": _INVALID_KEY,
    "chain for servers only": _INVALID_PURPOSE,
    "chain that is none": _INVALID_FILE,
    "certificate for another key": _INVALID_KEY,
    "certificate that is none": _INVALID_FILE,
}


class Replaced(NamedTuple):
    """How the playbooks went, before there was a request to sign and after, and what the console presents now."""

    asked: Mapping[str, Outcome]
    uploaded: Mapping[str, Outcome]
    signed: Issued
    presented: x509.Certificate


@pytest.fixture(scope="module")
def replaced(running: RunningConsole, folder: Path, trusted: Path, authorities: Authorities) -> Replaced:
    """A console on its first start gets a chain. What it presents meanwhile is in a file of its own."""
    meanwhile = folder / "meanwhile.pem"
    meanwhile.write_bytes(running.console.state.certificate.read_bytes() + chain(authorities.inter1, authorities.root))
    playbooks = Playbooks(running, meanwhile, folder)
    asked = playbooks.run(
        Task("request", _MODULE, _NAMED),
        Task("request for every host", _MODULE, _NAMED | {"distinguished_name": "*.example.net"}),
        Task("request for a name that is none", _MODULE, _NAMED | {"subject_alternative_names": "no_name!"}),
        Task("request by the root", _MODULE, _NAMED | {"ca_path": str(trusted)}),
    )
    request = x509.load_pem_x509_csr(asked["request"].values["csr_status"]["CertificateData"].encode())
    signed = leaf(request, authorities.inter1)
    whole = chain(signed, authorities.inter1, authorities.root)
    uploaded = playbooks.run(
        *[_upload(folder, name, data) for name, data in _refused(request, authorities).items()],
        _upload(folder, "certificate", chain(signed)),
        _upload(folder, "certificate with the rest of its chain", whole),
        _upload(folder, "chain", whole),
        Task("request by the root", _MODULE, _NAMED | {"ca_path": str(trusted)}),
    )
    presented = ssl.get_server_certificate((HOST, running.console.addresses.port))
    return Replaced(asked, uploaded, signed, x509.load_pem_x509_certificate(presented.encode()))


def _refused(request: x509.CertificateSigningRequest, authorities: Authorities) -> Mapping[str, bytes]:
    """What nobody should take, by its name."""
    inter1, root = authorities.inter1, authorities.root
    signed = leaf(request, inter1)
    foreign = issue(Template(common_name="om.example.net"), issuer=inter1)
    return {
        "chain without its root": chain(signed, inter1),
        "chain by another intermediate": chain(signed, authorities.inter2, root),
        "chain in another order": chain(root, inter1, signed),
        "chain for another key": chain(foreign, inter1, root),
        "chain for servers only": chain(leaf(request, inter1, extended_key_usage=(SERVER_AUTH,)), inter1, root),
        "chain that is none": b"no certificate",
        "certificate for another key": chain(foreign),
        "certificate that is none": b"no certificate",
    }


def _upload(folder: Path, name: str, data: bytes) -> Task:
    path = folder / f"{name}.pem"
    path.write_bytes(data)
    command = "upload_cert_chain" if name.startswith("chain") else "upload"
    return Task(name, _MODULE, {"command": command, "upload_file": str(path)})


def test_a_request_is_for_the_names_that_were_given(replaced: Replaced) -> None:
    asked = replaced.asked["request"]
    assert asked.said == "Successfully generated certificate signing request."
    request = x509.load_pem_x509_csr(asked.values["csr_status"]["CertificateData"].encode())
    names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["om.example.net"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == [HOST]
    assert "CN=om.example.net" in request.subject.rfc4514_string()


@pytest.mark.parametrize(
    ("name", "status", "identifier", "about"),
    [
        ("request for every host", "HTTP Error 400", "CGEN6002", "DistinguishedName"),
        ("request for a name that is none", "HTTP Error 500", "CGEN1004", "San"),
    ],
)
def test_a_request_for_a_wrong_name_is_refused(
    replaced: Replaced, name: str, status: str, identifier: str, about: str
) -> None:
    refused = replaced.asked[name]
    assert refused.failed
    assert status in refused.said
    assert (refused.refusal["MessageId"], refused.refusal["MessageArgs"]) == (identifier, [about])


@pytest.mark.parametrize("name", _ANSWERS)
def test_a_wrong_upload_is_refused(replaced: Replaced, name: str) -> None:
    status, identifier, arguments = _ANSWERS[name]
    refused = replaced.uploaded[name]
    assert refused.failed
    assert status in refused.said
    assert (refused.refusal["MessageId"], refused.refusal["MessageArgs"]) == (identifier, arguments)


@pytest.mark.parametrize("name", ["certificate", "certificate with the rest of its chain", "chain"])
def test_what_is_sound_is_taken(replaced: Replaced, name: str) -> None:
    taken = replaced.uploaded[name]
    assert (taken.succeeded, taken.changed) == (True, True)
    assert taken.said == "Successfully uploaded application certificate."


def test_the_console_is_trusted_by_the_root_from_then_on(replaced: Replaced) -> None:
    before, after = replaced.asked["request by the root"], replaced.uploaded["request by the root"]
    assert before.unreachable
    assert "CERTIFICATE_VERIFY_FAILED" in before.said
    assert after.succeeded
    assert replaced.presented == replaced.signed.certificate
