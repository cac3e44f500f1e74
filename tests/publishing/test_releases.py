"""Releases: what a bundle proves, that any tampering is found, and what is refused."""

import csv
import io
import json
import zipfile
from datetime import timedelta

import pytest
from click.testing import CliRunner
from django.db import IntegrityError, transaction

from auscult.cli import main
from auscult.evidence import bundle as bundles
from auscult.evidence.checks import FALSE, NOT_CHECKED, TRUE
from auscult.evidence.signatures import key_fingerprint, load_signing_key, public_key_text, sign
from auscult.evidence.verifier import verify_bundle
from auscult.organisations.actions import (
    CannotAddOrganisation,
    CannotAppointRepresentative,
    add_organisation,
    appoint_representative,
)
from auscult.organisations.models import Organisation
from auscult.organisations.rules import Power
from auscult.publishing import record
from auscult.publishing.actions import (
    CannotPublishRelease,
    export_cells,
    publish_release,
    reply_to_release,
)
from auscult.publishing.models import Checkpoint, RecordEntry, Release, Reply
from auscult.publishing.queries import (
    find_release_of,
    get_bundle,
    get_entry_page,
    get_record_page,
    get_release_page,
    list_publishable,
    list_releases,
)
from auscult.publishing.replies import CannotReply
from auscult.shared.models import AuditEvent
from auscult.shared.refusals import Conflict, NotAllowed, NotFound
from auscult.shared.standing import CONSOLE, READER

pytestmark = pytest.mark.django_db


def verdicts(checks):
    return {check.what: check.verdict for check in checks}


def test_a_release_verifies_offline_with_its_cells_and_a_receipt(release, closed, now):
    _, receipt = closed
    cells = export_cells(standing=CONSOLE, now=now, number=release.number)
    checks = verify_bundle(get_bundle(release.number), receipt=json.dumps(receipt.as_json()).encode(), cells=cells)
    assert set(verdicts(checks).values()) == {TRUE}, checks
    assert AuditEvent.objects.filter(event="publishing.cells.export").count() == 1


def test_without_cells_the_verifier_names_what_only_an_auditor_can_check(release):
    found = verdicts(verify_bundle(get_bundle(release.number)))
    assert found.pop("weights and weighted shares") == NOT_CHECKED
    assert set(found.values()) == {TRUE}


def test_the_page_speaks_of_those_who_answered_and_discloses_eleven_items(release):
    page = get_release_page(READER, release.number)
    assert page.results["card"]["subject"] == "Of the 80 who answered"
    assert len(page.disclosure) == 11
    assert "no margin of sampling error" in page.disclosure[7]["text"]
    assert page.results["weighting"]["population"] == 400
    assert all(row["base"] in (80, 60) for row in page.results["questions"])
    assert list_releases()[0].headlines[0][1] == "A"


def test_nothing_in_the_bundle_links_a_persons_answers_or_shows_a_small_cell(release):
    files = bundles.read_zip(get_bundle(release.number))
    nonces = {}
    for code in ("q1", "q2"):
        lines = [json.loads(line) for line in files[f"ballots/{code}.jsonl"].splitlines()]
        assert all(line.keys() == {"choice", "freeze", "nonce", "question"} for line in lines)
        nonces[code] = {line["nonce"] for line in lines}
    assert not nonces["q1"] & nonces["q2"]
    strata = list(csv.DictReader(io.StringIO(files["strata.csv"].decode())))
    assert strata
    assert min(int(row["count"]) for row in strata) >= 10


def rebuild(data, changes):
    """The bundle with some files replaced, and its plain sums made anew: what a forger without the key can do."""
    files = bundles.read_zip(data) | changes
    sums = "".join(f"{bundles.sha256(files[p])}  {p}\n" for p in sorted(files) if p != bundles.SUMS)
    files[bundles.SUMS] = sums.encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return out.getvalue()


def edit(data, path, change):
    value = json.loads(bundles.read_zip(data)[path])
    change(value)
    return {path: json.dumps(value).encode()}


