"""Rules about a signing request, before it is sent to a CA (R3, R9, R11)."""

from collections.abc import Iterator
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from mutua.chain.appliance import INVALID_DISTINGUISHED_NAME
from mutua.chain.catalogue import EVERY, UPLOADS, Profile, Severity, errors, purposes_of, warnings
from mutua.chain.certificate import printable
from mutua.chain.request.model import Question, request_rule
from mutua.chain.rules.leaf import PURPOSES
from mutua.message import N_, Message, message

_LEAST_RSA_BITS = 2048
_LEAST_CURVE_BITS = 224
_BROKEN_HASHES = {"md5": "MD5", "sha1": "SHA-1"}
_USUAL_CURVES = ("secp256r1", "secp384r1", "secp521r1")
_SHOWN = 10
_NAMED_ONE_BY_ONE = 3
_PRIVATE_ENDINGS = ("local", "localhost", "localdomain", "internal", "intranet", "private", "lan", "home", "corp")
_SERVERS = (Profile.MIGRATION, Profile.SERVER, Profile.MTLS)


@request_rule(
    "request.bad-signature",
    "R3",
    errors(*EVERY),
    title=N_("the signature of the request does not verify"),
    reason=N_("A request is signed with its own key, which proves that whoever asks holds it; CAs check that first."),
    fix=N_("get the file again from where it was made: it was changed or copied badly; or make a new request."),
    source="RFC 2986, section 4.2",
    remedy="new-request",
)
def bad_signature(question: Question) -> Iterator[Message]:
    request = question.request
    if request.key is None:
        yield message("Its key is of a kind that is not known here, so nothing can be verified.")
    elif not request.signature_verifies and request.signature_hash not in _BROKEN_HASHES:
        yield message("The key in it did not make its signature.")


@request_rule(
    "request.weak-signature",
    "R8",
    errors(*EVERY),
    title=N_("the request is signed with a broken hash"),
    reason=N_("MD5 and SHA-1 prove nothing any more, and CAs refuse requests that are signed with them."),
    fix=N_("make a new request, signed with SHA-256."),
    source="NIST SP 800-131A",
    remedy="new-request",
)
def weak_signature(question: Question) -> Iterator[Message]:
    if broken := _BROKEN_HASHES.get(question.request.signature_hash or ""):
        yield message("It is signed with {hash}.", hash=broken)


@request_rule(
    "request.weak-key",
    "R8",
    errors(*EVERY),
    title=N_("the key of the request is too weak"),
    reason=N_("The certificate would have the same key, and OpenSSL at its usual security level refuses it."),
    fix=N_("make a new key and a new request: RSA of 2048 bits or more, or EC on P-256."),
    source="NIST SP 800-131A",
    remedy="strong-key",
)
def weak_key(question: Question) -> Iterator[Message]:
    match question.request.key:
        case rsa.RSAPublicKey(key_size=bits) if bits < _LEAST_RSA_BITS:
            yield message("Its key is RSA of {bits} bits.", bits=bits)
        case ec.EllipticCurvePublicKey(key_size=bits) if bits < _LEAST_CURVE_BITS:
            yield message("Its key is on a curve of {bits} bits.", bits=bits)
        case dsa.DSAPublicKey():
            yield message("Its key is DSA, which TLS 1.3 does not know.")


@request_rule(
    "request.unusual-key",
    "R8",
    warnings(*_SERVERS, Profile.CLIENT) | errors(Profile.WEBPKI),
    title=N_("a key that many CAs and TLS stacks do not take"),
    reason=N_("A CA may refuse it, and not every peer has a signature scheme for it."),
    fix=N_("make the key RSA of 2048 bits or more, or EC on P-256 or P-384, unless all sides are known to take it."),
    source="RFC 8446, section 4.2.3",
    remedy="strong-key",
)
def unusual_key(question: Question) -> Iterator[Message]:
    match question.request.key:
        case rsa.RSAPublicKey() | dsa.DSAPublicKey() | None:
            return
        case ec.EllipticCurvePublicKey() as key:
            if key.curve.name not in _USUAL_CURVES and key.key_size >= _LEAST_CURVE_BITS:
                yield message("Its key is on the curve {curve}.", curve=key.curve.name)
        case other:
            yield message("Its key is {algorithm}.", algorithm=type(other).__name__.removesuffix("PublicKey"))


@request_rule(
    "request.other-private-key",
    "R3",
    errors(*EVERY),
    title=N_("the private key belongs to another request"),
    reason=N_("The certificate will be for the key in the request; without its private key nobody can use it."),
    fix=N_("find the key that this request was made with, or make a new request with the key that you have."),
)
def other_private_key(question: Question) -> Iterator[Message]:
    if question.private_key is not None and question.private_key != question.request.key_id:
        yield message("The private key given is not the key in the request.")


