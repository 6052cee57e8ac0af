"""Who signed a certificate. The arithmetic is pyca/cryptography's; here is only the choice of its call."""

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm


def is_signature_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether the issuer's key signed the certificate, by whatever algorithm; names are not compared.

    False too where the algorithm is none that can be verified (MD5, for one).
    """
    try:
        certificate.verify_directly_issued_by(issuer)
    except InvalidSignature:
        return False
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # The names differ in their bytes, or the signature is one that it refuses to look at, such as SHA-1.
        return _is_verified_by_key(certificate, issuer)
    return True


def _is_verified_by_key(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa

    try:
        key = issuer.public_key()
        signature, signed = certificate.signature, certificate.tbs_certificate_bytes
        digest = certificate.signature_hash_algorithm
        parameters = certificate.signature_algorithm_parameters
        if isinstance(key, rsa.RSAPublicKey) and digest is not None and not isinstance(parameters, ec.ECDSA | None):
            key.verify(signature, signed, parameters, digest)
        elif isinstance(key, ec.EllipticCurvePublicKey) and isinstance(parameters, ec.ECDSA):
            key.verify(signature, signed, parameters)
        elif isinstance(key, dsa.DSAPublicKey) and digest is not None:
            key.verify(signature, signed, digest)
        elif isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
            key.verify(signature, signed)
        else:
            return False
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True
