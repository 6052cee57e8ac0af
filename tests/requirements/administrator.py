"""Somebody who administers a running console through its REST API, and what they need of a CA."""

import json
import re
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple, Self

import httpx
from cryptography import x509
from tests.running import HOST, PASSWORD, USER, RunningConsole, running_console

from mutua.authority.issue import Issued, Template, chain, issue
from mutua.peering.contexts import unverified_client

ACTIONS = "/api/ApplicationService/Actions/ApplicationService"
MIGRATION = "/api/MigrationService/Actions/MigrationService"
NAMES = "om.example.net,localhost,127.0.0.1"
_ENTRY = re.compile(r"^\[(?:ERROR|INFO)\] ", re.MULTILINE)


class Authorities(NamedTuple):
    """The CAs of these tests, called as in the article, and one that nobody here knows."""

    root: Issued
    inter1: Issued
    inter2: Issued
    """Below the same root as `inter1`."""
    stranger: Issued
    """A root with the name of `root` and another key."""

    @classmethod
    def create(cls) -> "Authorities":
        """All of them, valid now."""
        root = _authority("Root-CA")
        return cls(root, _authority("Inter-CA1", root), _authority("Inter-CA2", root), _authority("Root-CA"))


def _authority(name: str, issuer: Issued | None = None) -> Issued:
    return issue(Template(common_name=name, is_ca=True), issuer=issuer)


Altered = Mapping[str, object]
"""Fields of a certificate's template that are not as they should be."""


def leaf(request: x509.CertificateSigningRequest, issuer: Issued, **altered: object) -> Issued:
    """A sound certificate for the request, but for what is `altered` (see `Template`)."""
    names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    sound: dict[str, object] = {"subject": request.subject, "names": tuple(names)}
    return issue(Template(**(sound | altered)), key=request.public_key(), issuer=issuer)  # type: ignore[arg-type]


class Administrator:
    """Signed in, with a session. Certificates change under them and are a test's own matter, so they verify none."""

    def __init__(self, running: RunningConsole) -> None:
        self.running = running
        self.client = httpx.Client(
            base_url=f"https://{running.address}", verify=unverified_client(), timeout=30, trust_env=False
        )

    def __enter__(self) -> Self:
        credentials = {"UserName": USER, "Password": PASSWORD}
        answer = self.client.post("/api/SessionService/Sessions", json=credentials)
        assert answer.status_code == 201, answer.text
        self.client.headers["X-Auth-Token"] = answer.headers["X-Auth-Token"]
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    @property
    def state(self) -> Path:
        """The console's state folder."""
        return self.running.console.state.path

    def generate_csr(self, **values: object) -> httpx.Response:
        """Call GenerateCSR."""
        return self.client.post(f"{ACTIONS}.GenerateCSR", json=values)

    def request(self, name: str = "om.example.net") -> x509.CertificateSigningRequest:
        """A fresh signing request."""
        answer = self.generate_csr(DistinguishedName=name, San=NAMES)
        assert answer.status_code == 200, answer.text
        return x509.load_pem_x509_csr(answer.json()["CertificateData"].encode())

    def upload_chain(self, *certificates: Issued) -> httpx.Response:
        """Upload certificates as a chain."""
        return self.upload("UploadCertChain", chain(*certificates))

    def upload_certificate(self, *certificates: Issued) -> httpx.Response:
        """Upload certificates by the call that is for a single one."""
        return self.upload("UploadCertificate", chain(*certificates))

    def upload(self, action: str, data: bytes) -> httpx.Response:
        """Upload a file, as clients do."""
        headers = {"Content-Type": "application/octet-stream", "Accept": "application/octet-stream"}
        return self.client.post(f"{ACTIONS}.{action}", content=data, headers=headers)

    def certify(self, authorities: Authorities, issuer: Issued, name: str = "om.example.net") -> Issued:
        """Have a chain by `issuer` and the root installed."""
        signed = leaf(self.request(name), issuer)
        assert self.upload_chain(signed, issuer, authorities.root).status_code == 200
        return signed

    def presented(self) -> x509.Certificate:
        """The leaf that the public listener shows in a handshake right now."""
        address = (HOST, self.running.console.addresses.port)
        return x509.load_pem_x509_certificate(ssl.get_server_certificate(address).encode())

    def log_entries(self) -> list[str]:
        """The entries of the application log, oldest first."""
        log = self.state / "logs" / "tomcat" / "application.log"
        text = log.read_text() if log.exists() else ""
        starts = [found.start() for found in _ENTRY.finditer(text)]
        return [text[start:end] for start, end in pairwise([*starts, len(text)])]

    def verify(self, other: RunningConsole, role: str = "source", password: str = PASSWORD) -> httpx.Response:
        """Verify the connection with another console; `role` is the one of this console."""
        body = {"Address": other.address, "UserName": USER, "Password": password, "LocalRole": role}
        return self.client.post(f"{MIGRATION}.VerifyConnection", json=body)

    def meet(self, other: RunningConsole) -> dict[str, object]:
        """Have the console connect to another's peer listener; what it says of it."""
        answer = self.client.post(f"{MIGRATION}.MeetPeer", json={"Address": other.peer_address})
        assert answer.status_code == 200, answer.text
        met: dict[str, object] = answer.json()
        return met


@contextmanager
def administrators(folder: Path, *names: str) -> Iterator[Sequence[Administrator]]:
    """New consoles, one for each name, and who administers them."""
    if not names:
        yield ()
        return
    with (
        running_console(folder / names[0], names[0]) as running,
        Administrator(running) as administrator,
        administrators(folder, *names[1:]) as others,
    ):
        yield (administrator, *others)


Consoles = Callable[..., Sequence[Administrator]]


def error(message_id: str, message: str, arguments: Sequence[str], resolution: str) -> str:
    """An error body to the letter, in the order of its keys."""
    return json.dumps(
        {
            "error": {
                "code": "Base.1.0.GeneralError",
                "message": "A general error has occurred. See ExtendedInfo for more information.",
                "@Message.ExtendedInfo": [
                    {
                        "MessageId": message_id,
                        "RelatedProperties": [],
                        "Message": message,
                        "MessageArgs": list(arguments),
                        "Severity": "Critical",
                        "Resolution": resolution,
                    }
                ],
            }
        },
        separators=(",", ":"),
    )


def cgen1008(*arguments: str) -> str:
    """R12–R16."""
    return error(
        "CGEN1008",
        "Unable to process the request because an error occurred.",
        arguments,
        "Retry the operation. If the issue persists, contact your system administrator.",
    )


CSEC9002 = error(
    "CSEC9002",
    "Unable to upload the certificate because the certificate file provided is invalid.",
    (),
    "Make sure the CA certificate and private key are correct and retry the operation.",
)
"""R17."""

_CHAIN_ENTRY = "uploadNewCertificateChain():\n Error uploading certificate chain: "
_STAMP = r"\[ERROR\] \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \[[^\[\]\n]+\] SSLController - "


def is_entry(entry: str, text: str) -> bool:
    """Whether a log entry of R18 holds the text after its stamp."""
    return re.fullmatch(_STAMP + re.escape(text) + "\n", entry) is not None


def chain_entry(body: str) -> str:
    """What R18 wants after the stamp for a refused chain."""
    return _CHAIN_ENTRY + body
