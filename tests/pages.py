"""Reads pages the way a person does: forms with what is filled in, errors, links, headings."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from django.test import Client

from auscult.members.models import Account
from auscult.shared.standing import Standing

BLOCKS = frozenset({"p", "li", "td", "th", "div", "dt", "dd", "section", "article", "h1", "h2", "h3", "br"})
VOID = frozenset({"input", "br", "meta", "link", "img", "hr", "rect", "line", "circle"})


@dataclass
class Form:
    """A form: where it goes, what is filled in, and the buttons it is sent with."""

    action: str
    values: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str, str]] = field(default_factory=list)


class Page(HTMLParser):
    """What a page says and what may be done on it."""

    def __init__(self, answer: Any) -> None:
        super().__init__()
        self.status: int = answer.status_code
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.errors: list[str] = []
        self.words = ""
        self.is_whole = False
        #: Summaries of the folds that are open.
        self.open_folds: list[str] = []
        #: Name and value of the buttons that are pressed.
        self.pressed: list[tuple[str, str]] = []
        self.legends: list[str] = []
        self._form: Form | None = None
        self._open: list[tuple[str, dict[str, str]]] = []
        self._collected: list[tuple[int, list[str]]] = []
        self._select = ""
        self._fold_is_open = False
        self.feed(answer.content.decode())
        self.words = " ".join(self.words.split())

    def form(self, action: str) -> Form:
        """The only form that goes to an address; of the page itself where empty."""
        (found,) = [form for form in self.forms if form.action == action]
        return found

    def has_form(self, action: str) -> bool:
        """Whether a form goes there."""
        return any(form.action == action for form in self.forms)

    @property
    def error(self) -> str:
        """The only error on the page."""
        (found,) = self.errors
        return found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what opens."""
        given = {name: value or "" for name, value in attrs}
        if tag == "html":
            self.is_whole = True
        if tag in BLOCKS:
            self.words += " "
        if tag not in VOID:
            self._open.append((tag, given))
        if tag == "form" and given.get("method") == "post":
            self._form = Form(given.get("action", ""))
            self.forms.append(self._form)
        elif tag == "a" and given.get("href"):
            self.links.append(given["href"])
        elif tag == "details":
            self._fold_is_open = "open" in given
        if given.get("aria-pressed") == "true":
            self.pressed.append((given["name"], given["value"]))
        if self._form is not None:
            self._fill(self._form, tag, given)
        if tag in {"textarea", "button", "summary", "legend"} or (tag == "p" and given.get("class") == "error"):
            self._collected.append((len(self._open), []))

    def _fill(self, form: Form, tag: str, given: dict[str, str]) -> None:
        if tag == "input" and "name" in given:
            kind = given.get("type", "text")
            if kind not in {"radio", "checkbox"} or "checked" in given:
                form.values[given["name"]] = given.get("value", "")
        elif tag == "select":
            self._select = given["name"]
        elif tag == "option" and (self._select not in form.values or "selected" in given):
            form.values[self._select] = given["value"]

    def handle_endtag(self, tag: str) -> None:
        """Note what closes."""
        if tag in VOID:
            return
        name, given = self._open[-1]
        assert name == tag, f"<{name}> is closed by </{tag}>"
        if self._collected and self._collected[-1][0] == len(self._open):
            text = "".join(self._collected.pop()[1])
            if tag == "textarea" and self._form is not None:
                self._form.values[given["name"]] = text
            elif tag == "button" and self._form is not None:
                self._form.buttons.append((given.get("name", ""), given.get("value", ""), " ".join(text.split())))
            elif tag == "summary":
                if self._fold_is_open:
                    self.open_folds.append(" ".join(text.split()))
            elif tag == "legend":
                self.legends.append(" ".join(text.split()))
            elif tag == "p":
                self.errors.append(" ".join(text.split()))
        if tag == "form":
            self._form = None
        self._open.pop()

    def handle_data(self, data: str) -> None:
        """Collect words."""
        if not any(name in {"script", "style"} for name, _ in self._open):
            self.words += data
        for _, parts in self._collected:
            parts.append(data)


def sign_in(standing: Standing) -> Client:
    """A browser in which somebody is signed in; nobody for a reader."""
    client = Client()
    if standing.member_id is not None:
        client.force_login(Account.objects.get(member__pk=standing.member_id))
    return client
