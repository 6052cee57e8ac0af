"""The rules, one module per thing they look at. Importing this package fills the catalogue.

The order of the imports is the order in which findings are told: what the reader must know first.
"""

from mutua.chain.rules import file, leaf, public_authority, chain, alternatives, issuer, constraints  # noqa: F401, I001
from mutua.chain.rules import extensions, algorithm, names, validity, asked, webpki, engine  # noqa: F401
