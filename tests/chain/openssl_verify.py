"""The real `openssl verify`, asked what our model of it was asked."""

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.chain.pki import pem

from mutua.authority.issue import Issued
from mutua.chain.decode import decode
from mutua.chain.families.openssl import Settings, verify

_ERROR = re.compile(r"error (\d+) at (\d+) depth lookup: (.*)")

Outcome = tuple[int, int, str]
"""The number of the first error, its depth and its text; the command goes on after some, a handshake does not."""


def modelled(leaf: bytes, sent: Sequence[bytes], trusted: Sequence[bytes], settings: Settings) -> Outcome:
    """What our model says, all certificates in PEM."""
    (certificate,) = decode(leaf).certificates
    answer = verify(certificate, decode(b"".join(sent)).certificates, decode(b"".join(trusted)).certificates, settings)
    return answer.error, answer.depth, answer.text


def measured(folder: Path, leaf: bytes, sent: Sequence[bytes], trusted: Sequence[bytes], settings: Settings) -> Outcome:
    """What the command says, with nothing trusted but what is given."""
    (folder / "leaf").write_bytes(leaf)
    options = ["-attime", str(int(settings.at.timestamp())), "-auth_level", str(settings.level), "-no-CApath"]
    for name, certificates, option in (("sent", sent, "-untrusted"), ("trusted", trusted, "-CAfile")):
        if certificates:
            (folder / name).write_bytes(b"".join(certificates))
            options += [option, str(folder / name)]
    options += [] if trusted else ["-no-CAfile"]
    options += ["-purpose", settings.purpose] if settings.purpose else []
    options += ["-x509_strict"] * settings.strict + ["-partial_chain"] * settings.partial_chain
    options += [word for name in settings.names for word in ("-verify_hostname", name)]
    options += [word for address in settings.addresses for word in ("-verify_ip", address)]
    command = ["openssl", "verify", "-no-CAstore", *options, str(folder / "leaf")]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    found = _ERROR.search(result.stderr)
    assert (result.returncode == 0) is (found is None), result.stderr
    return (int(found[1]), int(found[2]), found[3]) if found else (0, 0, "ok")


def pems(issued: Sequence[Issued]) -> list[bytes]:
    """Each certificate in PEM."""
    return [pem(one) for one in issued]


def _run(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=60)


def made_by_openssl(folder: Path, kind: str, options: Sequence[str], root_options: Sequence[str]) -> list[bytes]:
    """A leaf and a root of algorithms and versions that our own authority does not make, in PEM."""
    keys: list[str | Path] = (
        ["-newkey", kind] if kind != "ec" else ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    )
    files = {name: folder / name for name in ("root.key", "root", "request", "key", "leaf", "root.csr")}
    _run(
        "req", "-new", *keys, "-noenc", "-keyout", files["root.key"], "-out", files["root.csr"], "-subj", "/CN=Root-CA"
    )
    _run("x509", "-req", "-in", files["root.csr"], "-key", files["root.key"], "-out", files["root"], *root_options)
    _run("req", "-new", *keys, "-noenc", "-keyout", files["key"], "-out", files["request"], "-subj", "/CN=om")
    issuer: list[str | Path] = ["-CA", files["root"], "-CAkey", files["root.key"], "-CAcreateserial"]
    _run("x509", "-req", "-in", files["request"], *issuer, "-out", files["leaf"], *options)
    return [files["leaf"].read_bytes(), files["root"].read_bytes()]
