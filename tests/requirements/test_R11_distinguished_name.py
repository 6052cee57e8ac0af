"""R11: a signing request whose distinguished name holds a wildcard, or lacks a value, is refused."""

import pytest
from cryptography import x509
from tests.requirements.administrator import Administrator, error, is_entry

REFUSED = error(
    "CGEN6002",
    "Unable to complete the request because the input value for DistinguishedName is missing or an invalid value "
    "is entered.",
    ("DistinguishedName",),
    "Enter a valid value and retry the operation.",
)
_LOGGED = "generateCSR():\n Error generating certificate signing request: "


@pytest.mark.parametrize(
    "values",
    [
        {"DistinguishedName": "*.example.net"},
        {"DistinguishedName": "om.*.net"},
        {"DistinguishedName": "*"},
        {"DistinguishedName": ""},
        {"DistinguishedName": "   "},
        {"DistinguishedName": None},
        {},
        {"DistinguishedName": "om\n.example.net"},
        {"DistinguishedName": "x" * 65},
        {"DistinguishedName": "*.example.net", "San": "not a name"},
    ],
)
def test_R11_a_wildcard_or_a_missing_value_is_refused(shared: Administrator, values: dict[str, object]) -> None:
    answer = shared.generate_csr(**({"DepartmentName": "IT", "Country": "ES"} | values))
    assert (answer.status_code, answer.text) == (400, REFUSED)
    assert is_entry(shared.log_entries()[-1], _LOGGED + REFUSED)


def test_R11_a_plain_name_is_accepted(shared: Administrator) -> None:
    before = len(shared.log_entries())
    answer = shared.generate_csr(DistinguishedName="om.example.net", DepartmentName="IT", Country="ES", San=None)
    assert answer.status_code == 200
    request = x509.load_pem_x509_csr(answer.json()["CertificateData"].encode())
    assert request.subject.rfc4514_string() == "CN=om.example.net,OU=IT,C=ES"
    assert len(shared.log_entries()) == before


@pytest.mark.parametrize(("country", "status"), [("ES", 200), ("Spain", 400), ("*", 400)])
def test_R11_another_value_of_the_name_is_called_by_its_own_name(
    shared: Administrator, country: str, status: int
) -> None:
    answer = shared.generate_csr(DistinguishedName="om.example.net", Country=country)
    assert answer.status_code == status
    assert ("Country" in answer.text) is (status == 400)
