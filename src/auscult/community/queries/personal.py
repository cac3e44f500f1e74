"""What a member may take away."""

from __future__ import annotations

from typing import Any

from auscult.community.models import Comment, Connection, Draft, Mute, Posting, Reading, TopicFollow, UsefulnessRating
from auscult.shared.personal import rows_of
from auscult.shared.standing import Standing


def export_member(standing: Standing) -> dict[str, list[dict[str, Any]]]:
    """What a member wrote and rated, to take away."""
    member = standing.require_member()
    return {
        "Postings": rows_of(
            Posting.objects.filter(author_id=member), title="title", text="body", topic="topic__name", at="posted_at"
        ),
        "Comments": rows_of(
            Comment.objects.filter(author_id=member), on="posting__title", text="body", at="commented_at"
        ),
        "Usefulness ratings": rows_of(
            UsefulnessRating.objects.filter(member_id=member), posting="posting__title", value="value"
        ),
        "Drafts": rows_of(Draft.objects.filter(member_id=member), kind="kind", fields="fields", at="saved_at"),
        "Read, followed and kept": rows_of(
            Reading.objects.filter(member_id=member),
            posting="posting__title",
            comments="read_comments",
            followed="is_followed",
            muted="is_muted",
            kept="bookmarked_at",
        ),
        "Topics followed": rows_of(TopicFollow.objects.filter(member_id=member), topic="topic__name"),
        "Members muted": rows_of(Mute.objects.filter(member_id=member), handle="muted__handle"),
        "Connections stated": rows_of(
            Connection.objects.filter(member_id=member),
            kind="kind",
            party="party",
            product_class="product_class",
            began="began_on",
            ended="ended_on",
        ),
    }
