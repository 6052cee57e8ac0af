"""Properties of what the API reads and of the pages that it cuts, for any input."""

from hypothesis import given
from hypothesis import strategies as st

from mutua.console.api.address import is_address
from mutua.console.api.collection import Page, collection

HOSTS = st.from_regex(r"[a-z][a-z0-9-]{0,20}[a-z0-9](\.[a-z][a-z0-9]{0,10}){0,3}", fullmatch=True)
PORTS = st.integers(1, 65535)


@given(HOSTS | st.ip_addresses(v=4).map(str) | st.ip_addresses(v=6).map("[{}]".format), PORTS)
def test_every_host_with_a_port_is_an_address(host: str, port: int) -> None:
    assert is_address(f"{host}:{port}")
    assert not is_address(host if "]" in host else f"{host}:")
    assert not is_address(f"https://{host}:{port}")


@given(st.text())
def test_no_text_breaks_the_reading_of_an_address(text: str) -> None:
    if is_address(text):
        host, _colon, port = text.rpartition(":")
        assert host
        assert 0 < int(port) < 65536
        assert not set(text) & set("/@?# \t\n")


@given(st.integers(0, 300), st.integers(1, 120))
def test_the_links_lead_through_every_row_once(total: int, top: int) -> None:
    rows, skip, walked = list(range(total)), 0, list[object]()
    while True:
        page = collection("X", rows[skip : skip + top], total, Page("/api/X", skip, top))
        value = page["value"]
        assert isinstance(value, list)
        walked += value
        link = page.get("@odata.nextLink")
        if link is None:
            break
        assert link == f"/api/X?$skip={len(walked)}&$top={top}"
        skip = len(walked)
    assert walked == rows


@given(st.integers(0, 300), st.integers(0, 400), st.integers(0, 120))
def test_a_page_links_on_exactly_where_more_rows_can_be_reached(total: int, skip: int, top: int) -> None:
    rows = list(range(total))[skip : skip + top]
    page = collection("X", rows, total, Page("/api/X", skip, top))
    assert page["@odata.count"] == total
    assert ("@odata.nextLink" in page) is (bool(rows) and skip + len(rows) < total)
