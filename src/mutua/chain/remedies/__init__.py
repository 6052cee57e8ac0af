"""What to set where: the remedies that several rules share, each for the authorities that people run.

A rule names its remedy; this table is imported when somebody asks for `Rule.fixes`, so a check that finds nothing
pays nothing for it. There is one module per authority, each with the names of its own dialogs and files.
"""

from collections.abc import Mapping
from enum import StrEnum
from importlib import import_module
from typing import Literal, TypeAlias

Remedy: TypeAlias = Literal[
    "alternative-names",
    "backdate",
    "base64-export",
    "both-purposes",
    "common-name",
    "crl-publication",
    "end-entity",
    "key-identifiers",
    "key-usage",
    "name-constraints",
    "new-request",
    "path-length",
    "pkcs1-signature",
    "renewal",
    "same-issuer",
    "serial-number",
    "sign-request",
    "signature-hash",
    "strong-key",
    "subordinate-authority",
    "unlimited-authority",
    "validity",
    "whole-chain",
]
"""A name for what has to change at the authority."""


class Authority(StrEnum):
    """The certificate authorities that a fix can be given for by name."""

    AD_CS = "AD CS"
    OPENSSL = "OpenSSL"
    STEP_CA = "step-ca"
    VAULT = "Vault/OpenBao"
    EJBCA = "EJBCA"


_MODULES = {
    Authority.AD_CS: "ad_cs",
    Authority.OPENSSL: "openssl",
    Authority.STEP_CA: "step_ca",
    Authority.VAULT: "vault",
    Authority.EJBCA: "ejbca",
}


def fix(authority: Authority, remedy: Remedy) -> str | None:
    """What to set at one authority, or None where it has nothing to set.

    The first line is a sentence for people; lines after it are to be typed as they stand.
    """
    table: Mapping[Remedy, str] = import_module(f"{__name__}.{_MODULES[authority]}").FIXES
    return table.get(remedy)


def fixes(remedy: Remedy) -> Mapping[Authority, str]:
    """What to set, by authority, in the order in which they are told."""
    found = {authority: fix(authority, remedy) for authority in Authority}
    return {authority: text for authority, text in found.items() if text is not None}
