"""The table route × person → status, executed against real objects. A new route fails until it stands in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.cookies import SimpleCookie

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import timezone

from auscult.members.views import applicant
from tests.house.route_table import FORMS, GROUPS, OBJECTS, ROWS
from tests.world import PEOPLE, World, build_world

pytestmark = pytest.mark.django_db
#: Who asks for a page that everyone gets.
SAMPLE = ("reader", "newcomer", "suspended", "author", "moderator", "client")


def our_routes():
    for entry in get_resolver().url_patterns:
        for pattern in getattr(entry, "url_patterns", []):
            if getattr(entry, "app_name", None):
                yield f"{entry.app_name}:{pattern.name}"


def read_row(row: str) -> dict[str, int]:
    """Person → status: ``"200 members, 302 reader, 403 rest"``; what follows ``#`` is a reason."""
    expected: dict[str, int] = {}
    rest = 0
    for part in row.partition("#")[0].split(","):
        status, *names = part.split()
        for name in names:
            if name in {"rest", "everyone"}:
                rest = int(status)
                continue
            for person in GROUPS.get(name, [name]):
                assert person in PEOPLE, f"{person} is nobody"
                assert person not in expected, f"{person} has two statuses in {row}"
                expected[person] = int(status)
    return {person: expected.get(person, rest) for person in PEOPLE}


class Visitors:
    """Everybody's requests; whatever one of them changes is undone before the next."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.client = Client(raise_request_exception=False)  # a page that fails is a status of 500
        self.cookies = {"reader": SimpleCookie()}
        for who in PEOPLE[1:]:
            self.client.cookies = SimpleCookie()
            self.client.force_login(world.account(who))
            self.cookies[who] = self.client.cookies

    def address(self, route: str) -> str:
        return reverse(route, kwargs=self.world.objects[OBJECTS[route]] if route in OBJECTS else {})

    def status(self, method: str, route: str, who: str) -> int:
        return self.ask(method, route, who).status_code

    def ask(self, method, route, who):
        self.client.cookies = SimpleCookie(self.cookies[who].output(header="", sep=";"))
        form = {key: text.format(**self.world.values) for key, text in FORMS.get(route, {}).items()}
        if method == "GET" and f"POST {route}" in ROWS:
            form = {}
        elif method == "POST":
            form = {key: _file(text) if text.startswith("%PDF") else text for key, text in form.items()}
        with undone():
            return getattr(self.client, method.lower())(self.address(route), form)


def _file(text: str) -> SimpleUploadedFile:
    return SimpleUploadedFile("document.pdf", text.encode())


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def visitors(register, now, settings, monkeypatch):
    settings.CLOCK_BEHIND = timezone.now() - now
    # Waiting hides from attackers what was found; no test needs it.
    monkeypatch.setattr(applicant, "_no_sooner", lambda _: None)
    return Visitors(build_world(now))


def test_the_table_names_every_route():
    assert set(our_routes()) == {row.split()[1] for row in ROWS}
    assert set(OBJECTS) | set(FORMS) <= set(our_routes())


def test_rows_that_tell_nobody_apart_say_why():
    """A missing object, or a form that is refused before the access check, must not pass for access control."""
    for name, row in ROWS.items():
        statuses = set(read_row(row).values())
        if len(statuses) == 1 and (statuses != {200} or name.startswith("POST")):
            assert "#" in row, f"{name}: {row}"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_every_route_answers_everybody_as_the_table_says(visitors, method, monkeypatch):
    if method == "POST":
        # The same pages again, with a refusal in them: half of the time of this test would be their rendering.
        monkeypatch.setattr("jinja2.environment.Template.render", lambda *_, **__: "")
    wrong = {}
    for name, row in ROWS.items():
        if not name.startswith(method):
            continue
        for who, expected in read_row(row).items():
            if "everyone" in row and who not in SAMPLE:
                continue
            found = visitors.status(method, name.split()[1], who)
            if found != expected:
                wrong[f"{name} as {who}"] = f"{found} instead of {expected}"
    assert wrong == {}


def test_what_only_posts_is_not_got(visitors):
    gets, posts = ({name.split()[1] for name in ROWS if name.startswith(method)} for method in ("GET", "POST"))
    assert {route: visitors.status("GET", route, "author") for route in posts - gets} == dict.fromkeys(
        posts - gets, 405
    )


def test_a_form_from_elsewhere_is_refused(visitors):
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post(visitors.address("community:ballot-cast"), {"answer_q1": "a"})
    assert answer.status_code == 403
    assert b"reload the page" in answer.content


def test_every_page_carries_the_strict_policy(visitors):
    answer = visitors.ask("GET", "web:home", "member")
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"
