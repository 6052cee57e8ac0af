"""step-ca: keys of the certificate template of a provisioner (JSON), and options of step."""

from collections.abc import Mapping

from mutua.chain.remedies import Remedy
from mutua.message import N_

FIXES: Mapping[Remedy, str] = {
    "alternative-names": N_(
        "the names come from the signing request, if the provisioner's template takes them over:\n"
        '"sans": {{ toJson .SANs }}'
    ),
    "backdate": N_('let validity begin somewhat earlier, under "authority" in ca.json:\n"backdate": "20m0s"'),
    "base64-export": N_("convert it:\nstep certificate format console.cer --out console.pem"),
    "both-purposes": N_(
        'in the provisioner\'s template (--x509-template):\n"extKeyUsage": ["serverAuth", "clientAuth"]'
    ),
    "common-name": N_(
        "in the provisioner's template, take it over from the signing request:\n"
        '"subject": {\n'
        '  "commonName": {{ toJson .Insecure.CR.Subject.CommonName }}\n'
        "}"
    ),
    "crl-publication": N_(
        'switch it on in ca.json; the list is then at /1.0/crl:\n"crl": {"enabled": true, "generateOnRevoke": true}'
    ),
    "end-entity": N_('sign it by a provisioner whose template is one for leaves:\n"basicConstraints": {"isCA": false}'),
    "key-usage": N_(
        "in the provisioner's template, for every kind of key (the default has it for RSA keys only):\n"
        '"keyUsage": ["digitalSignature", "keyEncipherment"]'
    ),
    "name-constraints": N_(
        "in the template of the CA's certificate, with the domains that it is for:\n"
        '"nameConstraints": {\n'
        '  "critical": true,\n'
        '  "permittedDNSDomains": ["example.net"]\n'
        "}"
    ),
    "new-request": N_(
        "make it anew; what it does not ask for is added by the template of the CA:\n"
        "step certificate create --csr --key console.key \\\n"
        "  --san om.example.net om.example.net console.csr"
    ),
    "path-length": N_(
        "in the template of the CA that is too narrow; then sign its certificate again:\n"
        '"basicConstraints": {"isCA": true, "maxPathLen": 1}'
    ),
    "pkcs1-signature": N_('against RSA-PSS, in the provisioner\'s template:\n"signatureAlgorithm": "SHA256-RSA"'),
    "renewal": N_(
        "a leaf: sign its request again; a CA: certify its key again:\n"
        "step ca sign console.csr console.pem\n"
        "step certificate create Inter-CA1 ca.pem --key ca.key \\\n"
        "  --profile intermediate-ca --ca root.pem --ca-key root.key"
    ),
    "same-issuer": N_(
        "have both signing requests signed by one CA:\n"
        "step ca sign --ca-url https://ca.example.net:9000 \\\n  --root root.pem console.csr console.pem"
    ),
    "sign-request": N_("sign the console's own signing request:\nstep ca sign console.csr console.pem"),
    "signature-hash": N_(
        "take another algorithm out of the provisioner's template: without one it is SHA-256; for an RSA key of the "
        "CA this names it:\n"
        '"signatureAlgorithm": "SHA256-RSA"'
    ),
    "strong-key": N_(
        "make a new key with the signing request:\n"
        "step certificate create --csr --kty RSA --size 3072 \\\n"
        "  --san om.example.net om.example.net console.csr console.key"
    ),
    "subordinate-authority": N_(
        "make it with the profile of an intermediate:\n"
        "step certificate create Inter-CA1 ca.pem ca.key \\\n"
        "  --profile intermediate-ca --ca root.pem --ca-key root.key"
    ),
    "unlimited-authority": N_("take extKeyUsage out of the template of that CA's certificate, and sign it again."),
    "validity": N_(
        "allow it to the provisioner, then ask for it:\n"
        "step ca provisioner update NAME --x509-max-dur 8760h\n"
        "step ca sign --not-after 8760h console.csr console.pem"
    ),
    "whole-chain": N_(
        "step ca sign writes the leaf and its intermediate; append the root:\n"
        "step ca root root.pem\ncat console.pem root.pem > chain.pem"
    ),
}
