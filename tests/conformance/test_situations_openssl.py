"""The real `openssl verify` as the judge: what it refuses is an error here too, but for the cases listed."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.chain.openssl_verify import measured
from tests.conformance import test_situations_forms as forms
from tests.conformance import test_situations_names as names
from tests.conformance import test_situations_paths as paths
from tests.conformance.asking import Situation

from mutua.chain import Profile, Report
from mutua.chain.families.openssl import Purpose, Settings

LEVEL = 2
"""The security level of OpenSSL 3.2 and later, and of Debian."""

PURPOSES = (Purpose.SERVER, Purpose.CLIENT)

TABLES = (
    paths.MISSING,
    paths.NAMESAKES,
    paths.DATES,
    paths.CROSSED,
    paths.SHAPE,
    names.USES,
    names.NAMES,
    forms.FORMS,
    forms.ALGORITHMS,
    forms.CONTROLS,
)
SITUATIONS = {name: make for table in TABLES for name, make in table.items() if name != "ML-DSA-65"}
"""Without the one that depends on the version of OpenSSL."""

STRICTER_HERE = {
    "self-signed leaf": "nobody said that it is trusted, and the appliance wants an authority",
    "issuer name in other string types": "the engine, Go and Rust compare names byte for byte",
    "issuer name in other case": "as above",
    "leaf last": "openssl verify is told which one the leaf is; a server takes the first certificate for its own",
    "a wildcard that takes in what the CA excludes": "OpenSSL compares the wildcard as it stands",
    "a constraint on directory names": "the engine does not support them",
    "a constraint that begins with a dot": "the engine takes it for malformed",
    "critical policies, which OpenSSL knows": "the engine does not know them",
    "version 1 root": "the engine demands version 3 everywhere",
    "version 1 leaf": "as above",
    "version 1 with extensions": "as above",
    "RSA-PSS with a salt of 20 bytes": "the engine wants the salt as long as the hash",
    "Ed25519 in the root": "the engine takes RSA and EC keys of CAs only",
    "EC secp256k1 in the CA": "as above, on the curves of TLS",
    "EC secp256k1 in the leaf": "the chain is valid, and no handshake succeeds",
    "brainpool in the leaf": "as above",
}
"""Where OpenSSL takes the chain and we do not, with the reason."""

MILDER_HERE = {
    "the intermediate is trusted, the root is not": "a warning, since verifiers differ on partial chains",
    "the last second counts": "RFC 5280 includes it, OpenSSL does not",
}
"""Where OpenSSL does not take the chain and we do, with the reason."""


def accepted(situation: Situation, report: Report, folder: Path) -> bool:
    """Whether OpenSSL takes the leaf in both roles, by what is trusted or else by the chain's own root."""
    root = report.arrangement.root
    trusted = list(situation.trust or ()) if situation.trust is not None else [root.pem] if root else []
    settings = Settings(situation.at, level=LEVEL, names=situation.names, addresses=situation.addresses)
    sent = [certificate.pem for certificate in report.material.certificates]
    return all(
        measured(folder, report.path[0].pem, sent, trusted, settings._replace(purpose=purpose))[0] == 0
        for purpose in PURPOSES
    )


@pytest.mark.parametrize("name", SITUATIONS)
def test_errors_are_what_openssl_refuses(name: str, tmp_path: Path) -> None:
    make: Callable[[], Situation] = SITUATIONS[name]
    situation = make()._replace(request_keys=None, private_key=None)
    if situation.profile is not Profile.MTLS:
        pytest.skip("about another question than that of two peers")
    report = situation.report()
    taken = accepted(situation, report, tmp_path)
    refused_here = bool(report.errors)
    if name in STRICTER_HERE:
        assert (taken, refused_here) == (True, True)
    elif name in MILDER_HERE:
        assert (taken, refused_here) == (False, False)
    else:
        assert refused_here is not taken
