"""What docs/python.md shows runs as it stands, on a sound chain and on one that is not."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from mutua import chain
from mutua.authority.issue import Issued, Template, issue

PAGE = Path(__file__).parents[2] / "docs/python.md"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def run_page(folder: Path, monkeypatch: pytest.MonkeyPatch, leaf: Template) -> list[chain.Report]:
    """The reports that the blocks of the page leave behind, in order."""
    root = issue(Template(common_name="Root-CA", is_ca=True))
    between = issue(Template(common_name="Inter-CA1", is_ca=True), issuer=root)
    end = issue(leaf, issuer=between)
    write(folder / "chain.pem", end, between, root)
    write(folder / "leaf.pem", end)
    write(folder / "ca.pem", between, root)
    monkeypatch.chdir(folder)
    names: dict[str, Any] = {}
    reports = []
    for block in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        exec(block, names)  # noqa: S102  (our own page, which is what is tested)
        reports.append(names["report"])
    assert names["issuers"].vouch_for(end.certificate.public_bytes(Encoding.DER)) is reports[1].verdict.valid
    return reports[:2]


def write(path: Path, *issued: Issued) -> None:
    path.write_bytes(b"".join(one.pem for one in issued))


def test_a_sound_chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    sound = Template(common_name="om.example.net", names=[x509.DNSName("om.example.net")])
    first, second = run_page(tmp_path, monkeypatch, sound)
    assert (first.valid, first.errors, first.refusal) == (True, (), None)
    assert (second.valid, second.profile) == (True, chain.Profile.MTLS)
    assert capsys.readouterr().out == ""


def test_a_chain_that_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    expired = Template(
        common_name="om.example.net",
        names=[x509.DNSName("om.example.net")],
        not_before=datetime.now(UTC) - timedelta(days=9),
        not_after=datetime.now(UTC) - timedelta(days=1),
    )
    first, second = run_page(tmp_path, monkeypatch, expired)
    assert not first.valid
    assert first.refusal is not None
    assert not second.valid
    assert capsys.readouterr().out.startswith("validity.expired om.example.net ")
