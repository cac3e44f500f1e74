"""The figures of the demonstration, printed beside what they must be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from auscult.demo.size import STORY_NOW, Size
from auscult.demo.story import SHARES
from auscult.evidence.checks import FALSE, Check
from auscult.evidence.verifier import verify_bundle
from auscult.members.models import Member
from auscult.organisations.models import Organisation
from auscult.organisations.queries import get_membership_figures, own_figures
from auscult.partnerships.models import Agreement
from auscult.partnerships.queries.agreements import get_agreement_page
from auscult.partnerships.queries.receipts import get_access_page
from auscult.publishing.actions import export_cells
from auscult.publishing.extracts import make_extract
from auscult.publishing.models import Checkpoint, Release
from auscult.publishing.queries import get_bundle
from auscult.shared.models import Topic
from auscult.shared.standing import CONSOLE, READER
from auscult.statistics.intervals import simple_random_half_width
from auscult.statistics.representativeness import overlap_bounds
from auscult.surveys.models import Invitation
from auscult.surveys.rules import InvitationState, SurveyState
from auscult.voice.models import Appeal, Position, Signature
from auscult.voice.queries.appeals import get_appeal_page
from auscult.voice.queries.mandates import get_topic_page
from auscult.voice.queries.positions import get_position_page
from auscult.voice.rules import AppealState


@dataclass
class Line:
    """One figure: what, value as printed, what it must be, and whether it is."""

    what: str
    value: str
    expected: str
    right: bool


def collect(size: Size, release: Release, *, exact: bool) -> list[Line]:
    """Figures of the release.

    Args:
        exact: compare with the figures of 2009; false for a smaller demonstration, whose figures follow its size.
    """
    card, weighting = release.results["card"], release.results["weighting"]
    questions = {q["question"]: q for q in release.results["questions"]}
    lines: list[Line] = []

    def line(what: str, value: str, expected: str | None = None, right: bool | None = None) -> None:
        ok = right if right is not None else expected is None or value == expected
        lines.append(Line(what, value, expected or "", ok))

    def expected(text: str) -> str | None:
        return text if exact else None

    line("respondents", f"{card['respondents']:,}", f"{size.ballots:,}")
    line("members", f"{card['members']:,}", f"{size.members:,}")
    line("universe", f"{card['universe']:,}", f"{size.universe:,}")
    line("respondents / members", f"{card['participation']:.1%}", expected("4.2%"))
    line("members / universe", f"{card['coverage']:.1%}", "10.5%")
    for code, share in SHARES.items():
        question = questions[code]
        no = next(a for a in question["answers"] if a["answer"] == "no")
        line(f"{code}: raw", f"{no['raw_share']:.0%}", f"{share:.0%}")
        line(f"{code}: base", f"{question['base']:,}", f"{size.ballots:,}")
        low, high = no["low"], no["high"]
        sound = low < no["share"] < high and abs(no["share"] - no["raw_share"]) < 0.1
        line(f"{code}: weighted", f"{no['share']:.1%} ({low:.1%} to {high:.1%})", None, sound)
        line(f"{code}: design effect, effective n", f"{no['design_effect']:.2f}, {no['n_effective']:,.0f}",
             None, 0.5 < no["design_effect"] < 3)  # fmt: skip
    for code, odds in (("speaks_for_me", "8.1"), ("reflects_opinion", "10.1"), ("ama_member", "3.0")):
        line(f"{code}: tipping odds", f"{questions[code]['leading']['tipping_odds']:.1f}", expected(odds))
    speaks = questions["speaks_for_me"]["leading"]
    bounds = f"{speaks['worst_case_low']:.2%} to {speaks['worst_case_high']:.2%}"
    line("speaks_for_me: worst case over the universe", bounds, expected("0.39% to 99.95%"))
    member = next(a for a in questions["ama_member"]["answers"] if a["answer"] == "yes")["raw_share"]
    no = next(a for a in questions["speaks_for_me"]["answers"] if a["answer"] == "no")["raw_share"]
    least = overlap_bounds(member, no).low / member
    line("at least so many of the AMA members who answered agree", f"{least:.0%}", expected("56%"))
    half = simple_random_half_width(no, size.ballots)
    line(
        "half-width of a random sample, never printed as a margin", f"{100 * half:.2f} points", expected("0.95 points")
    )
    line("design effect of the weights, effective n", f"{weighting['design_effect']:.2f}, {weighting['n_effective']:,.0f}",
         None, weighting["design_effect"] >= 1)  # fmt: skip
    worst = weighting["worst_relative_error"]
    line("raking", f"{weighting['iterations']} iterations, worst margin {worst:.0e}", None, worst < 1e-9)
    sentence = f"{card['subject']} …"
    line("sentence permitted", sentence, f"Of the {size.ballots:,} who answered …", "US physicians" not in sentence
         and sentence == f"Of the {size.ballots:,} who answered …")  # fmt: skip
    return lines


def collect_second_half(size: Size, *, exact: bool) -> list[Line]:
    """Figures of membership, mandates, the appeal, the agreement and the refused access.

    Args:
        exact: compare with the figures of 2009; false for a smaller demonstration.
    """
    lines: list[Line] = []

    def line(what: str, value: str, right: bool, expected: str = "") -> None:
        lines.append(Line(what, value, expected, right))

    association = Organisation.objects.get(slug="ama")
    for traced in get_membership_figures(association.pk, STORY_NOW).quotes:
        if not traced.shares:
            line(f"quoted {traced.quote.words}", "no definition gives it", False)
            continue
        share = traced.shares[0]
        n, d = share.numerator, share.denominator
        fits = traced.quote.low <= share.share < traced.quote.high
        line(
            f"quoted {traced.quote.words}",
            f"{share.share:.1%} = {n.persons:,} {n.words} ({n.as_of.year}) over {d.persons:,} {d.words} ({d.as_of.year})",
            fits and bool(n.words and d.definition),
        )
    own = {figure.words: figure.persons for figure in own_figures(STORY_NOW)}
    ordered = own["registered"] >= own["verified"] >= own["active in 90 days"] >= own["active in 30 days"] > 0
    line("our own figures", ", ".join(f"{words} {persons:,}" for words, persons in own.items()), ordered)
    shown = {}
    for topic in Topic.objects.all():
        for row in get_topic_page(READER, topic.slug, STORY_NOW).figures:
            if not row["withheld"]:
                shown[topic.slug, row["slug"]] = row
    for place, badge in (
        (("payment-and-coding", "plain-billing"), "mandated"),
        (("organised-medicine", "ama"), "contested"),
        (("organised-medicine", "rural-physicians"), "insufficient"),
    ):
        found = shown.get(place)
        if found is None:
            line(f"mandate of {place[1]} on {place[0]}", "not shown", not exact and badge == "insufficient")
            continue
        row, named = found, found["shares"][0]
        line(
            f"mandate of {place[1]} on {place[0]}",
            f"{row['badge']}: named {named['share']:.1%} ({named['low']:.1%} to {named['high']:.1%}) of "
            f"{row['respondents']:,}, coverage {row['coverage']:.1%}",
            row["badge"] == badge,
            "",
        )
    appeal = get_appeal_page(READER, Appeal.objects.earliest("pk").pk, STORY_NOW)
    sentence = appeal.sentence
    must = f"{size.signatures:,} signed version 1; version 2 delivered; 0 re-affirmed; 3 of 4 clauses changed"
    line("the appeal of September 2009", sentence, sentence == must, must)
    states = ", ".join(f"{a.name}: {a.state.value}" for a in appeal.addressees)
    line("its addressees", states, "refused" in states and "silent" in states)
    physician = Member.objects.get(handle="morning-rounds")
    signed = Signature.objects.filter(member=physician).values("version__appeal")
    letter = Appeal.objects.filter(state=AppealState.OPEN).exclude(pk__in=signed).first()
    line("an open letter the physician can sign", letter.title if letter else "none", letter is not None)
    invited = Invitation.objects.filter(member=physician, survey__state=SurveyState.OPEN, state=InvitationState.SENT)
    titles = ", ".join(invited.values_list("survey__title", flat=True))
    line("an open sample survey the physician is invited to", titles or "none", titles == "Time for each patient")
    agreement = get_agreement_page(READER, Agreement.objects.get().pk, STORY_NOW)
    for part in (
        "24 May 2009",
        "gave notice not to renew",
        "4 May 2009",
        "refused them on 20 May 2009",
        "citing journal access",
    ):
        if part not in agreement.ending:
            line("who ended it, when, citing what", f"lacks {part!r}", False)
    line("who ended it, when, citing what", agreement.ending, bool(agreement.ending))
    kinds = sorted({o.state.value for c in agreement.columns for b in c.obligations for o in b.occurrences})
    line("states of occurrences", ", ".join(kinds), {"disputed", "remedied", "confirmed", "waived"} <= set(kinds))
    receipts = get_access_page(READER, agreement.agreement_id, STORY_NOW).receipts
    reads, refused = [r for r in receipts if not r.refused], [r for r in receipts if r.refused]
    line("reads under the grant", f"{len(reads)} in the term", len(reads) == 3)
    words = refused[0].refused if refused else "none"
    line(
        "the same request after the term",
        f"refused: {words}",
        words == "Access ended with the agreement on 24 May 2009.",
    )
    sampled = Release.objects.defer("bundle").get(title="Nights on call")
    fieldwork, card = sampled.results["fieldwork"], sampled.results["card"]
    said = f"{card['respondents']} of {card['members']} sampled, RR1 {fieldwork['rates']['rr1']:.1%}"
    line("the sample survey", f"{said}: {card['subject']} …", card["members"] == size.sampled)
    compared = get_position_page(READER, Position.objects.get().pk).comparisons[0]
    points = "; ".join(f"{each.words} {each.share:.1%} ({each.low:.1%} to {each.high:.1%})" for each in compared.lines)
    line("position against opinion", points or compared.refused, len(compared.lines) == 2)
    return lines


def print_and_check(size: Size, *, exact: bool, folder: Path) -> int:
    """Print the table, verify the bundle with and without the cell table; 1 if anything is wrong, else 0."""
    release = Release.objects.defer("bundle").get(number=1)
    lines = collect(size, release, exact=exact) + collect_second_half(size, exact=exact)
    checkpoint = Checkpoint.objects.first()
    if checkpoint is None:
        lines.append(Line("root of the record", "none", "a root", False))
    else:
        lines.append(Line(f"root of the record, {checkpoint.tree_size} entries", checkpoint.root, "", True))
    width = max(len(line.what) for line in lines)
    for line in lines:
        must = f"  must be {line.expected}" if line.expected and line.expected != line.value else ""
        click.echo(f"{'ok   ' if line.right else 'WRONG'} {line.what:<{width}}  {line.value}{must}")
    path = folder / "bundle.zip"
    path.write_bytes(get_bundle(1))
    cells = export_cells(standing=CONSOLE, now=STORY_NOW, number=1)
    checks = verify_bundle(path.read_bytes(), cells=cells)
    for number in (2, 3):
        checks += verify_bundle(get_bundle(number), cells=export_cells(standing=CONSOLE, now=STORY_NOW, number=number))
    checks += [Check(f"record: {check.what}", check.verdict, check.detail) for check in verify_bundle(make_extract())]
    for check in checks:
        click.echo(f"{'ok   ' if check.verdict != FALSE else 'WRONG'} verify {check.what}: {check.detail}")
    false = [line for line in lines if not line.right]
    broken = [check for check in checks if check.verdict == FALSE]
    if false:
        click.echo(f"{len(false)} figures are wrong.")
    click.echo(f"verify: {'FALSE' if broken else 'ok'}")
    return 1 if false or broken else 0
