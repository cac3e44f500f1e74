"""The server tells the browser to delete what it keeps, wherever a session ends."""

import pytest
from django.urls import reverse

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed_in(client, make_account):
    client.force_login(make_account("somebody@example.org", "listen to the body"))
    return client


def test_signing_out_clears_the_browser(signed_in):
    answer = signed_in.post(reverse("account_logout"))
    assert answer["Clear-Site-Data"] == '"storage"'


def test_other_posts_clear_nothing(signed_in, client):
    assert "Clear-Site-Data" not in signed_in.post(reverse("members:verification-read"))
    assert "Clear-Site-Data" not in signed_in.get(reverse("account_logout"))


def test_each_member_has_a_name_of_its_own_in_the_browser(client, make_account):
    names = set()
    for email in ("a@example.org", "b@example.org"):
        client.force_login(make_account(email))
        page = client.get(reverse("members:verification-read")).content.decode()
        names.add(page.partition('data-owner="')[2][:16])
    assert len(names) == 2
    assert all(len(name) == 16 and set(name) <= set("0123456789abcdef") for name in names)
    client.logout()
    assert "data-owner" not in client.get("/").content.decode()
