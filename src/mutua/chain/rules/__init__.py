"""The rules, one module per thing they look at. Importing this package fills the catalogue.

The order of the imports is the order in which findings are told: what the reader must know first.
"""

from mutua.chain.rules import file, leaf, chain, algorithm, names, validity, asked, webpki, engine  # noqa: F401, I001
