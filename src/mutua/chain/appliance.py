"""What the appliance says: its refusals to the letter (R11–R17), and which comes first.

These are wire values that clients and administrators look for; they are never translated.
"""

from enum import IntEnum
from typing import NamedTuple

_GENERAL = "A general error has occurred. See ExtendedInfo for more information."


class Refusal(NamedTuple):
    """One of the appliance's errors, with the HTTP status that carries it."""

    message_id: str
    message: str
    resolution: str
    arguments: tuple[str, ...] = ()
    status: int = 400
    properties: tuple[str, ...] = ()
    severity: str = "Critical"

    def body(self) -> dict[str, object]:
        """The JSON body that the REST API answers and the application log repeats (R18)."""
        return {
            "error": {
                "code": "Base.1.0.GeneralError",
                "message": _GENERAL,
                "@Message.ExtendedInfo": [
                    {
                        "MessageId": self.message_id,
                        "RelatedProperties": list(self.properties),
                        "Message": self.message,
                        "MessageArgs": list(self.arguments),
                        "Severity": self.severity,
                        "Resolution": self.resolution,
                    }
                ],
            }
        }


def _unable(*arguments: str) -> Refusal:
    return Refusal(
        "CGEN1008",
        "Unable to process the request because an error occurred.",
        "Retry the operation. If the issue persists, contact your system administrator.",
        arguments,
    )


INVALID_CSR_KEY = _unable("Invalid CSR key.")
INVALID_CHAIN = _unable("Invalid certificate chain provided.")
INVALID_COMMON_NAME = _unable()
NO_AUTHENTICATION_USAGE = _unable("No Client/Server authentication EKU present in leaf certificate.")
NOT_A_WEB_SERVER = _unable("User Certificate is not a web server certificate.")
INVALID_FILE = Refusal(
    "CSEC9002",
    "Unable to upload the certificate because the certificate file provided is invalid.",
    "Make sure the CA certificate and private key are correct and retry the operation.",
    status=500,
)
INVALID_DISTINGUISHED_NAME = Refusal(
    "CGEN6002",
    "Unable to complete the request because the input value for DistinguishedName is missing or an invalid "
    "value is entered.",
    "Enter a valid value and retry the operation.",
    ("DistinguishedName",),
    properties=("DistinguishedName",),
)


class Stage(IntEnum):
    """The checks of an upload in the order in which the appliance makes them."""

    ENCODING = 1
    CSR_KEY = 2
    CHAIN = 3
    COMMON_NAME = 4
    EXTENDED_KEY_USAGE = 5
    KEY_ENCIPHERMENT = 6


CHAIN_UPLOAD = {
    Stage.ENCODING: INVALID_FILE,
    Stage.CSR_KEY: INVALID_CSR_KEY,
    Stage.CHAIN: INVALID_CHAIN,
    Stage.COMMON_NAME: INVALID_COMMON_NAME,
    Stage.EXTENDED_KEY_USAGE: NO_AUTHENTICATION_USAGE,
    Stage.KEY_ENCIPHERMENT: NOT_A_WEB_SERVER,
}
CERTIFICATE_UPLOAD = CHAIN_UPLOAD | {Stage.KEY_ENCIPHERMENT: INVALID_FILE}
