"""Reading a page as a browser and a screen reader do: its text, its structure, its forms."""

from collections.abc import Iterator
from html.parser import HTMLParser

VOID = {"area", "br", "col", "hr", "img", "input", "link", "meta"}
BLOCKS = {
    "p",
    "h1",
    "h2",
    "h3",
    "h4",
    "li",
    "td",
    "th",
    "dt",
    "dd",
    "tr",
    "caption",
    "button",
    "label",
    "section",
    "div",
}


class Element:
    """An element of a page with what is in it."""

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name = name
        self.attributes = attributes
        self.content: list[Element | str] = []

    def all(self, *names: str) -> Iterator["Element"]:
        """Every element below this one with one of the names, in the order of the page."""
        for part in self.content:
            if isinstance(part, Element):
                if part.name in names or not names:
                    yield part
                yield from part.all(*names)

    def get(self, attribute: str) -> str | None:
        """An attribute, or None."""
        return self.attributes.get(attribute)

    def by_id(self, identifier: str) -> "Element":
        """The element with that id."""
        return next(element for element in self.all() if element.get("id") == identifier)

    @property
    def text(self) -> str:
        """What is to be read in it, with single blanks."""
        return " ".join("".join(self._texts()).split())

    def _texts(self) -> Iterator[str]:
        for part in self.content:
            if isinstance(part, str):
                yield part
            else:
                yield from part._texts()
        if self.name in BLOCKS:
            yield " "


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open = [Element("document", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _value in attrs]
        assert len(names) == len(set(names)), f"<{tag}> repeats an attribute"
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].content.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        element = self.open.pop()
        assert element.name == tag, f"</{tag}> closes <{element.name}>"

    def handle_data(self, data: str) -> None:
        self.open[-1].content.append(data)


def read(html: str) -> Element:
    """The page. Elements that are not closed, or in the wrong order, fail the test."""
    builder = _Builder()
    builder.feed(html)
    builder.close()
    assert len(builder.open) == 1, f"<{builder.open[-1].name}> is not closed"
    return builder.open[0]
