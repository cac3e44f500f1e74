"""Pages and jobs of the second half, in a scratch database seeded like the demonstration.

The reference is the bare limit: one prepared query over the same connection. Usage: make bench B=voice, or
``python -m bench.voice small``.
"""

from __future__ import annotations

import sys
from datetime import timedelta

from auscult.demo import command

from .report import Measure, median_ms, prepared_query_ms, report


def measure(size: str, times: int) -> list[Measure]:
    from auscult.demo.size import STORY_NOW
    from auscult.evidence.verifier import verify_bundle
    from auscult.members.models import Account
    from auscult.members.queries.standing import get_standing
    from auscult.partnerships.queries.agreements import get_agreement_page
    from auscult.publishing.extracts import make_extract
    from auscult.shared.models import Topic
    from auscult.voice.actions.deliveries import make_letter
    from auscult.voice.counting import count_topic
    from auscult.voice.models import AppealVersion, Delivery, MandateStatement, Signature
    from auscult.voice.queries.appeals import get_appeal_page
    from auscult.voice.queries.issues import get_issue_page
    from auscult.voice.queries.mandates import get_topic_page
    from auscult.web.queries import get_membership_page, get_own_page

    people = command.seed(size)
    account = Account.objects.get(email=people.emails["physician"])
    standing = get_standing(account.pk, STORY_NOW)
    limit = prepared_query_ms(account.pk, times)
    signed = Signature.objects.count()
    said = MandateStatement.objects.filter(topic__slug="payment-and-coding").count()
    topic = Topic.objects.get(slug="payment-and-coding")
    delivery = Delivery.objects.select_related("addressee__appeal").first()
    assert delivery is not None
    # The letter of the version that was signed is the long one.
    signed_version = AppealVersion.objects.select_related("count").get(number=1)
    later = STORY_NOW + timedelta(days=12)
    extract = make_extract()
    few = max(1, times // 50)

    def line(what: str, value: float) -> Measure:
        return Measure(what, value, "ms", "one prepared query", limit)

    return [
        line(
            f"data of the appeal page, {signed:,} signatures",
            median_ms(lambda: get_appeal_page(standing, 1, STORY_NOW), times),
        ),
        line("data of a topic's mandates", median_ms(lambda: get_topic_page(standing, topic.slug, STORY_NOW), times)),
        line("data of an issue", median_ms(lambda: get_issue_page(standing, 2, STORY_NOW), times)),
        line("data of an agreement", median_ms(lambda: get_agreement_page(standing, 1, STORY_NOW), times)),
        line("data of the membership page", median_ms(lambda: get_membership_page(standing, "ama", STORY_NOW), times)),
        line("data of one's own page", median_ms(lambda: get_own_page(standing, STORY_NOW), times)),
        line(
            f"monthly count of a topic, {said:,} statements", median_ms(lambda: count_topic(topic.pk, later, None), few)
        ),
        line(
            f"letter with the signatories of {signed:,}",
            median_ms(lambda: make_letter(delivery.addressee.appeal, signed_version, "X", STORY_NOW, ""), few),
        ),
        line("the whole record as an extract", median_ms(make_extract, few)),
        line("verifying it", median_ms(lambda: verify_bundle(extract), few)),
    ]


if __name__ == "__main__":
    chosen = sys.argv[1] if len(sys.argv) > 1 else "full"
    with command.scratch_database():
        report("voice", measure(chosen, 200 if chosen == "full" else 3))
