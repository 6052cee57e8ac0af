"""Where a listener is: `host:port`, as people write it."""

import re
from ipaddress import IPv6Address

from mutua.authority.request import parse_name

_ADDRESS = re.compile(r"(?P<host>[^\[\]:]+|\[(?P<ipv6>[^\[\]]+)\]):(?P<port>[0-9]{1,5})")


def is_address(text: str) -> bool:
    """Whether this is a host name or an address (an IPv6 one in brackets), a colon, and a port from 1 to 65535."""
    found = _ADDRESS.fullmatch(text)
    return found is not None and 0 < int(found["port"]) < 65536 and _is_host(found["host"], found["ipv6"])


def _is_host(host: str, ipv6: str | None) -> bool:
    try:
        if ipv6 is not None:
            return IPv6Address(ipv6).scope_id is None
        parse_name(host)
    except ValueError:
        return False
    return True
