"""Active Directory Certificate Services: the tabs and boxes of a certificate template, and certutil."""

from collections.abc import Mapping

from mutua.chain.remedies import Remedy
from mutua.message import N_

FIXES: Mapping[Remedy, str] = {
    "both-purposes": N_(
        'duplicate the template "Web Server", Extensions → Application Policies → Edit → Add → Client Authentication '
        "(beside Server Authentication), issue the new template, request again."
    ),
    "key-usage": N_(
        "in the template, Extensions → Key Usage → Edit: tick Digital signature and Allow key exchange only with "
        "key encryption (key encipherment), then request again."
    ),
}
