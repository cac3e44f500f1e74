"""Jobs of the community."""

from procrastinate.contrib.django import app


@app.task(name="community.tell_of_posting", queueing_lock=None)
def tell_of_posting(*, posting_id: int) -> None:
    """Tell the followers of a topic of a new posting."""
