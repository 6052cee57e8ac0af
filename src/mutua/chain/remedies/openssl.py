"""OpenSSL: lines of the extensions that the CA signs with, and options of its commands."""

from collections.abc import Mapping

from mutua.chain.remedies import Remedy
from mutua.message import N_

FIXES: Mapping[Remedy, str] = {
    "both-purposes": N_("in the extensions file (-extfile):\nextendedKeyUsage = serverAuth, clientAuth"),
    "key-usage": N_("in the extensions file (-extfile):\nkeyUsage = critical, digitalSignature, keyEncipherment"),
}
