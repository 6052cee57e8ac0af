"""EJBCA: fields of the certificate profile and the end entity profile."""

from collections.abc import Mapping

from mutua.chain.remedies import Remedy

FIXES: Mapping[Remedy, str] = {}