@request_rule(
    "request.no-common-name",
    "R9",
    errors(*UPLOADS),
    title=N_("no common name in the request"),
    reason=N_("The CA copies the subject from the request, and the appliance takes no certificate without a CN."),
    fix=N_("make a new request with the console's host name as common name."),
    remedy="new-request",
    refusal=INVALID_DISTINGUISHED_NAME,
)
def no_common_name(question: Question) -> Iterator[Message]:
    if not question.request.common_names:
        subject = printable(question.request.subject.rfc4514_string()) or "—"
        yield message("The subject is {subject}, without a common name.", subject=subject)


@request_rule(
    "request.wildcard",
    "R11",
    errors(*UPLOADS),
    title=N_("a wildcard in the request"),
    reason=N_("The appliance takes no certificate with a wildcard (*), and makes no request with one (CGEN6002)."),
    fix=N_("make a new request for the console's full host name."),
    remedy="new-request",
    refusal=INVALID_DISTINGUISHED_NAME,
)
def wildcard(question: Question) -> Iterator[Message]:
    for name in (*question.request.common_names, *question.request.dns_names):
        if "*" in name:
            yield message("It asks for {name}.", name=printable(name))
            break


@request_rule(
    "request.no-alternative-name",
    "—",
    warnings(*_SERVERS) | errors(Profile.WEBPKI),
    title=N_("no alternative name in the request"),
    reason=N_(
        "Clients compare alternative names with the address that they connect to; Go, browsers and many more do not "
        "look at the common name at all."
    ),
    fix=N_("make a new request that lists the host names and addresses, or have the CA add them."),
    source="RFC 9525, section 2",
    remedy="alternative-names",
)
def no_alternative_name(question: Question) -> Iterator[Message]:
    if not question.request.names:
        yield message("It lists no host name and no address.")


@request_rule(
    "request.address-as-host-name",
    "—",
    errors(*_SERVERS, Profile.WEBPKI),
    title=N_("an address is listed as a host name"),
    reason=N_("Clients look for an address among the iPAddress entries only; as dNSName it covers nothing."),
    fix=N_("make a new request that lists it as an address: IP:192.0.2.1, not DNS:192.0.2.1."),
    source="RFC 9525, section 6.5",
    remedy="new-request",
)
def address_as_host_name(question: Question) -> Iterator[Message]:
    for name in [name for name in question.request.dns_names if _is_address(name)][:_SHOWN]:
        yield message("{name} is asked for as a host name.", name=name)


@request_rule(
    "request.common-name-not-listed",
    "—",
    warnings(*_SERVERS) | errors(Profile.WEBPKI),
    title=N_("the common name is not among the alternative names of the request"),
    reason=N_("Once there are alternative names nobody looks at the common name, so clients will not find it."),
    fix=N_("list the common name among the alternative names too."),
    source="RFC 9525, section 2",
    remedy="new-request",
)
def common_name_not_listed(question: Question) -> Iterator[Message]:
    request = question.request
    listed = {name.lower() for name in (*request.dns_names, *request.addresses)}
    for name in request.common_names:
        if listed and name.lower() not in listed and ("." in name or _is_address(name)) and " " not in name:
            yield message("{name} is the common name, and no alternative name.", name=printable(name))


@request_rule(
    "request.no-server-auth",
    "R5",
    errors(Profile.MIGRATION, Profile.SERVER, Profile.MTLS, Profile.WEBPKI),
    title=N_("the request asks for other purposes than server authentication"),
    reason=N_("A CA that follows the request issues a certificate that no client takes from a server."),
    fix=N_("ask for server authentication too, or for no purposes at all and leave them to the CA."),
    source="RFC 5280, section 4.2.1.12",
    remedy="new-request",
)
def no_server_auth(question: Question) -> Iterator[Message]:
    yield from _without(question, ExtendedKeyUsageOID.SERVER_AUTH)


@request_rule(
    "request.no-client-auth",
    "R5",
    errors(Profile.MIGRATION, Profile.MTLS, Profile.CLIENT),
    title=N_("the request asks for other purposes than client authentication"),
    reason=N_("In mutual TLS this side is also the client; a CA that follows the request would not let it be one."),
    fix=N_("ask for client authentication too, or for no purposes at all and leave them to the CA."),
    source="RFC 5280, section 4.2.1.12",
    remedy="new-request",
)
def no_client_auth(question: Question) -> Iterator[Message]:
    yield from _without(question, ExtendedKeyUsageOID.CLIENT_AUTH)


