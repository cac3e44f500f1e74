"""Drafts of what members write."""

import pytest

from auscult.community.actions.drafts import discard_draft, save_draft
from auscult.community.models import Draft
from auscult.shared.refusals import NotFound
from auscult.shared.standing import READER

pytestmark = pytest.mark.django_db


def test_a_draft_is_discarded_by_its_author_alone(make_member, now):
    author = make_member()
    number = save_draft(
        standing=author, now=now, draft_id=None, kind="posting", posting_id=None, parent=0, fields={"title": "t"}
    )
    for standing in (make_member(), READER):
        with pytest.raises(NotFound):
            discard_draft(standing=standing, now=now, draft_id=number)
    discard_draft(standing=author, now=now, draft_id=number)
    assert not Draft.objects.exists()
    with pytest.raises(NotFound):
        discard_draft(standing=author, now=now, draft_id=number)