TAMPERINGS = {
    "a figure": (lambda d: edit(d, "results.json", lambda v: v["questions"][0]["answers"][0].update(count=79)), "sums"),
    "a share": (
        lambda d: edit(d, "results.json", lambda v: v["questions"][0]["answers"][0].update(raw_share=0.99)),
        "counts and raw shares",
    ),
    "the odds": (
        lambda d: edit(d, "results.json", lambda v: v["questions"][0]["leading"].update(tipping_odds=99.0)),
        "robustness of each leading answer",
    ),
    "the sentence": (
        lambda d: edit(d, "results.json", lambda v: v["card"].update(subject="Of US physicians")),
        "representativeness card",
    ),
    "the wording": (lambda d: edit(d, "freeze.json", lambda v: v["questions"][0].update(wording="Other?")), "freeze"),
    "the turnout": (lambda d: edit(d, "manifest.json", lambda v: v.update(turnout=10)), "signature"),
    "a ballot": (
        lambda d: {
            "ballots/q1.jsonl": bundles.read_zip(d)["ballots/q1.jsonl"].replace(b'"choice":"a"', b'"choice":"b"', 1)
        },
        "ballots of q1",
    ),
    "a ballot twice": (
        lambda d: {
            "ballots/q1.jsonl": (lines := bundles.read_zip(d)["ballots/q1.jsonl"].splitlines(True))[0] + b"".join(lines)
        },
        "ballots of q1",
    ),
    "a small cell": (
        lambda d: {"strata.csv": b"variable,stratum,question,choice,count\nsex,F,q1,a,3\n"},
        "strata tables",
    ),
    "the population": (
        lambda d: {"frame.csv": bundles.read_zip(d)["frame.csv"].replace(b"sex,F,", b"sex,F,9")},
        "population used for weighting",
    ),
    "the record": (
        lambda d: edit(d, "record.json", lambda v: v["entries"][0]["payload"].update(title="Another")),
        "record",
    ),
    "the checkpoint": (lambda d: edit(d, "record.json", lambda v: v["checkpoint"].update(root="0" * 64)), "record"),
    "an invented question": (
        lambda d: edit(d, "results.json", lambda v: v["questions"].append(v["questions"][0] | {"question": "q9"})),
        "counts and raw shares",
    ),
    "a false duplicate": (
        lambda d: edit(
            d,
            "results.json",
            lambda v: v["questions"][0]["answers"].insert(0, v["questions"][0]["answers"][0] | {"count": 79}),
        ),
        "counts and raw shares",
    ),
    "an early end": (
        lambda d: edit(d, "manifest.json", lambda v: v.update(closed_at="2009-07-02T13:00:00+00:00")),
        "freeze",
    ),
    "another key of the record": (
        lambda d: edit(d, "record.json", lambda v: v.update(public_key="AAAA" * 10 + "AAA=")),
        "record",
    ),
    "a file more": (lambda d: {"extra.txt": b"x"}, "sums"),
}


@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_tampering_with(release, tampering):
    change, noticed_by = TAMPERINGS[tampering]
    data = get_bundle(release.number)
    found = verdicts(verify_bundle(rebuild(data, change(data))))
    assert found[noticed_by] == FALSE
    if tampering not in {"the record", "the checkpoint", "the turnout", "an early end", "another key of the record"}:
        assert found["sums"] == FALSE


def test_a_bundle_signed_by_somebody_else_is_found_by_whoever_knows_the_key(release):
    data = get_bundle(release.number)
    key = load_signing_key(b"\x07" * 32)
    files = bundles.read_zip(data)
    manifest = json.loads(files["manifest.json"])
    forged = {"algorithm": "Ed25519", "public_key": public_key_text(key), "signature": sign(manifest, key)}
    data = rebuild(data, {"signature.json": json.dumps(forged).encode()})
    real = key_fingerprint(json.loads(files["signature.json"])["public_key"])
    assert verdicts(verify_bundle(data))["signature"] == TRUE
    assert verdicts(verify_bundle(data, expected_key=real))["signature"] == FALSE


def test_wrong_cells_and_a_foreign_receipt_are_found(release, closed, now):
    _, receipt = closed
    data = get_bundle(release.number)
    cells = export_cells(standing=CONSOLE, now=now, number=release.number)
    assert verdicts(verify_bundle(data, cells=cells + b"x"))["weights and weighted shares"] == FALSE
    changed = receipt.as_json()
    changed["answers"][0]["choice"] = "b" if changed["answers"][0]["choice"] == "a" else "a"
    for text in (json.dumps(changed).encode(), b"no json", b"{}"):
        assert verdicts(verify_bundle(data, receipt=text))["your ballot"] == FALSE


