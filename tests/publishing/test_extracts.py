"""Extracts of the record: every kind of entry survives ``auscult verify``, and whoever changes anything is found."""

import json
import zipfile
from datetime import timedelta
from io import BytesIO

import pytest
from click.testing import CliRunner

from auscult.cli import main
from auscult.evidence import bundle
from auscult.evidence.canonical import canonical_json
from auscult.evidence.checks import FALSE, NOT_CHECKED
from auscult.evidence.extract import DOCUMENTS, EXTRACT
from auscult.evidence.merkle import leaf_hash, root_of
from auscult.evidence.signatures import load_signing_key, sign
from auscult.evidence.verifier import verify_bundle
from auscult.publishing import record
from auscult.publishing.actions import reply_to_membership, reply_to_release
from auscult.publishing.extracts import make_extract
from auscult.publishing.models import RecordDocument, RecordEntry
from auscult.publishing.queries import get_bundle
from auscult.shared.refusals import NotFound
from auscult.statistics.mandates import mandate_figures

pytestmark = pytest.mark.django_db
SEED = bytes(range(32))
HIDDEN = {"withheld": True, "repeated": False}
SENTENCE = "3 signed version 1; version 1 delivered, the text that was signed"


def falsehoods(data):
    return {check.what: check.detail for check in verify_bundle(data) if check.verdict == FALSE}


def forge(data, change):
    """An extract changed by somebody who holds the signing key: only the rules of the story can find it."""
    files = bundle.read_zip(data)
    body = json.loads(files[EXTRACT])
    documents = {path.removeprefix(DOCUMENTS): content for path, content in files.items() if path.startswith(DOCUMENTS)}
    change(body, documents)
    if body["things"] is None:
        leaves = [leaf_hash(canonical_json(entry["payload"])) for entry in body["entries"]]
        body["checkpoint"] |= {"tree_size": len(leaves), "root": root_of(leaves).hex()}
        body["signature"] = sign(body["checkpoint"], load_signing_key(SEED))
    files = {path: content for path, content in files.items() if not path.startswith(DOCUMENTS) and path != bundle.SUMS}
    files[EXTRACT] = canonical_json(body)
    files |= {DOCUMENTS + sha: content for sha, content in documents.items()}
    return bundle.write_zip(files)


def of_kind(body, kind):
    return next(entry["payload"] for entry in body["entries"] if entry["payload"]["kind"] == kind)


@pytest.fixture
def told(now):
    """A record with one of each kind, written as the rooms write them."""
    text = b'{"clauses":["a"]}'
    sha = bundle.sha256(text)

    def put(kind, content, days=0, **documents):
        at = now + timedelta(days=days)
        return record.append_and_sign(
            kind, content, at=at, documents={k.replace("_", "-"): v for k, v in documents.items()}
        )

    put("membership.claimed", {"thing": "membership:s", "organisation": "S", "members": {"all": 10, "student": 2},
                               "source": "x", "grade": "published"})  # fmt: skip
    figures = mandate_figures({"speaks": 5, "partly": 2, "does_not": 6, "no_opinion": 0}, 40, met_before=False)
    row = {"slug": "s", "organisation": "S", "withheld": False, "repeated": False} | figures
    counted = canonical_json(
        {
            "topic": "t",
            "eligible": 40,
            "organisations": [row, {"slug": "q", "organisation": "Q", "withheld": True, "repeated": False}],
        }
    )
    put("mandates.counted", {"thing": "mandates:t", "topic": "t", "eligible": 40}, figures=counted)
    put("appeal.opened", {"thing": "appeal:1", "version": 1, "text": sha}, text=text)
    leaves = [{"text": sha, "nonce": f"{n:032x}"} for n in range(3)]
    leaves.sort(key=lambda leaf: leaf_hash(canonical_json(leaf)))
    signed = b"".join(canonical_json(leaf) + b"\n" for leaf in leaves)
    root = root_of([leaf_hash(canonical_json(leaf)) for leaf in leaves]).hex()
    version = {"version": 1, "text": sha, "signatures": 3, "root": root}
    put("appeal.closed", {"thing": "appeal:1", "versions": [version]}, signatures_1=signed)
    put(
        "appeal.delivered",
        {"thing": "appeal:1", "addressee": "X", "version": 1, "text": sha, "signatures": 3, "sentence": SENTENCE},
    )
    put("appeal.silent", {"thing": "appeal:1", "addressee": "X"}, days=30)
    put(
        "appeal.answered",
        {"thing": "appeal:1", "addressee": "X", "answer": "answered", "days": 31},
        days=31,
        text=b"Yes.",
    )
    terms = {
        "term": {"starts_on": "2009-01-01", "ends_on": "2010-01-01"}, "zone": "UTC", "parties": {"a": "A", "b": "B"},
        "obligations": [{"code": "o", "debtor": "b", "due_on": ["2009-07-01"]}], "grants": [{"to": "b", "scope": "numbers"}],
    }  # fmt: skip
    put("agreement.proposed", {"thing": "agreement:1"}, terms=canonical_json(terms))
    put("agreement.ratified", {"thing": "agreement:1", "by": "B"})
    owed = {"thing": "agreement:1", "obligation": "o", "occurrence": 1, "due_on": "2009-07-01", "side": "a"}
    put("obligation.alleged", owed, days=1, text=b"No.")
    put("obligation.breached", owed | {"side": "arbiter"}, days=15, text=b"Indeed.")
    put("access.read", {"thing": "agreement:1", "client": "B", "scope": "numbers"}, days=16)
    put(
        "agreement.noticed",
        {"thing": "agreement:1", "notice": "non-renewal", "effective_on": None},
        days=20,
        text=b"Bye.",
    )
    put("position.stated", {"thing": "position:1"}, text=b"We are for it.")
    put("position.compared", {"thing": "position:1", "release": 1})
    put("issue.closed", {"thing": "issue:1", "outcome": "x"})
    put("access.refused", {"thing": "agreement:1", "because": "over"}, days=400)


