"""EJBCA: fields of the certificate profile and the end entity profile, by their names in the administration pages."""

from collections.abc import Mapping

from mutua.chain.remedies import Remedy
from mutua.message import N_

FIXES: Mapping[Remedy, str] = {
    "alternative-names": N_(
        "in the end entity profile, Subject Alternative Name: add DNS Name (and IP Address); in the certificate "
        "profile, Subject Alternative Name → Use. Then give the names when enrolling."
    ),
    "backdate": N_(
        "in the certificate profile, Validity Offset: -20m lets validity begin somewhat earlier; then issue it again."
    ),
    "base64-export": N_("in RA Web, choose Download PEM instead of DER or PKCS#7."),
    "both-purposes": N_(
        "in the certificate profile, Extended Key Usage → Use: select Server Authentication and Client "
        "Authentication, then enroll again."
    ),
    "common-name": N_("in the end entity profile, Subject DN Attributes: CN, Common name, with Required ticked."),
    "crl-publication": N_("CA Functions → CA Structure & CRLs: Create CRL, then Get CRL."),
    "end-entity": N_("use a certificate profile of Type End Entity, not Sub CA."),
    "key-identifiers": N_("in the certificate profile, tick Authority Key ID and Subject Key ID, then issue it again."),
    "key-usage": N_(
        "in the certificate profile, Key Usage → Use: tick Digital Signature and Key encipherment, then enroll again."
    ),
    "name-constraints": N_(
        "in the certificate profile of the CA, Name Constraints: Use and Critical; the domains are in the CA's own "
        "settings, Name Constraints, Permitted."
    ),
    "path-length": N_(
        "in the certificate profile of the CA that is too narrow, Path Length Constraint: a larger number or not in "
        "use; then renew that CA."
    ),
    "pkcs1-signature": N_(
        "against RSA-PSS, in the certificate profile, Signature Algorithm: SHA256WithRSA (without AndMGF1); then "
        "issue it again."
    ),
    "renewal": N_(
        "a leaf: enroll again with the console's signing request; a CA: Certification Authorities → Edit CA → Renew CA."
    ),
    "same-issuer": N_("enroll both consoles with the same CA; the end entity profile limits it by Available CAs."),
    "serial-number": N_("in the CA's settings, Serial Number Octet Size: 20 or less, then issue it again."),
    "sign-request": N_(
        "in RA Web, Make New Request → Key-pair generation: Provided by user, and give the console's own signing "
        "request."
    ),
    "signature-hash": N_(
        "in the certificate profile, Signature Algorithm: SHA256WithRSA or SHA256withECDSA, then issue it again."
    ),
    "strong-key": N_(
        "in the certificate profile, Available Key Algorithms and Available Bit Lengths: RSA of 2048 or more. Then a "
        "shorter key is refused at once; the key itself is made with the signing request."
    ),
    "subordinate-authority": N_(
        "issue the CA's certificate with a certificate profile of Type Sub CA, and Key Usage: Key certificate sign, "
        "CRL sign."
    ),
    "unlimited-authority": N_(
        "in the certificate profile of that CA, take Extended Key Usage out of use, and renew the CA."
    ),
    "validity": N_(
        "in the certificate profile, Validity or end date of the certificate: at most what is left to the CA itself."
    ),
    "whole-chain": N_(
        "in RA Web, choose Download PEM full chain; or CA Functions → CA Structure & CRLs: Download PEM file of "
        "every CA up to the Root CA."
    ),
}