def test_the_command_line_needs_no_django_and_tells_by_its_exit_code(release, closed, tmp_path):
    _, receipt = closed
    path = tmp_path / "b.zip"
    path.write_bytes(get_bundle(release.number))
    (tmp_path / "r.json").write_text(json.dumps(receipt.as_json()))
    done = CliRunner().invoke(main, ["verify", str(path), "--receipt", str(tmp_path / "r.json")])
    assert (done.exit_code, done.output.splitlines()[-1]) == (0, "verify: ok")
    path.write_bytes(rebuild(path.read_bytes(), {"extra.txt": b"x"}))
    done = CliRunner().invoke(main, ["verify", str(path)])
    assert (done.exit_code, done.output.splitlines()[-1]) == (1, "verify: FALSE")
    path.write_bytes(b"not a zip")
    assert CliRunner().invoke(main, ["verify", str(path)]).exit_code == 2
    assert CliRunner().invoke(main, ["verify", str(tmp_path / "absent.zip")]).exit_code == 2


def test_cells_that_do_not_add_up_to_the_ballots_are_found_even_when_committed_to(release, closed, now):
    """The operator itself could commit to a made-up table; it must still agree with the ballots."""
    data = get_bundle(release.number)
    lines = export_cells(standing=CONSOLE, now=now, number=release.number).decode().splitlines()
    doubled = "\n".join(
        [*lines[:2], *(f"{line.rpartition(',')[0]},{2 * int(line.rpartition(',')[2])}" for line in lines[2:])]
    )
    change = edit(data, "manifest.json", lambda v: v.update(cells_sha256=bundles.sha256(doubled.encode())))
    found = {c.what: c for c in verify_bundle(rebuild(data, change), cells=doubled.encode())}
    assert found["weights and weighted shares"].verdict == FALSE
    assert "another turnout" in found["weights and weighted shares"].detail


def test_infinity_and_nan_are_no_numbers(release):
    data = get_bundle(release.number)
    text = bundles.read_zip(data)["results.json"]
    with pytest.raises(bundles.UnreadableBundle, match="no number"):
        verify_bundle(rebuild(data, {"results.json": text.replace(b'"raw_share":', b'"raw_share":Infinity,"x":', 1)}))


