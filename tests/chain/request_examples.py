"""For every rule about signing requests one that breaks it and nothing else, and a twin that breaks nothing."""

import subprocess
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from tests.chain.pki import authority, der, intermediate, key, spki

from mutua.authority.issue import CLIENT_AUTH, SERVER_AUTH, Template, issue, key_usage
from mutua.chain import Profile
from mutua.chain.certificate import Certificate
from mutua.chain.request import RequestFinding, SigningRequest, check_request

NAME = "om.example.net"
BOTH = (SERVER_AUTH, CLIENT_AUTH)
USUAL_USE = key_usage("digital_signature", "key_encipherment")


class Asking(NamedTuple):
    """A request, and the rest of the question."""

    request: x509.CertificateSigningRequest
    profile: Profile = Profile.MIGRATION
    private_key: bytes | None = None
    answer: Certificate | None = None

    def check(self) -> Sequence[RequestFinding]:
        """What is said of it."""
        return check_request(
            SigningRequest.of(self.request),
            profile=self.profile,
            private_key=self.private_key,
            answer=self.answer,
        )


class RequestExample(NamedTuple):
    """How to make the two questions."""

    bad: Callable[[], Asking]
    good: Callable[[], Asking]


def request(
    common_name: str | None = NAME,
    names: Sequence[str] = (NAME,),
    *,
    purposes: Sequence[x509.ObjectIdentifier] | None = BOTH,
    use: x509.KeyUsage | None = USUAL_USE,
    is_ca: bool = False,
    signs: "ec.EllipticCurvePrivateKey | Ed25519PrivateKey | None" = None,
    digest: SHA256 | None = SHA256(),  # noqa: B008  (it holds nothing)
    listed: Sequence[x509.GeneralName] = (),
) -> x509.CertificateSigningRequest:
    """A sound request for a console, but for what is changed."""
    subject = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)] if common_name is not None else []
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(subject))
    alternatives = [*map(x509.DNSName, names), *listed]
    if alternatives:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    if purposes is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    if use is not None:
        builder = builder.add_extension(use, critical=True)
    if is_ca:
        builder = builder.add_extension(x509.BasicConstraints(True, None), critical=True)
    return builder.sign(signs or key("leaf"), digest)


def asking(common_name: str | None = NAME, names: Sequence[str] = (NAME,), **knobs: object) -> Asking:
    """The question about such a request, as a console's."""
    return Asking(request(common_name, names, **knobs))  # type: ignore[arg-type]


def web(**knobs: object) -> Asking:
    """The question about one that goes to a public CA."""
    knobs = {"purposes": (SERVER_AUTH,)} | knobs
    return Asking(request(**knobs), Profile.WEBPKI)  # type: ignore[arg-type]


def answered(asked: x509.CertificateSigningRequest | None = None, **knobs: object) -> Asking:
    """A request and the certificate that the CA made of it."""
    template = Template(**({"common_name": NAME, "names": (x509.DNSName(NAME),)} | knobs))  # type: ignore[arg-type]
    certificate = issue(template, key=key("leaf"), issuer=intermediate())
    return Asking(asked or request(), answer=Certificate(der(certificate), 1))


def tampered() -> x509.CertificateSigningRequest:
    """A request whose signature was changed in its last byte but one."""
    whole = bytearray(request().public_bytes(Encoding.DER))
    whole[-2] ^= 1
    return x509.load_der_x509_csr(bytes(whole))


def by_openssl(digest: str) -> Asking:
    """A sound request with a new key, signed as pyca/cryptography refuses to."""
    command = ["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", digest]
    command += ["-keyout", "/dev/null", "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"]
    command += ["-addext", "extendedKeyUsage=serverAuth,clientAuth"]
    made = subprocess.run(command, capture_output=True, check=True)
    return Asking(x509.load_pem_x509_csr(made.stdout))


def _for_another_key() -> Asking:
    other = authority("other.example.net")
    return answered()._replace(answer=Certificate(der(other), 1))


ADDRESS = x509.IPAddress(ip_address("192.0.2.1"))

REQUEST_EXAMPLES: dict[str, RequestExample] = {
    "request.bad-signature": RequestExample(lambda: Asking(tampered()), asking),
    "request.weak-signature": RequestExample(lambda: by_openssl("-sha1"), lambda: by_openssl("-sha256")),
    "request.weak-key": RequestExample(
        lambda: asking(signs=ec.generate_private_key(ec.SECP192R1())),
        lambda: asking(signs=ec.generate_private_key(ec.SECP384R1())),
    ),
    "request.unusual-key": RequestExample(
        lambda: asking(signs=Ed25519PrivateKey.generate(), digest=None),
        lambda: asking(signs=ec.generate_private_key(ec.SECP521R1())),
    ),
    "request.other-private-key": RequestExample(
        lambda: asking()._replace(private_key=spki(key("another"))),
        lambda: asking()._replace(private_key=spki(key("leaf"))),
    ),
    "request.no-common-name": RequestExample(lambda: asking(None), asking),
    "request.wildcard": RequestExample(
        lambda: asking("*.example.net", ("*.example.net",)), lambda: asking("star.example.net", ("star.example.net",))
    ),
    "request.no-alternative-name": RequestExample(lambda: asking(names=()), asking),
    "request.address-as-host-name": RequestExample(
        lambda: asking(names=(NAME, "192.0.2.1")), lambda: asking(listed=(ADDRESS,))
    ),
    "request.common-name-not-listed": RequestExample(
        lambda: asking(names=("www.example.net",)), lambda: asking(names=("www.example.net", NAME))
    ),
    "request.no-server-auth": RequestExample(lambda: asking(purposes=(CLIENT_AUTH,)), asking),
    "request.no-client-auth": RequestExample(lambda: asking(purposes=(SERVER_AUTH,)), asking),
    "request.purposes-not-asked": RequestExample(lambda: asking(purposes=None), asking),
    "request.no-key-encipherment": RequestExample(
        lambda: asking(use=key_usage("digital_signature")), lambda: asking(use=None)
    ),
    "request.no-digital-signature": RequestExample(
        lambda: asking(use=key_usage("key_encipherment")), lambda: asking(use=None)
    ),
    "request.asks-to-be-a-ca": RequestExample(lambda: asking(is_ca=True), asking),
    "request.client-auth-from-public-ca": RequestExample(lambda: web(purposes=BOTH), web),
    "request.private-name": RequestExample(
        lambda: web(names=(NAME, "om.corp")), lambda: web(names=(NAME, "om.corp.example.net"))
    ),
    "request.answered-for-another-key": RequestExample(_for_another_key, answered),
    "request.name-not-given": RequestExample(lambda: answered(request(listed=(ADDRESS,))), answered),
    "request.purpose-not-given": RequestExample(lambda: answered(extended_key_usage=(SERVER_AUTH,)), answered),
    "request.key-use-not-given": RequestExample(lambda: answered(key_usage=key_usage("digital_signature")), answered),
    "request.subject-changed": RequestExample(lambda: answered(common_name="Example Lab"), answered),
    "request.name-added": RequestExample(
        lambda: answered(names=(x509.DNSName(NAME), x509.DNSName(f"www.{NAME}"))), answered
    ),
}
