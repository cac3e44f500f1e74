"""Names and places by their capital letters: what no pattern of one line can say.

A run of capitalised words is a name where one of them is a first name of the Census of 1990 (package ``names``), or where two
or more stand in the middle of a sentence; it is a place after a preposition. Words that clinicians capitalise anyway are left
alone, and so is a run in front of what is called after people (sign, syndrome, score …).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from auscult.community.deidentification.classes import Finding, IdentifierClass

_LOWER = "a-zß-öø-ÿ"
_WORD = rf"[A-ZÀ-ÖØ-Þ](?:['’][A-Z])?[{_LOWER}]+(?:[A-Z][{_LOWER}]+)?(?:-(?:[A-Z][{_LOWER}]+)){{0,2}}"
#: A capitalised word, with up to four more, initials and particles among them.
RUN = rf"{_WORD}(?: (?:(?:[A-Z]\.|de|del|della|van|von|der|den|la|al|bin|ibn) ){{0,2}}{_WORD}){{0,4}}(?: [A-Z]\.(?=[ ,;:)(]))?"
_RUN = re.compile(rf"(?<![\w.@/#'’-])(?:[A-Z]\. (?:[A-Z]\. )?)?{RUN}(?![\w@])")
_WORDS = re.compile(_WORD)
_PREPOSITION = re.compile(
    r"\b(?:in|from|at|to|near|outside|around|via|left for|lives|visiting|works for) (?:the )?$", re.IGNORECASE
)
#: What is called after people, and what is no name though it looks like one.
_CALLED_AFTER = re.compile(
    r"(?:['’]s?)? (?:sign|syndrome|disease|score|scale|palsy|class|criteria|test|lymphoma|catheter|procedure|reflex|stage|"
    r"grade|nodes?|papules?|tumou?r|phenomenon|maneuver|manoeuvre|triad|index|classification|cells?|bodies|ulcer|hernia|"
    r"fracture|esophagus|thyroiditis|granulomatosis|contracture|type|positive|negative|upgoing|placed|was excluded|"
    r"I{1,3}|IV|VI{0,3})\b|-[A-Za-z]"
)
_POSSESSIVE = re.compile(r"['’]s?(?= |$)")
_PLAIN = frozenset(
    """
    a about above accession account acute addison after again age all also although always amoxicillin an and angle
    another anti any anyone apgar april apt are aren as asked assessment at august autopsy autumn away babinski baby
    back bad barely baseline because bed before bell better bill biopsy birth blood bonnet born both boy brain brother
    but by call called came can cancer care carry case cases cause cc certificate chance charity chart chase check
    chest chief child christmas cliff clinic code coding cold colic colleague colleagues coming consult coombs cough
    could crohn crystal curt cushing dad date daughter day days dean dear death december delta department dermatology
    device diagnosis diarrhea dictated dictation did discharge do doctor does don done dot down driver drug dx each
    earnest easter echo either else emergency employee ent even every everyone exam excellent exome eye faith family
    father fax february fellow film findings first foley follow followup for found four frank friday from fx gallop
    gas gastric gene general girl given glasgow gleason gold good gout grace gram grant graves group guess guideline
    guillain guy had half hang has have having he head heart hello hemoglobin her here hi his history hodgkin holter
    home honey hope hospice hospital how however hpi hung hurts husband hx hypertension ibuprofen id idea if
    impression in incision infection insulin insurance intensive interferon iris is isolated it its jack january joy
    july june just kaposi keep kit lab labs lady last later lean left less let letter levothyroxine life like lithium
    live loan long look looking love lower lyme major man manual many march marfan marine mark maternal may maybe med
    medicaid medical medicare medication mercy met meta miles min miss mom monday moon more most mother mri murphy
    must my na native nephrology neuro never new newborn next night no nobody none normal not note nothing november
    now nurse nursing ob objective october of office ok old on once one only open operating operation or order orders
    our outside over page pain palliative parents parkinson past pat path patient patients peds penny per perhaps
    person pharmacy phone physical plan please pmh portal post presented president problem prognosis progress psych
    psychiatry pt pupils question radiology rare read recheck records referral refill report resident rest result
    results review rich right risk room rose rosenmueller rural rx same saturday saw season second section see seen
    september service several she should since skin sleep so social some somebody someone son soon spring stain
    started still stool strep stroke student subject subjective summary summer sun sunday surgery surgical tell thank
    thanks that the their then therapy there these they third this those three thursday thyroid tiny to today told
    tomorrow torsion transfer trauma triage true tuesday turner two ulcer un unit unsure until urgent urology us used
    vaccine van very vision vitals wait walker want was we wednesday well wells were what when where which while white
    who whom why widow wife will wilson winter with without words work would write xray yes yesterday yet you young
    your
    """.split()
)
_NO_PLACES = frozenset(
    """
    afghanistan africa alabama alaska america arabic arizona arkansas asia australia brazil california canada
    cantonese carolina china chinese cochrane colorado congress connecticut cuba dakota delaware denmark egypt england
    english ethiopia europe facebook finland florida france french georgia german germany ghana greece haiti hampshire
    hawaii hindi hmong idaho illinois india indiana internet iowa iran iraq ireland island israel italy japan jersey
    kansas kentucky kenya korea korean louisiana maine mandarin maryland massachusetts medicaid medicare medline
    mexico michigan minnesota mississippi missouri montana nebraska nevada nigeria norway ohio oklahoma ontario oregon
    pakistan pennsylvania philippines poland polish portugal pubmed quebec rhode russia russian scotland somali
    somalia spain spanish sweden tennessee texas thailand turkey ukraine urdu utah vermont vietnam vietnamese virginia
    washington wikipedia wisconsin wyoming york
    """.split()
)


@cache
def _first_names() -> frozenset[str]:
    found: set[str] = set()
    for name in ("dist.female.first", "dist.male.first"):
        lines = files("names").joinpath(name).read_text(encoding="ascii").splitlines()
        found.update(line.split()[0].lower() for line in lines)
    return frozenset(found - _PLAIN - _NO_PLACES)


def is_plain(word: str) -> bool:
    """Whether a capitalised word says nothing of who or where."""
    bare = re.split(r"['’]", word.lower())[0] if not re.match(r"[odl]['’]", word.lower()) else word.lower()
    return bare in _PLAIN or bare in _NO_PLACES


def find_capitals(text: str) -> Iterator[Finding]:
    """Names and places among runs of capitalised words; they may overlap with what patterns find."""
    for match in _RUN.finditer(text):
        start, end = match.span()
        words = [(word.start() + start, word.group()) for word in _WORDS.finditer(match.group())]
        # What a sentence happens to begin with, and what closes a run, tells nothing.
        while words and is_plain(words[0][1]):
            words.pop(0)
        while words and is_plain(words[-1][1]):
            end = words.pop()[0]
        if not words:
            continue
        has_initial = match[0][1] == "."
        if not (has_initial and words[0][0] <= start + 6):
            start = words[0][0]
        end = len(text[:end].rstrip())
        known = any(word.lower() in _first_names() for _, word in words)
        if _CALLED_AFTER.match(text, end) or (not known and _POSSESSIVE.match(text, end)):
            continue
        before = text[max(0, start - 14) : start]
        if _PREPOSITION.search(before):
            why = "A town or an institution is smaller than a state."
            yield Finding(IdentifierClass.PLACE, start, end, text[start:end], why, "a place")
        elif known or len(words) > 1 or has_initial:
            yield Finding(IdentifierClass.NAME, start, end, text[start:end], "This looks like a name.", "the patient")
