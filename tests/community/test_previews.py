"""Links in postings: bare ones become links, and previews ask only the public internet, only where the operator wants them."""

import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from auscult.community import previews
from auscult.community.actions import previews as actions
from auscult.community.actions.moderation import begin_staff_session, take_measure
from auscult.community.actions.postings import create_posting
from auscult.community.markup import links_in, to_html
from auscult.community.models import LinkPreview
from auscult.community.previews import NoPreviewError, Preview, fetch_preview, is_public, read_preview
from auscult.community.queries.postings import get_posting_page
from auscult.community.rules import moderation
from auscult.shared.standing import CONSOLE

PAGE = b"""<!doctype html><title>A page &amp; its title</title><meta name="description" content="What it is about.">"""


def test_bare_addresses_become_links_and_nothing_else_does():
    html = to_html(
        "See https://example.org/a?b=1&c=2. Write to a@b.org, see fig.2 at clinic.org or www.example.org, //e.org."
    )
    assert html.count("<a ") == 1
    assert 'rel="nofollow noopener noreferrer">https://example.org/a?b=1&amp;c=2</a>.' in html
    assert links_in(html) == ["https://example.org/a?b=1&c=2"]
    assert to_html("`https://example.org`").count("<a ") == 0


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.5.5", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1", "::1",
     "fe80::1", "fc00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::"],
)  # fmt: skip
def test_addresses_of_ones_own_network_are_not_public(address):
    assert not is_public(address)


def test_public_addresses_are():
    assert is_public("93.184.215.14")
    assert is_public("2606:2800:21f:cb07:6820:80da:af6b:8b2c")


class Timer:
    """In place of ``threading.Timer``: runs out when the server says so, not by a clock."""

    def __init__(self, seconds, run_out):
        self.seconds, self.run_out = seconds, run_out

    def start(self):
        timers.append(self)

    def cancel(self):
        pass


timers = []


@pytest.fixture
def site():
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append((self.path, dict(self.headers)))
            kind, _, rest = self.path.strip("/").partition("/")
            if kind == "to":
                self.send_response(302)
                self.send_header("Location", "/" + rest if rest else "/to")
                self.end_headers()
                return
            self.send_response(404 if kind == "none" else 200)
            self.send_header("Content-Type", "application/pdf" if kind == "pdf" else "text/html; charset=utf-8")
            self.end_headers()
            if kind == "slow":
                for number, byte in enumerate(PAGE * 1000):
                    try:
                        self.wfile.write(bytes([byte]))
                    except OSError:
                        return
                    if number == 3:
                        timers.pop().run_out()
                return
            self.wfile.write(PAGE if kind != "long" else b"<title>" + b"long " * 200_000)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


def anybody(_):
    return True


def test_title_and_summary_are_read_and_nothing_of_a_reader_is_sent(site):
    address, asked = site
    assert fetch_preview(f"{address}/to/page", allowed=anybody) == Preview("A page & its title", "What it is about.")
    assert [path for path, _ in asked] == ["/to/page", "/page"]
    assert all(
        set(headers) == {"Host", "Accept-Encoding", "User-Agent", "Accept", "Connection"} for _, headers in asked
    )


@pytest.mark.parametrize(("path", "why"), [("pdf", "application/pdf"), ("none", "404"), ("to", "too many redirects")])
def test_what_is_no_page_gives_no_preview(site, path, why):
    with pytest.raises(NoPreviewError, match=why):
        fetch_preview(f"{site[0]}/{path}", allowed=anybody)


def test_a_long_page_is_read_in_part(site):
    assert len(fetch_preview(f"{site[0]}/long", allowed=anybody).title) <= previews.LONGEST_TITLE


def test_a_page_that_comes_byte_by_byte_is_given_up(site, monkeypatch):
    monkeypatch.setattr(previews.threading, "Timer", Timer)
    with pytest.raises(NoPreviewError, match="not reached"):
        fetch_preview(f"{site[0]}/slow", allowed=anybody)
    assert not timers, "the server has cut the page off"


def test_ones_own_network_is_never_asked(site, monkeypatch):
    address, asked = site
    for url in (address, "http://localhost/", "http://[::1]/", "https://127.0.0.1/", "http://0x7f000001/"):
        with pytest.raises(NoPreviewError):
            fetch_preview(url)
    # A name that leads to one public and one inner address, and a redirect inwards
    both = [(0, 0, 0, "", ("93.184.215.14", 80)), (0, 0, 0, "", ("10.0.0.1", 80))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: both)
    with pytest.raises(NoPreviewError, match="not an address of the public internet"):
        fetch_preview("http://example.org/")
    assert asked == []


@pytest.mark.parametrize(
    "url",
    ["ftp://example.org/", "file:///etc/passwd", "http://user@example.org/", "http://example.org:8080/", "http://",
     "https://example.org:99999/", "gopher://example.org"],
)  # fmt: skip
def test_what_is_no_address_of_a_page_is_not_asked(url, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: pytest.fail("a host was looked up"))
    with pytest.raises(NoPreviewError):
        fetch_preview(url)


def test_a_page_without_a_title_says_nothing():
    with pytest.raises(NoPreviewError):
        read_preview("<p>Hello")
    assert read_preview('<meta property="og:title" content="Shown"><title>Other</title>').title == "Shown"


@pytest.mark.django_db
class TestPostings:
    @pytest.fixture
    def author(self, make_member, topics, monkeypatch):
        monkeypatch.setattr(moderation, "NEW_LINKS", 9)
        return make_member(handle="first-author")

    def post(self, author, now):
        body = "See https://example.org/one and [two](https://example.org/two) and https://example.org/three."
        return create_posting(standing=author, now=now, title="Links", body=body, topic="health-reform")

    def test_nothing_is_asked_unless_the_operator_wants_it(self, author, now):
        posting = self.post(author, now)
        assert not LinkPreview.objects.exists()
        assert get_posting_page(author, posting.pk, now).previews == []

    def test_the_first_links_get_one_preview_each(self, author, now, settings, monkeypatch, client):
        settings.LINK_PREVIEWS = True
        posting = self.post(author, now)
        assert list(LinkPreview.objects.order_by("pk").values_list("url", flat=True)) == [
            "https://example.org/one", "https://example.org/two",
        ]  # fmt: skip
        self.post(author, now)
        assert LinkPreview.objects.count() == 2
        answers = {"https://example.org/one": Preview("One <b>", "About one.")}

        def fetch(url):
            if url in answers:
                return answers[url]
            raise NoPreviewError("gone")

        monkeypatch.setattr(previews, "fetch_preview", fetch)
        for each in LinkPreview.objects.all():
            actions.store_preview(standing=CONSOLE, now=now, preview_id=each.pk)
        page = get_posting_page(author, posting.pk, now)
        assert [(each.host, each.title) for each in page.previews] == [("example.org", "One <b>")]
        answers.clear()
        actions.store_preview(standing=CONSOLE, now=now, preview_id=LinkPreview.objects.first().pk)
        assert LinkPreview.objects.get(url="https://example.org/one").title == "One <b>"

    def test_a_purge_forgets_them(self, author, now, settings, make_member):
        settings.LINK_PREVIEWS = True
        posting = self.post(author, now)
        moderator = make_member(roles=("moderator",))
        begin_staff_session(standing=moderator, now=now, reason="A report about a patient")
        take_measure(
            standing=moderator, now=now, posting_id=posting.pk, number=None, measure="purge", rule="patients",
            passage="all", reason="A link led to a patient.",
        )  # fmt: skip
        assert not LinkPreview.objects.exists()
