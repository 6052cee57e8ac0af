"""R18: each refusal is in tomcat/application.log, in the appliance's format and nowhere else."""

import re
from datetime import datetime, timedelta

from tests.requirements.administrator import CSEC9002, Administrator, Authorities, Consoles, cgen1008, leaf

from mutua.logbook.application_log import Operation
from mutua.logbook.reading import refusals


def test_R18_a_refused_chain_makes_an_entry_of_two_lines(consoles: Consoles, authorities: Authorities) -> None:
    (console,) = consoles("console")
    console.upload_chain(leaf(console.request(), authorities.inter1), authorities.inter1)
    (entry,) = console.log_entries()
    first, second, rest = entry.split("\n")
    assert re.fullmatch(
        r"\[ERROR\] \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \[[^\]]+\] SSLController - uploadNewCertificateChain\(\):",
        first,
    )
    assert second == f" Error uploading certificate chain: {cgen1008('Invalid certificate chain provided.')}"
    assert rest == ""


def test_R18_an_invalid_file_makes_an_entry_with_the_body_right_after_the_controller(consoles: Consoles) -> None:
    (console,) = consoles("console")
    console.upload("UploadCertChain", b"not a certificate")
    (entry,) = console.log_entries()
    assert entry.endswith(f" SSLController - {CSEC9002}\n")
    assert entry.count("\n") == 1


def test_R18_the_time_is_the_consoles_own(consoles: Consoles) -> None:
    (console,) = consoles("console")
    before = datetime.now()  # noqa: DTZ005  (the log is in local time)
    console.upload("UploadCertChain", b"not a certificate")
    written = datetime.fromisoformat(console.log_entries()[0][8:31])
    assert before - timedelta(milliseconds=1) <= written <= datetime.now()  # noqa: DTZ005


def test_R18_what_is_taken_makes_no_entry(consoles: Consoles, authorities: Authorities) -> None:
    (console,) = consoles("console")
    console.certify(authorities, authorities.inter1)
    assert console.log_entries() == []


def test_R18_the_entries_can_be_read_back_in_their_order(consoles: Consoles, authorities: Authorities) -> None:
    (console,) = consoles("console")
    console.generate_csr(DistinguishedName="*")
    console.upload("UploadCertificate", b"")
    console.upload_chain(leaf(console.request(), authorities.inter1))
    found = list(refusals(console.state / "logs" / "tomcat" / "application.log"))
    assert [(one.operation, one.message_id) for one in found] == [
        (Operation.GENERATE_CSR, "CGEN6002"),
        (None, "CSEC9002"),
        (Operation.UPLOAD_CHAIN, "CGEN1008"),
    ]


def test_R18_nothing_that_a_client_sends_can_forge_an_entry(shared: Administrator) -> None:
    before = len(shared.log_entries())
    shared.generate_csr(DistinguishedName="*\n[ERROR] 2024-01-25 11:10:34.735 [x] SSLController - forged")
    shared.upload("UploadCertChain", b"\n[ERROR] 2024-01-25 11:10:34.735 [x] SSLController - forged\n")
    entries = shared.log_entries()[before:]
    assert len(entries) == 2
    assert not any("forged" in entry for entry in entries)
