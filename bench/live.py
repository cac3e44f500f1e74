"""From a ballot to the new weighted result, and the page it stands on, in a scratch database.

The reference is the bare limit: one prepared query over the same connection. Usage: make bench B=live, or
``python -m bench.live small``.
"""

from __future__ import annotations

import sys

from auscult.demo import command

from .report import Measure, median_ms, prepared_query_ms, report


def measure(size: str, times: int) -> list[Measure]:
    from django.db import transaction

    from auscult.community.models import Posting
    from auscult.community.queries.postings import get_posting_page
    from auscult.demo.size import STORY_NOW
    from auscult.members.models import Account
    from auscult.members.queries.standing import get_standing
    from auscult.surveys.actions.answering import cast_ballot
    from auscult.surveys.live import refresh_live_result
    from auscult.surveys.models import Survey

    people = command.seed(size)
    survey = Survey.objects.select_related("frame").get(state="closed", compared_with=None, instrument="community_poll")
    open_survey = Survey.objects.filter(state="open").latest("pk")
    posting = Posting.objects.get(survey=open_survey)
    account = Account.objects.get(email=people.emails["physician"])
    standing = get_standing(account.pk, STORY_NOW)

    def refresh() -> None:
        with transaction.atomic():
            refresh_live_result(survey)

    choices = iter(range(10**9))

    def cast() -> None:
        answers = {"q1": f"c{next(choices) % 4 + 1}"}
        cast_ballot(standing=standing, now=STORY_NOW, survey_id=open_survey.pk, answers=answers)

    limit = prepared_query_ms(account.pk, times)
    reference = "one prepared query"
    return [
        Measure(
            f"new weighted result at {survey.respondents:,} ballots", median_ms(refresh, times), "ms", reference, limit
        ),
        Measure("a ballot, committed", median_ms(cast, times), "ms", reference, limit),
        Measure(
            "data of the posting page",
            median_ms(lambda: get_posting_page(standing, posting.pk, STORY_NOW), times),
            "ms",
            reference,
            limit,
        ),
    ]


if __name__ == "__main__":
    chosen = sys.argv[1] if len(sys.argv) > 1 else "full"
    with command.scratch_database():
        report("live", measure(chosen, 200 if chosen == "full" else 5))
