"""App of the community."""

from django.apps import AppConfig


class CommunityConfig(AppConfig):
    """Community."""

    name = "auscult.community"
    label = "community"

    def ready(self) -> None:
        """The count that every page shows is read with the session."""
        from auscult.community.queries.notifications import UNSEEN
        from auscult.members.sessions import BESIDE

        BESIDE["unseen"] = UNSEEN
