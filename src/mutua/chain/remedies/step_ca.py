"""step-ca: templates of its provisioners, and options of step."""

from collections.abc import Mapping

from mutua.chain.remedies import Remedy

FIXES: Mapping[Remedy, str] = {}
