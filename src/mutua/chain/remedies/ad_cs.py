"""Active Directory Certificate Services: the tabs of a certificate template, certreq, certutil and CAPolicy.inf."""

from collections.abc import Mapping

from mutua.chain.remedies import Remedy
from mutua.message import N_

FIXES: Mapping[Remedy, str] = {
    "alternative-names": N_(
        "put the names into the signing request, and in the template choose Subject Name → Supply in the request: "
        "then the CA takes them over."
    ),
    "backdate": N_(
        "the CA lets validity begin somewhat earlier than its own time, so that slower clocks accept it:\n"
        "certutil -setreg CA\\ClockSkewMinutes 20\nnet stop certsvc\nnet start certsvc"
    ),
    "base64-export": N_(
        "open the certificate, Details → Copy to File… → Base-64 encoded X.509 (.CER); or convert the file:\n"
        "certutil -encode console.cer console.pem"
    ),
    "both-purposes": N_(
        'duplicate the template "Web Server", Extensions → Application Policies → Edit → Add → Client Authentication '
        "(Server Authentication is there), issue the new template, request again."
    ),
    "common-name": N_(
        "put the common name into the signing request, and in the template choose Subject Name → Supply in the request."
    ),
    "crl-publication": N_(
        "publish a new list, then fetch it:\ncertutil -CRL\ncertutil -GetCRL ca.crl",
    ),
    "end-entity": N_(
        'request with a copy of the template "Web Server", not with "Subordinate Certification Authority":\n'
        'certreq -submit -attrib "CertificateTemplate:NAME" console.csr'
    ),
    "key-usage": N_(
        "in the template, Extensions → Key Usage → Edit: tick Digital signature and Allow key exchange only with "
        "key encryption (key encipherment), then request again."
    ),
    "new-request": N_(
        'by certreq -new, whose .inf file says [NewRequest] Subject = "CN=om.example.net", HashAlgorithm = SHA256, '
        "KeyUsage = 0xa0; [EnhancedKeyUsageExtension] OID = 1.3.6.1.5.5.7.3.1, OID = 1.3.6.1.5.5.7.3.2; [Extensions] "
        '2.5.29.17 = "{text}", _continue_ = "dns=om.example.net".'
    ),
    "path-length": N_(
        "on the server of the CA that is too narrow, set this in %systemroot%\\CAPolicy.inf, and renew its "
        "certificate:\n"
        "[BasicConstraintsExtension]\nPathLength=1\nCritical=Yes"
    ),
    "pkcs1-signature": N_(
        "against RSA-PSS, on the CA that signed it; then issue the certificate again (the CA's own: set "
        "AlternateSignatureAlgorithm=0 in CAPolicy.inf and renew it):\n"
        "certutil -setreg ca\\csp\\AlternateSignatureAlgorithm 0\nnet stop certsvc\nnet start certsvc"
    ),
    "renewal": N_(
        "a leaf: submit the console's signing request again; a CA: renew its certificate on its server (All Tasks → "
        "Renew CA Certificate…):\n"
        'certreq -submit -attrib "CertificateTemplate:NAME" console.csr\n'
        "certutil -renewCert ReuseKeys"
    ),
    "same-issuer": N_(
        'submit both signing requests to one CA, by its name:\ncertreq -submit -config "SERVER\\Inter-CA1" console.csr'
    ),
    "sign-request": N_(
        'submit the console\'s own signing request:\ncertreq -submit -attrib "CertificateTemplate:NAME" console.csr'
    ),
    "signature-hash": N_(
        "on the CA that signed it, then issue the certificate again (a CA certificate: Renew CA Certificate):\n"
        "certutil -setreg ca\\csp\\CNGHashAlgorithm SHA256\nnet stop certsvc\nnet start certsvc"
    ),
    "strong-key": N_(
        "in the template, Cryptography → Minimum key size: 2048 or more. Then a shorter key is refused at once; the "
        "key itself is made with the signing request."
    ),
    "subordinate-authority": N_(
        'have the CA\'s own request signed by the CA above with the template "Subordinate Certification Authority".'
    ),
    "unlimited-authority": N_(
        "on the server of the limited CA, take the section [EnhancedKeyUsageExtension] out of "
        "%systemroot%\\CAPolicy.inf, and renew its certificate."
    ),
    "validity": N_(
        "in the template, General → Validity period; the CA itself may cap it, and no certificate outlives the CA's "
        "own:\n"
        "certutil -setreg CA\\ValidityPeriodUnits 2\ncertutil -setreg CA\\ValidityPeriod Years\n"
        "net stop certsvc\nnet start certsvc"
    ),
    "whole-chain": N_(
        "the page /certsrv has it under Download a CA certificate, certificate chain, or CRL (choose Base 64); or "
        "from the command line:\n"
        "certutil -ca.chain chain.p7b"
    ),
}
