"""Looks at each mail that any test queues: an address in it must be whole, and a page must be there.

A test that queues a mail with a relative address, or one that no route answers, fails at its end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

import pytest

#: A path by itself, as "/agreements/7/": a mail program makes no link of it, and the reader does not know of which site.
_RELATIVE = re.compile(r"(?:^|(?<=[\s(“\"'<]))/[a-z][\w/.-]*", re.MULTILINE)
_WHOLE = re.compile(r"https?://[^\s<>\"”)]+")


def faults_of(text: str, site: str) -> list[str]:
    """What is wrong with the addresses in a text.

    Args:
        site: where this instance is, for example ``http://127.0.0.1:8000``.
    """
    from django.urls import Resolver404, resolve

    faults = [f"{path} is no whole address" for path in _RELATIVE.findall(text)]
    for address in links_of(text, site):
        try:
            resolve(urlsplit(address).path)
        except Resolver404:
            faults.append(f"{address} leads nowhere")
    return faults


def links_of(text: str, site: str) -> list[str]:
    """Addresses of this instance in a text, without the full stop of a sentence."""
    found = [address.rstrip(".,;:!?") for address in _WHOLE.findall(text)]
    return [address for address in found if address.startswith((f"{site}/", f"{site}?")) or address == site]


@pytest.fixture(autouse=True)
def mail_faults() -> Iterator[list[str]]:
    """Faults of the mails that were queued while a test ran. What is still in it when the test is over fails it."""
    from django.conf import settings
    from django.core import mail

    from auscult.members import emails
    from auscult.shared import mail as queue

    faults: list[str] = []
    queue_mails = queue.queue_mails

    def look(mails: Sequence[Any]) -> None:
        for each in mails:
            texts = [each.text, *each.headers.values()]
            faults.extend(
                f"“{each.subject}”: {fault}" for text in texts for fault in faults_of(text, settings.SITE_URL)
            )
        queue_mails(mails)

    # Every queued mail goes through this one function; the modules that import it are patched too.
    doors = [module for module in (queue, emails) if getattr(module, "queue_mails", None) is queue_mails]
    for module in doors:
        module.queue_mails = look  # type: ignore[attr-defined]
    try:
        yield faults
    finally:
        for module in doors:
            module.queue_mails = queue_mails  # type: ignore[attr-defined]
    for message in getattr(mail, "outbox", []):
        faults.extend(f"“{message.subject}”: {fault}" for fault in faults_of(str(message.body), settings.SITE_URL))
    if faults:
        pytest.fail("A mail with addresses that lead nowhere: " + "; ".join(faults))