def test_unreadable_bundles(release):
    data = get_bundle(release.number)
    for wrong in (b"[]", b"null", b"1"):
        with pytest.raises(bundles.UnreadableBundle, match="no JSON object"):
            verify_bundle(rebuild(data, {"manifest.json": wrong}))
    for broken in (b"", data[:100], data[: len(data) // 2]):
        with pytest.raises(bundles.UnreadableBundle):
            verify_bundle(broken)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("manifest.json", "{}")
    with pytest.raises(bundles.UnreadableBundle, match="lacks"):
        verify_bundle(out.getvalue())


def test_who_may_not_publish_and_when(frozen_on_record, editor, make_member, now):
    survey = frozen_on_record
    for standing in (READER, CONSOLE, make_member(), make_member(roles=("researcher",))):
        with pytest.raises(NotAllowed):
            publish_release(standing=standing, now=now, survey_id=survey.pk)
        with pytest.raises(NotFound):
            list_publishable(standing)
    with pytest.raises(NotFound):
        publish_release(standing=editor, now=now, survey_id=survey.pk + 9)
    assert [line.survey_id for line in list_publishable(editor)] == [survey.pk]
    publish_release(standing=editor, now=now, survey_id=survey.pk)
    assert list_publishable(editor) == []
    with pytest.raises(CannotPublishRelease, match="already"):
        publish_release(standing=editor, now=now, survey_id=survey.pk)
    assert find_release_of(str(survey.public_id)) == 1


def test_a_release_waits_for_its_freeze_in_the_record(closed, editor, now):
    survey, _ = closed
    with pytest.raises(CannotPublishRelease, match="worker"):
        publish_release(standing=editor, now=now, survey_id=survey.pk)
    assert not Release.objects.exists()
    assert not RecordEntry.objects.exists()


def test_an_open_poll_is_not_published(make_member, editor, now):
    from auscult.statistics.representativeness import Instrument
    from auscult.surveys.actions.drafting import draft_survey
    from auscult.surveys.actions.opening import open_survey
    from auscult.surveys.rules import poll

    from .conftest import QUESTIONS

    author = make_member()
    survey = draft_survey(
        standing=author, now=now, questionnaire=poll("x", QUESTIONS), instrument=Instrument.COMMUNITY_POLL,
        closes_at=now + timedelta(days=1),
    )  # fmt: skip
    open_survey(standing=author, now=now, survey_id=survey.pk)
    with pytest.raises(Conflict, match="closed"):
        publish_release(standing=editor, now=now, survey_id=survey.pk)


@pytest.mark.parametrize("model", [RecordEntry, Checkpoint, Release, Reply])
def test_what_is_on_record_cannot_be_changed(release, representative, now, model):
    standing, organisation = representative
    reply_to_release(standing=standing, now=now, number=1, organisation_id=organisation.pk, text="We differ.")
    field = {RecordEntry: "kind", Checkpoint: "root", Release: "title", Reply: "text"}[model]
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        model.objects.update(**{field: "x"})
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        model.objects.all()._raw_delete("default")


def test_a_representative_answers_once_with_a_badge(release, representative, make_member, now):
    standing, organisation = representative

    def reply(who, text="We *differ*."):
        return reply_to_release(standing=who, now=now, number=1, organisation_id=organisation.pk, text=text)

    assert [badge.organisation for badge in get_release_page(standing, 1).reply_box.badges] == ["Example Society"]
    for who in (READER, CONSOLE, make_member()):
        with pytest.raises(NotAllowed):
            reply(who)
    for text in (" ", "x" * 5001):
        with pytest.raises(CannotReply):
            reply(standing, text)
    made = reply(standing)
    with pytest.raises(CannotReply, match="replied to this"):
        reply(standing)
    page = get_release_page(standing, 1)
    assert [(line.organisation, line.scope) for line in page.reply_box.replies] == [("Example Society", "membership")]
    assert page.reply_box.badges == []
    assert get_entry_page(made.record_index).entry.payload["organisation"] == "Example Society"
    with pytest.raises(NotFound):
        reply_to_release(standing=standing, now=now, number=9, organisation_id=organisation.pk, text="x")


def test_only_operators_add_organisations_and_hand_out_cells(release, representative, make_member, now):
    _, organisation = representative
    member = make_member()
    kind = Organisation.Kind.COMPANY
    with pytest.raises(NotAllowed):
        add_organisation(standing=member, now=now, slug="x", name="X", kind=kind)
    with pytest.raises(CannotAddOrganisation):
        add_organisation(standing=CONSOLE, now=now, slug="x", name="Example Society", kind=kind)
    appoint = {"now": now, "organisation": organisation, "email": "rep@example.org", "public_name": "R", "scope": "s"}
    appoint["powers"] = list(Power)
    with pytest.raises(NotAllowed):
        appoint_representative(standing=member, **appoint)
    for changes in ({}, {"scope": " "}, {"email": "nobody@example.org"}, {"powers": []}):
        with pytest.raises(CannotAppointRepresentative):
            appoint_representative(standing=CONSOLE, **(appoint | changes))
    with pytest.raises(NotAllowed):
        export_cells(standing=member, now=now, number=1)
    with pytest.raises(NotFound):
        export_cells(standing=CONSOLE, now=now, number=9)


def test_the_record_appends_once_and_proves_every_entry(db, now):
    for n in range(7):
        record.append("test.entry", {"n": n}, at=now)
        record.append("test.entry", {"n": n}, at=now)  # a job may run twice
    checkpoint = record.sign_checkpoint(at=now)
    assert record.sign_checkpoint(at=now + timedelta(days=1)) == checkpoint
    assert checkpoint.tree_size == RecordEntry.objects.count() == 7
    for index in range(7):
        assert get_entry_page(index).checkpoint == checkpoint
    with pytest.raises(NotFound):
        get_entry_page(7)
    page = get_record_page(before=5, limit=3)
    assert [entry.index for entry in page.entries] == [4, 3, 2]
    assert page.next_before == 2
    assert get_record_page(before=2, limit=3).next_before is None


def test_the_release_page_costs_a_fixed_number_of_queries(release, django_assert_max_num_queries):
    with django_assert_max_num_queries(9):
        get_release_page(READER, release.number)
