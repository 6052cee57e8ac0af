"""Vault and OpenBao: parameters of a role of the PKI engine, and its endpoints."""

from collections.abc import Mapping

from mutua.chain.remedies import Remedy

FIXES: Mapping[Remedy, str] = {}
