"""OpenSSL: lines of the extensions file (leaf.ext, ca.ext) that a CA signs with, and commands."""

from collections.abc import Mapping

from mutua.chain.remedies import Remedy
from mutua.message import N_

FIXES: Mapping[Remedy, str] = {
    "alternative-names": N_(
        "in the extensions file that the CA signs with (or -copy_extensions copy, if the request has the names):\n"
        "subjectAltName = DNS:om.example.net, IP:192.0.2.1"
    ),
    "backdate": N_(
        "say when its validity begins (YYYYMMDDHHMMSSZ):\n"
        "openssl ca -config ca.cnf -startdate 20260101000000Z \\\n"
        "  -extfile leaf.ext -in console.csr -out console.pem"
    ),
    "base64-export": N_(
        "convert it (PKCS#7: openssl pkcs7 -print_certs):\nopenssl x509 -inform DER -in console.cer -out console.pem"
    ),
    "both-purposes": N_(
        "in the extensions file that the CA signs with (-extfile):\nextendedKeyUsage = serverAuth, clientAuth"
    ),
    "common-name": N_(
        "make the request with it:\nopenssl req -new -key console.key -subj /CN=om.example.net \\\n  -out console.csr"
    ),
    "crl-publication": N_("have openssl ca write a new list:\nopenssl ca -config ca.cnf -gencrl -out ca.crl"),
    "end-entity": N_(
        "in the extensions file that the CA signs with (-extfile):\nbasicConstraints = critical, CA:FALSE",
    ),
    "key-identifiers": N_(
        "in the extensions file that the CA signs with (-extfile):\n"
        "subjectKeyIdentifier = hash\nauthorityKeyIdentifier = keyid:always"
    ),
    "key-usage": N_(
        "in the extensions file that the CA signs with (-extfile):\n"
        "keyUsage = critical, digitalSignature, keyEncipherment"
    ),
    "name-constraints": N_(
        "in the extensions file of the CA's certificate, with the domains that it is for:\n"
        "nameConstraints = critical, permitted;DNS:example.net"
    ),
    "new-request": N_(
        "make it anew, with all that it asks for (an address: IP:192.0.2.1):\n"
        "openssl req -new -sha256 -key console.key \\\n"
        "  -subj /CN=om.example.net \\\n"
        "  -addext subjectAltName=DNS:om.example.net \\\n"
        "  -addext keyUsage=digitalSignature,keyEncipherment \\\n"
        "  -addext extendedKeyUsage=serverAuth,clientAuth \\\n"
        "  -out console.csr"
    ),
    "path-length": N_(
        "in the extensions file of the CA that is too narrow; then sign its certificate again:\n"
        "basicConstraints = critical, CA:TRUE, pathlen:1"
    ),
    "pkcs1-signature": N_(
        "against RSA-PSS, sign it without -sigopt rsa_padding_mode:pss:\n"
        "openssl x509 -req -in console.csr -CA ca.pem -CAkey ca.key \\\n"
        "  -days 365 -sha256 -extfile leaf.ext -out console.pem"
    ),
    "renewal": N_(
        "sign the request of the leaf, or of the CA, again:\n"
        "openssl x509 -req -in console.csr -CA ca.pem -CAkey ca.key \\\n"
        "  -days 365 -sha256 -extfile leaf.ext -out console.pem"
    ),
    "same-issuer": N_(
        "sign both requests with the same ca.pem and ca.key:\n"
        "openssl x509 -req -in console.csr -CA ca.pem -CAkey ca.key \\\n"
        "  -days 365 -sha256 -extfile leaf.ext -out console.pem"
    ),
    "serial-number": N_(
        "leave -set_serial out: OpenSSL draws a number at random (openssl ca: rand_serial = yes):\n"
        "openssl x509 -req -in console.csr -CA ca.pem -CAkey ca.key \\\n"
        "  -days 365 -sha256 -extfile leaf.ext -out console.pem"
    ),
    "sign-request": N_(
        "sign the console's own signing request:\n"
        "openssl x509 -req -in console.csr -CA ca.pem -CAkey ca.key \\\n"
        "  -days 365 -sha256 -extfile leaf.ext -out console.pem"
    ),
    "signature-hash": N_(
        "sign it again with SHA-256 (openssl ca: default_md = sha256):\n"
        "openssl x509 -req -in console.csr -CA ca.pem -CAkey ca.key \\\n"
        "  -days 365 -sha256 -extfile leaf.ext -out console.pem"
    ),
    "strong-key": N_(
        "make a key that is strong enough, and a signing request with it:\n"
        "openssl genpkey -algorithm RSA \\\n  -pkeyopt rsa_keygen_bits:3072 -out console.key\n"
        "openssl req -new -key console.key -subj /CN=om.example.net \\\n  -out console.csr"
    ),
    "subordinate-authority": N_(
        "in the extensions file that the CA's certificate is signed with:\n"
        "basicConstraints = critical, CA:TRUE\nkeyUsage = critical, keyCertSign, cRLSign"
    ),
    "unlimited-authority": N_(
        "take extendedKeyUsage out of the extensions file of that CA's certificate, and sign it again."
    ),
    "validity": N_(
        "sign it for as long as it is needed, and not longer than ca.pem lasts:\n"
        "openssl x509 -req -in console.csr -CA ca.pem -CAkey ca.key \\\n"
        "  -days 365 -sha256 -extfile leaf.ext -out console.pem"
    ),
    "whole-chain": N_("put them one after the other, the leaf first:\ncat console.pem ca.pem root.pem > chain.pem"),
}