def test_the_whole_record_survives(told):
    data = make_extract()
    assert falsehoods(data) == {}
    assert len(verify_bundle(data)) == 8
    assert [check.what for check in verify_bundle(make_extract(["appeal:1"])) if check.verdict == NOT_CHECKED] == [
        "completeness"
    ]


@pytest.mark.parametrize("thing", ["membership:s", "mandates:t", "appeal:1", "agreement:1", "position:1", "issue:1"])
def test_the_entries_of_one_thing_survive_alone(told, thing):
    assert falsehoods(make_extract([thing])) == {}


def test_nothing_about_nothing(told):
    with pytest.raises(NotFound):
        make_extract(["appeal:99"])


def set_kind(kind, **fields):
    return lambda body, _: of_kind(body, kind).update(fields)


def redate(kind, text):
    return lambda body, _: of_kind(body, kind).update(at=text)


def change_document(kind, name, edit):
    def change(body, documents):
        payload = of_kind(body, kind)
        old = payload["documents"][name]
        new = edit(documents.pop(old))
        payload["documents"][name] = bundle.sha256(new)
        documents[bundle.sha256(new)] = new

    return change


def edit_json(act):
    def edit(data):
        value = json.loads(data)
        act(value)
        return canonical_json(value)

    return edit


def counted(act):
    """Change the organisations of the monthly count."""
    return change_document("mandates.counted", "figures", edit_json(lambda value: act(value["organisations"])))


ONE_MORE = canonical_json({"text": "x", "nonce": "y"}) + b"\n"
FORGERIES = {
    "a part above the whole": (set_kind("membership.claimed", members={"all": 10, "student": 11}), "membership claims"),
    "a figure without a source": (set_kind("membership.claimed", source=""), "membership claims"),
    "another badge": (counted(lambda o: o[0].update(badge="mandated")), "mandates"),
    "another verdict": (counted(lambda o: o[0].update(verdict="mandated", badge="mandated")), "mandates"),
    "another share": (counted(lambda o: o[0]["shares"][0].update(share=0.9)), "mandates"),
    "another interval": (counted(lambda o: o[0]["shares"][0].update(low=0.3)), "mandates"),
    "another coverage": (counted(lambda o: o[0].update(coverage=0.9)), "mandates"),
    "withheld and shown": (counted(lambda o: o[1].update(shares=[])), "mandates"),
    "below ten": (counted(lambda o: o[0].update(shares=o[0]["shares"][:1])), "mandates"),
    "another text": (change_document("appeal.opened", "text", lambda data: data + b" "), "appeals"),
    "a signature more": (change_document("appeal.closed", "signatures-1", lambda data: data + ONE_MORE), "appeals"),
    "another number of signatures": (set_kind("appeal.delivered", signatures=10_000), "appeals"),
    "delivered another text": (set_kind("appeal.delivered", text="0" * 64), "appeals"),
    "silence too early": (redate("appeal.silent", "2009-07-20T12:00:00+00:00"), "appeals"),
    "an answer nobody was asked for": (set_kind("appeal.answered", addressee="Y"), "appeals"),
    "a ruling too early": (redate("obligation.breached", "2009-07-10T12:00:00+00:00"), "agreements"),
    "a ruling by a party": (set_kind("obligation.breached", side="b"), "agreements"),
    "alleged before it was due": (set_kind("obligation.alleged", due_on="2009-12-01"), "agreements"),
    "a promise nobody made": (set_kind("obligation.alleged", obligation="p"), "agreements"),
    "read after the term": (redate("access.read", "2010-01-03T12:00:00+00:00"), "agreements"),
    "a termination in hindsight": (
        set_kind("agreement.noticed", notice="termination", effective_on="2009-06-01"),
        "agreements",
    ),
    "more respondents than statements": (counted(lambda o: o[0].update(respondents=5000)), "mandates"),
    "more members than were counted": (counted(lambda o: o[0].update(eligible=4000)), "mandates"),
    "figures repeated that never were": (counted(lambda o: o[0].update(repeated=True)), "mandates"),
    "another sentence": (set_kind("appeal.delivered", sentence="10,000 signed version 1"), "appeals"),
    "an answer in another time": (set_kind("appeal.answered", days=3), "appeals"),
    "ratified by somebody else": (set_kind("agreement.ratified", by="C"), "agreements"),
    "alleged by who owes it": (set_kind("obligation.alleged", side="b"), "agreements"),
    "an occurrence nobody promised": (set_kind("obligation.alleged", occurrence=77), "agreements"),
    "read by somebody else": (set_kind("access.read", client="C"), "agreements"),
    "read before it was ratified": (redate("access.read", "2009-07-01T12:00:00+00:00"), "agreements"),
    "an entry left out": (lambda body, _: body["entries"].pop(3), "entries in the record"),
    "a document left out": (lambda body, documents: documents.pop(next(iter(documents))), "documents"),
    "a document too many": (lambda body, documents: documents.update({"0" * 64: b"x"}), "documents"),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGERIES)
