"""Tables of the community's room."""

from auscult.community.models.moderation import Decision, Flag, ModerationAppeal, Sanction, StaffSession
from auscult.community.models.notifications import Notification, NotificationWish, TopicRhythm
from auscult.community.models.postings import (
    Comment,
    Draft,
    Picture,
    Posting,
    PostingWords,
    Revision,
    UsefulnessRating,
    VocabularyWord,
)
from auscult.community.models.ties import Connection, LinkPreview, Mute, Reading, TopicFollow

__all__ = [
    "Comment",
    "Connection",
    "Decision",
    "Draft",
    "Flag",
    "LinkPreview",
    "ModerationAppeal",
    "Mute",
    "Notification",
    "NotificationWish",
    "Picture",
    "Posting",
    "PostingWords",
    "Reading",
    "Revision",
    "Sanction",
    "StaffSession",
    "TopicFollow",
    "TopicRhythm",
    "UsefulnessRating",
    "VocabularyWord",
]
