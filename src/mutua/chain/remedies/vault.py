"""Vault and OpenBao (there: bao for vault): parameters of a role of the PKI engine, and its endpoints."""

from collections.abc import Mapping

from mutua.chain.remedies import Remedy
from mutua.message import N_

FIXES: Mapping[Remedy, str] = {
    "alternative-names": N_(
        "allow them in the role; then they are taken over from the signing request:\n"
        "vault patch pki/roles/NAME use_csr_sans=true \\\n"
        "  allowed_domains=example.net allow_subdomains=true \\\n"
        "  allow_ip_sans=true"
    ),
    "backdate": N_(
        "let validity begin somewhat earlier, in the role:\nvault patch pki/roles/NAME not_before_duration=20m"
    ),
    "base64-export": N_(
        "ask for PEM, and write that field alone:\n"
        "vault write -field=certificate pki/sign/NAME \\\n"
        "  format=pem csr=@console.csr \\\n"
        "  common_name=om.example.net > console.pem"
    ),
    "both-purposes": N_("in the role:\nvault patch pki/roles/NAME server_flag=true client_flag=true"),
    "common-name": N_(
        "in the role, demand it and take it over from the signing request:\n"
        "vault patch pki/roles/NAME require_cn=true \\\n  use_csr_common_name=true"
    ),
    "crl-publication": N_(
        "make a new list, then fetch it:\nvault read pki/crl/rotate\ncurl $VAULT_ADDR/v1/pki/crl/pem > ca.crl"
    ),
    "end-entity": N_(
        "sign it by a role, not by sign-intermediate; this also writes down that it is no CA:\n"
        "vault patch pki/roles/NAME \\\n  basic_constraints_valid_for_non_ca=true"
    ),
    "key-usage": N_("in the role:\nvault patch pki/roles/NAME \\\n  key_usage=DigitalSignature,KeyEncipherment"),
    "name-constraints": N_(
        "sign the CA's certificate with the domains that it is for (Vault always marks them critical):\n"
        "vault write pki/root/sign-intermediate csr=@ca.csr \\\n"
        "  common_name=Inter-CA1 permitted_dns_domains=example.net"
    ),
    "path-length": N_(
        "sign the certificate of the CA that is too narrow again:\n"
        "vault write pki/root/sign-intermediate csr=@ca.csr \\\n"
        "  common_name=Inter-CA1 max_path_length=1"
    ),
    "pkcs1-signature": N_("against RSA-PSS, in the role:\nvault patch pki/roles/NAME use_pss=false"),
    "renewal": N_(
        "sign the request of the leaf, or of the CA, again:\n"
        "vault write pki/sign/NAME csr=@console.csr \\\n"
        "  common_name=om.example.net\n"
        "vault write pki/root/sign-intermediate csr=@ca.csr \\\n"
        "  common_name=Inter-CA1"
    ),
    "same-issuer": N_("let one issuer sign by this role:\nvault patch pki/roles/NAME issuer_ref=Inter-CA1"),
    "sign-request": N_(
        "sign the console's own signing request:\n"
        "vault write -field=certificate pki/sign/NAME \\\n"
        "  csr=@console.csr common_name=om.example.net > console.pem"
    ),
    "signature-hash": N_("in the role, if the CA has an RSA key:\nvault patch pki/roles/NAME signature_bits=256"),
    "strong-key": N_(
        "in the role; then a shorter key is refused at once, and the key itself is made with the signing request:\n"
        "vault patch pki/roles/NAME key_type=rsa key_bits=2048"
    ),
    "subordinate-authority": N_(
        "sign the CA's own request as that of an intermediate:\n"
        "vault write -field=certificate \\\n"
        "  pki/root/sign-intermediate csr=@ca.csr \\\n"
        "  common_name=Inter-CA1 > ca.pem"
    ),
    "unlimited-authority": N_(
        "sign the CA's certificate again; no extended key usage of its request is then taken over:\n"
        "vault write pki/root/sign-intermediate csr=@ca.csr \\\n"
        "  common_name=Inter-CA1 use_csr_values=false"
    ),
    "validity": N_("in the role:\nvault patch pki/roles/NAME ttl=8760h max_ttl=8760h"),
    "whole-chain": N_(
        "append the CA certificates to the leaf:\n"
        "curl $VAULT_ADDR/v1/pki/ca_chain > ca-chain.pem\n"
        "cat console.pem ca-chain.pem > chain.pem"
    ),
}
