"""Refusals: what an action says when it must not, or cannot, do what was asked."""


class Refused(Exception):
    """An action refused. The text is for the person who asked: what is wrong and what to do.

    Attributes:
        status: HTTP status that a page answers with.
    """

    status = 400


class NotAllowed(Refused):
    """The standing does not permit it."""

    status = 403


class NotFound(Refused):
    """There is no such thing, or none that this standing may see; the two look alike."""

    status = 404

    def __init__(self, text: str = "There is no such page, or it is not for you.") -> None:
        super().__init__(text)


class Conflict(Refused):
    """The thing is in another state than the action needs."""

    status = 409