def test_even_the_holder_of_the_key_cannot_tell_another_story(told, name):
    change, where = FORGERIES[name]
    found = falsehoods(forge(make_extract(), change))
    assert where in found, found


def test_without_the_key_nothing_can_be_changed(told):
    data = make_extract(["appeal:1"])
    assert "entries in the record" in falsehoods(forge(data, set_kind("appeal.delivered", addressee="Y")))
    other = make_extract(["position:1"])

    def borrow(body, _):
        body["things"] = ["appeal:1"]

    assert "entries in the record" in falsehoods(forge(other, borrow))
    files = bundle.read_zip(data)
    files.pop(bundle.SUMS)
    files["README.txt"] += b"!"
    swapped = bundle.write_zip(files)
    assert falsehoods(swapped) == {}  # the README claims nothing
    body = json.loads(files[EXTRACT])
    body["checkpoint"]["root"] = "0" * 64
    files[EXTRACT] = canonical_json(body)
    assert {"checkpoint", "entries in the record"} <= falsehoods(bundle.write_zip(files)).keys()


def test_the_command_line_checks_an_extract(told, tmp_path):
    path = tmp_path / "record.zip"
    path.write_bytes(make_extract())
    done = CliRunner().invoke(main, ["verify", str(path)])
    assert (done.exit_code, done.output.splitlines()[-1]) == (0, "verify: ok")
    wrong = CliRunner().invoke(main, ["verify", str(path), "--key", "0" * 16])
    assert wrong.exit_code == 1
    receipt = tmp_path / "receipt.json"
    receipt.write_text("{}")
    assert CliRunner().invoke(main, ["verify", str(path), "--receipt", str(receipt)]).exit_code == 2


def test_a_document_is_kept_once_and_named_by_its_hash(now):
    for days in range(2):
        record.append("x.y", {"thing": "x:1"}, at=now + timedelta(days=days), documents={"text": b"same"})
    assert RecordDocument.objects.get().pk == bundle.sha256(b"same")
    assert {entry.payload["documents"]["text"] for entry in RecordEntry.objects.all()} == {bundle.sha256(b"same")}


def test_replies_travel_in_the_bundle(release, representative, now):
    standing, organisation = representative
    before = get_bundle(1)
    reply_to_release(standing=standing, now=now, number=1, organisation_id=organisation.pk, text="We differ.")
    after = get_bundle(1)
    assert bundle.REPLIES not in bundle.read_zip(before)
    assert json.loads(bundle.read_zip(after)[bundle.REPLIES])["replies"][0]["text"] == "We differ."
    assert falsehoods(after) == {}
    # What was signed is the same bytes with and without them.
    assert {k: v for k, v in bundle.read_zip(after).items() if k != bundle.REPLIES} == bundle.read_zip(before)


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda said: said["replies"][0].update(text="We agree."), "was changed"),
        (lambda said: said["replies"][0].update(organisation="Another"), "shown with another organisation"),
        (lambda said: said["replies"][0].update(public_name="The President"), "shown with another public_name"),
        (lambda said: said["replies"].clear(), "without a reply"),
        (lambda said: said["replies"][0]["entry"]["payload"].update(thing="release:2"), "not in the record"),
        (lambda said: said["checkpoint"].update(tree_size=9), "not signed"),
        (lambda said: said.update(consistency=[]), "does not contain"),
    ],
)
def test_a_changed_reply_is_found(release, representative, now, act, words):
    standing, organisation = representative
    reply_to_release(standing=standing, now=now, number=1, organisation_id=organisation.pk, text="We differ.")
    said = json.loads(bundle.read_zip(get_bundle(1))[bundle.REPLIES])
    act(said)
    plain = _without_replies(get_bundle(1))
    assert words in falsehoods(bundle.add_replies(plain, said))["replies"]


def _without_replies(data):
    files = bundle.read_zip(data)
    files.pop(bundle.REPLIES)
    files.pop(bundle.SUMS)
    return bundle.write_zip(files)


def test_a_reply_under_membership_figures(representative, now):
    standing, organisation = representative
    reply_to_membership(standing=standing, now=now, slug=organisation.slug, text="Public since 1847.")
    assert falsehoods(make_extract([f"membership:{organisation.slug}"])) == {}
    with zipfile.ZipFile(BytesIO(make_extract())) as archive:
        assert archive.testzip() is None
