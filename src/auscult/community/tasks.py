"""Jobs of the community."""

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from auscult.community.actions import mailing, notifying
from auscult.community.actions.previews import store_preview
from auscult.community.actions.vocabulary import gather_vocabulary
from auscult.shared import clock
from auscult.shared.standing import CONSOLE


@app.task(name="community.tell_of_posting", retry=RetryStrategy(max_attempts=5, exponential_wait=4))
def tell_of_posting(*, posting_id: int) -> None:
    """Tell the followers of a topic of a new posting."""
    notifying.tell_of_posting(posting_id=posting_id, now=clock.now())


@app.task(name="community.tell_followers", retry=RetryStrategy(max_attempts=5, exponential_wait=4))
def tell_followers(*, posting_id: int, after: int) -> None:
    """Tell the followers of a thread of its new comments."""
    notifying.tell_followers(posting_id=posting_id, after=after)


@app.task(name="community.fetch_preview", retry=RetryStrategy(max_attempts=2, wait=60))
def fetch_preview(*, preview_id: int) -> None:
    """Fetch title and summary of a page that a posting links to."""
    store_preview(standing=CONSOLE, now=clock.now(), preview_id=preview_id)


@app.periodic(cron="*/5 * * * *")
@app.task(name="community.send_due_mails", queueing_lock="community.send_due_mails", pass_context=False)
def send_due_mails(timestamp: int) -> None:
    """Send what is due to be told by mail."""
    mailing.send_due_mails(standing=CONSOLE, now=clock.now())


@app.periodic(cron="41 3 * * *")
@app.task(name="community.forget_seen", queueing_lock="community.forget_seen", pass_context=False)
def forget_seen(timestamp: int) -> None:
    """Delete notifications that were seen, or that nobody has looked at, for long."""
    notifying.forget_seen(standing=CONSOLE, now=clock.now())


@app.periodic(cron="53 3 * * *")
@app.task(name="community.gather_vocabulary", queueing_lock="community.gather_vocabulary", pass_context=False)
def gather_words(timestamp: int) -> None:
    """Gather the words that postings use."""
    gather_vocabulary(standing=CONSOLE, now=clock.now())