@request_rule(
    "request.purposes-not-asked",
    "R5",
    dict.fromkeys((Profile.MIGRATION, Profile.MTLS, Profile.CLIENT), Severity.NOTICE),
    title=N_("the request leaves the purposes to the CA"),
    reason=N_(
        "What the certificate may be used for is then the CA's choice, and client authentication is what is left out "
        "most often: public CAs no longer give it."
    ),
    fix=N_("tell the CA which purposes are needed, or use a private one (mutua ca sign gives both)."),
    source="RFC 5280, section 4.2.1.12",
    remedy="both-purposes",
)
def purposes_not_asked(question: Question) -> Iterator[Message]:
    if question.request.purposes is None and question.answer is None:
        needed = ", ".join(name for _purpose, name in purposes_of(question.profile))
        yield message("It asks for no extended key usage; needed: {purposes}.", purposes=needed)


@request_rule(
    "request.no-key-encipherment",
    "R6",
    errors(*UPLOADS),
    title=N_("the request asks for a key usage without key encipherment"),
    reason=N_("A CA that follows the request issues a certificate that the appliance does not take."),
    fix=N_("ask for digital signature and key encipherment, or for no key usage at all and leave it to the CA."),
    source="RFC 5280, section 4.2.1.3",
    remedy="new-request",
)
def no_key_encipherment(question: Question) -> Iterator[Message]:
    usage = question.request.key_usage
    if usage is not None and not usage.key_encipherment:
        yield message("The key usage asked for lacks key encipherment.")


@request_rule(
    "request.no-digital-signature",
    "R1",
    errors(*EVERY),
    title=N_("the request asks for a key usage without digital signature"),
    reason=N_("In TLS 1.3 both sides sign the handshake, so such a certificate ends every one of them."),
    fix=N_("ask for digital signature too, or for no key usage at all and leave it to the CA."),
    source="RFC 8446, section 4.4.2.2",
    remedy="new-request",
)
def no_digital_signature(question: Question) -> Iterator[Message]:
    usage = question.request.key_usage
    if usage is not None and not usage.digital_signature:
        yield message("The key usage asked for lacks digital signature.")


@request_rule(
    "request.asks-to-be-a-ca",
    "R2",
    errors(*EVERY),
    title=N_("the request asks for a certificate authority's certificate"),
    reason=N_("What proves who a console or a server is must not be able to issue certificates; CAs refuse it."),
    fix=N_("make a new request without the CA basic constraint and without keyCertSign."),
    source="RFC 5280, section 4.2.1.9",
    remedy="new-request",
)
def asks_to_be_a_ca(question: Question) -> Iterator[Message]:
    request = question.request
    if request.wants_to_be_ca:
        yield message("It asks for the CA basic constraint.")
    elif request.key_usage is not None and request.key_usage.key_cert_sign:
        yield message("The key usage asked for includes keyCertSign.")


@request_rule(
    "request.client-auth-from-public-ca",
    "R5",
    errors(Profile.WEBPKI),
    title=N_("public CAs give no client authentication"),
    reason=N_("Browser root programmes have ended it in 2026: public CAs refuse such a request, or leave it out."),
    fix=N_("ask for server authentication alone; certificates for clients come from a private CA (mutua ca)."),
    source="Chrome Root Program Policy",
)
def client_auth_from_public_ca(question: Question) -> Iterator[Message]:
    if ExtendedKeyUsageOID.CLIENT_AUTH in (question.request.purposes or ()):
        yield message("It asks for clientAuth.")


@request_rule(
    "request.private-name",
    "—",
    errors(Profile.WEBPKI),
    title=N_("a name that no public CA may certify"),
    reason=N_("Public CAs certify names and addresses of the public internet only, whose owner they can verify."),
    fix=N_("ask for names under a public domain; for others use a private CA (mutua ca)."),
    source="CA/Browser Forum Baseline Requirements, section 4.2.2",
)
def private_name(question: Question) -> Iterator[Message]:
    request = question.request
    private = [name for name in request.dns_names if _is_private(name)]
    private += [address for address in request.addresses if _is_address(address) and not ip_address(address).is_global]
    for name in private[:_NAMED_ONE_BY_ONE]:
        yield message("It asks for {name}.", name=printable(name))
    if len(private) > _NAMED_ONE_BY_ONE:
        yield message("And {count} more.", count=len(private) - _NAMED_ONE_BY_ONE)


def _without(question: Question, purpose: x509.ObjectIdentifier) -> Iterator[Message]:
    asked = question.request.purposes
    if asked is None or purpose in asked:
        return
    listed = ", ".join(PURPOSES.get(other, other.dotted_string) for other in asked[:_SHOWN])
    yield message("It asks for {purposes}.", purposes=listed)


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _is_private(name: str) -> bool:
    labels = name.lower().rstrip(".").split(".")
    return len(labels) == 1 or labels[-1] in _PRIVATE_ENDINGS or labels[-2:] == ["home", "arpa"]
