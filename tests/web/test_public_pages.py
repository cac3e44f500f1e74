"""Public pages are kept for a moment, for readers without a cookie alone."""

import pytest
from django.core.cache import caches
from django.urls import get_resolver

from auscult.members.models import Account
from auscult.web.middleware import PUBLIC_ROUTES

pytestmark = pytest.mark.django_db


@pytest.fixture
def member(make_member):
    return make_member(handle="quiet-heron")


@pytest.fixture
def kept(settings, monkeypatch):
    settings.CACHE_MIDDLEWARE_SECONDS = 10
    caches["public_pages"].clear()
    yield
    caches["public_pages"].clear()


def test_a_public_page_is_kept_for_readers_without_cookies(client, kept, django_assert_num_queries, topics):
    first = client.get("/mandates/")
    with django_assert_num_queries(0):
        second = client.get("/mandates/")
    assert second.content == first.content
    assert "max-age=10" in second["Cache-Control"]
    assert "Content-Security-Policy" in second


def test_whoever_brings_a_cookie_is_never_given_a_kept_page(client, kept, member, topics):
    client.get("/mandates/")
    client.force_login(Account.objects.get(member__pk=member.member_id))
    answer = client.get("/mandates/")
    assert member.handle in answer.content.decode()
    client.logout()
    client.cookies.clear()
    assert member.handle not in client.get("/mandates/").content.decode()


def test_what_a_member_saw_is_not_kept(client, kept, member, topics):
    client.force_login(Account.objects.get(member__pk=member.member_id))
    assert member.handle in client.get("/mandates/").content.decode()
    client.cookies.clear()
    assert member.handle not in client.get("/mandates/").content.decode()


@pytest.mark.parametrize("path", ["/no-such-page", "/accounts/login/", "/feed/", "/health"])
def test_other_pages_are_not_kept(client, kept, path):
    client.get(path)
    assert not caches["public_pages"]._cache


def test_part_of_a_page_is_not_kept(client, kept, topics):
    client.get("/mandates/", headers={"HX-Request": "true"})
    assert not caches["public_pages"]._cache


def test_every_route_of_the_table_exists():
    spaces = {
        space: {name for name in resolver.reverse_dict if isinstance(name, str)}
        for space, (_, resolver) in get_resolver().namespace_dict.items()
    }
    assert {each for each in PUBLIC_ROUTES if each.split(":")[1] not in spaces[each.split(":")[0]]} == set()
