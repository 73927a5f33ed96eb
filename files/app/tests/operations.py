"""The operations page and its document, as those get them who read it."""

from html.parser import HTMLParser
from typing import Any

import httpx2
from administrator import PAGE
from client import Person
from program import eventually
from watchers import Watchers

DOCUMENT = "/api/admin/ops"


def document(admin: Person) -> dict[str, Any]:
    answer = admin.http.get(DOCUMENT)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    found: dict[str, Any] = answer.json()
    return found


def fresh(admin: Person, watchers: Watchers) -> dict[str, Any]:
    """The document, once it tells what this test has said."""

    def after_a_look() -> dict[str, Any] | None:
        report = document(admin)
        return report if watchers.asked else None

    report = eventually(after_a_look, "a new look")
    assert report
    return report


class Html(HTMLParser):
    """Elements of a page with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def shown(pages: httpx2.Client) -> Html:
    """The page; it keeps its rules in every state."""
    answer = pages.get(PAGE)
    assert answer.status_code == 200, answer.text
    page = Html(answer.text)
    assert not {"script", "img", "link", "iframe", "base"} & {tag for tag, _ in page.elements}
    assert not [a for _, a in page.elements if "style" in a or any(name.startswith("on") for name in a)]
    assert all(str(a["href"]).startswith(("http://", "https://", "/")) for a in page.all("a"))
    assert all("scope" in a for a in page.all("th"))
    assert len(page.all("h1")) == 1
    return page
