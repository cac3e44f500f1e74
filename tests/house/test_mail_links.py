"""The check that every mail of every test goes through can fail, and does where it should."""

import pytest

from auscult.shared.mail import queue_mail
from tests.mail_links import faults_of, links_of

SITE = "https://auscult.example"


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("See https://auscult.example/agreements/7/", []),
        ("See https://auscult.example/agreements/7/.", []),
        ("See https://auscult.example/agreements/7/#notices, or (https://auscult.example/mine/).", []),
        ("It was 3/4 of them, on 1/7/2009, and/or later.", []),
        ("Elsewhere: https://example.org/nowhere/", []),
        ("See /agreements/7/", ["/agreements/7/ is no whole address"]),
        ("/agreements/7/ says so", ["/agreements/7/ is no whole address"]),
        ("Answer it (“/appeals/3/”)", ["/appeals/3/ is no whole address"]),
        ("See https://auscult.example/agreement/7/", ["https://auscult.example/agreement/7/ leads nowhere"]),
        ("See https://auscult.example/agreements/seven/.", ["https://auscult.example/agreements/seven/ leads nowhere"]),
    ],
)
def test_relative_and_dead_addresses_are_found(text, faults):
    assert faults_of(text, SITE) == faults


def test_links_are_those_of_this_instance():
    assert links_of(f"{SITE}/mine/. {SITE}.evil.example/mine/ https://example.org/ {SITE}", SITE) == [
        f"{SITE}/mine/",
        SITE,
    ]


@pytest.mark.django_db
def test_every_queued_mail_is_looked_at(mail_faults, settings):
    settings.SITE_URL = SITE
    for text in (f"See {SITE}/mine/", "See /mine/", f"See {SITE}/nowhere/"):
        queue_mail(to="a@example.org", subject="s", text=text)
    queue_mail(to="a@example.org", subject="t", text="", headers={"List-Unsubscribe": f"<{SITE}/stop/7>"})
    found = list(mail_faults)
    mail_faults.clear()  # or the check would fail this test
    assert found == [
        "“s”: /mine/ is no whole address", f"“s”: {SITE}/nowhere/ leads nowhere", f"“t”: {SITE}/stop/7 leads nowhere",
    ]  # fmt: skip
