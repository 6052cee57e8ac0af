"""What was detected in a file, in a few words."""

from mutua.chain.decode import Encoding, Material
from mutua.language import _, plural


def detected(
    encoding: Encoding, certificates: int, requests: int, private_keys: int, public_keys: int, unreadable: int
) -> str:
    """The encoding, and how many there are of each kind that there is."""
    counts = (
        (certificates, plural("{count} certificate", "{count} certificates", certificates)),
        (requests, plural("{count} signing request", "{count} signing requests", requests)),
        (private_keys, plural("{count} private key", "{count} private keys", private_keys)),
        (public_keys, plural("{count} public key", "{count} public keys", public_keys)),
        (unreadable, plural("{count} unreadable block", "{count} unreadable blocks", unreadable)),
    )
    held = ", ".join(text for count, text in counts if count) or _("nothing readable")
    return f"{encoding}, {held}"


def detected_in(material: Material) -> str:
    """What was detected in an input of a report."""
    return detected(
        material.encoding,
        len(material.certificates),
        material.requests,
        material.private_keys,
        material.public_keys,
        len(material.unreadable),
    )
