"""Patterns and their contexts, one row for each way in which an identifier is written.

Every expression is of bounded repetition over one line, so that a hostile text costs linear time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from auscult.community.deidentification.capitals import RUN
from auscult.community.deidentification.classes import Finding, IdentifierClass

C = IdentifierClass
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?)"
)
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_YEAR = r"(?:19|20)\d\d"
# Letters, digits and dashes with a digit among them, four at least.
_NUMBER = r"(?=[A-Z-]{0,6}\d)[A-Z0-9](?:[A-Z0-9-]{2,20}[A-Z0-9])"
_WEEKDAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_COUNT = r"(?:\d{1,3}|one|two|three|four|five|six|seven|eight|nine|ten|a few|a couple of)"


@dataclass(frozen=True)
class _Pattern:
    """One way of writing an identifier; the group ``it`` is the identifier, what stands around it is context."""

    kind: IdentifierClass
    expression: re.Pattern[str]
    why: str
    suggestion: str


def _pattern(kind: IdentifierClass, expression: str, why: str, suggestion: str, *, exact: bool = False) -> _Pattern:
    return _Pattern(kind, re.compile(expression, 0 if exact else re.IGNORECASE), why, suggestion)


_PATTERNS = (
    _pattern(C.EMAIL, r"(?P<it>\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}\b)", "This is an e-mail address.", "[removed]"),
    _pattern(C.URL, r"(?P<it>\b(?:https?://|www\.)[^\s<>()\]]{3,300})", "A web address can lead to a person.", "[removed]"),
    _pattern(C.SOCIAL_SECURITY, r"(?<![\d-])(?P<it>\d{3}-\d{2}-\d{4})(?![\d-])", "This looks like a social security number.", "[removed]"),
    _pattern(C.FAX, r"\bfax(?:ed)?\W{0,4}(?:no\.?|number|is|at|to|from)?\W{0,3}(?P<it>(?:\+?1[ .-])?(?:\(?\d{3}\)?[ .-]{0,2})?\d{3}[ .-]?\d{4})\b", "This is a fax number.", "[removed]"),
    _pattern(C.TELEPHONE, r"(?<![\d.-])(?P<it>(?:\+?1[ .-])?(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4})(?![\d-])", "This is a telephone number.", "[removed]"),
    _pattern(C.IP_ADDRESS, r"(?<![\d.])(?P<it>(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3})(?![\d.])", "This is an IP address.", "[removed]"),
    _pattern(C.ACCOUNT, rf"\b(?:account|acct|invoice|bill)(?: (?:no|number))?\W{{0,5}}(?P<it>{_NUMBER})\b", "This is the number of an account.", "[removed]"),
    _pattern(C.LICENCE, rf"\b(?:licen[cs]e|dea|npi|certificate|driver'?s)(?: (?:no|number|licen[cs]e))?\W{{0,5}}(?P<it>{_NUMBER})\b", "This is the number of a licence or certificate.", "[removed]"),
    _pattern(C.VEHICLE, r"\bvin\W{0,4}(?P<it>[A-HJ-NPR-Z0-9]{11,17})\b", "This is the number of a vehicle.", "[removed]"),
    _pattern(C.VEHICLE, r"(?P<it>\b(?=[A-HJ-NPR-Z0-9]{0,16}\d)(?=[A-HJ-NPR-Z0-9]{0,16}[A-Z])[A-HJ-NPR-Z0-9]{17}\b)", "This looks like the number of a vehicle.", "[removed]", exact=True),
    _pattern(C.DEVICE, r"\b(?:serial|s/n|lot|model|device id|udi)(?: (?:no|number))?\W{0,5}(?P<it>(?=[A-Z-]{0,12}\d)[A-Z0-9][A-Z0-9-]{3,24})\b", "This is the number of a device.", "[removed]"),
    _pattern(C.BIOMETRIC, r"(?P<it>\b(?:fingerprints?|retinal scan|iris scan|voice ?print)\b)", "A biometric trait tells who somebody is.", "[removed]"),
    _pattern(C.PHOTOGRAPH, r"(?P<it>\b(?:photo(?:graph)?s?|picture|selfie|image)s? of (?:his|her|their|the patient'?s) face\b)", "A face tells who somebody is.", "a picture, the face covered"),
    _pattern(C.DATE, rf"(?P<it>\b{_MONTH}\.? {_DAY}(?:st|nd|rd|th)?(?:,? ?{_YEAR})?\b)", "A date finer than a year.", "that year"),
    _pattern(C.DATE, rf"(?P<it>\b{_DAY}(?:st|nd|rd|th)?(?: of)? {_MONTH}\.?(?:,? ?{_YEAR})?\b)", "A date finer than a year.", "that year"),
    _pattern(C.DATE, rf"(?P<it>\b{_MONTH}\.?,? (?:of )?{_YEAR}\b)", "A month is finer than a year.", "that year"),
    _pattern(C.DATE, rf"(?P<it>(?<![\d/.-])(?:0?[1-9]|1[0-2])/{_DAY}/(?:{_YEAR}|\d\d)(?![\d/]))", "A date finer than a year.", "that year"),
    _pattern(C.DATE, rf"(?P<it>(?<![\d-]){_YEAR}-(?:0[1-9]|1[0-2])-{_DAY}(?![\d-]))", "A date finer than a year.", "that year"),
    _pattern(C.DATE, rf"\b(?:on|since|by|until|dob|d\.o\.b\.|born|seen|admitted|discharged|died|date)\W{{1,3}}(?P<it>(?:0?[1-9]|1[0-2])/{_DAY})(?![\d/])", "A date finer than a year.", "that year"),
    _pattern(C.DATE, r"(?P<it>\b(?:christmas(?: eve| day)?|thanksgiving|new year'?s(?: eve| day)?|easter(?: sunday)?|halloween|labor day|memorial day|fourth of july)\b)", "A holiday is a date.", "a holiday"),
    _pattern(C.DATE, r"(?P<it>\b(?:9\d|1[01]\d)[ -]?(?:y\.?o\.?|year[s]?[ -]old|yr[s]?[ -]old|y/o)\b)", "Ages from 90 on are told as one group.", "over-90-year-old"),
    _pattern(C.DATE, r"\b(?:aged?|age of|turned)\W{1,3}(?P<it>(?:9\d|1[01]\d))\b(?! ?%)", "Ages from 90 on are told as one group.", "over 90"),
    _pattern(C.DATE, r"(?P<it>\bninety(?:[ -](?:one|two|three|four|five|six|seven|eight|nine))?[ -]year[s]?[ -]old\b)", "Ages from 90 on are told as one group.", "over-90-year-old"),
    _pattern(C.DATE, r"(?P<it>(?<!\d)(?:9\d|1[01]\d) ?[MF](?![A-Za-z]))", "Ages from 90 on are told as one group.", "over 90", exact=True),
    _pattern(C.PLACE, r"(?P<it>\b\d{1,5} (?:[NSEW]\.? )?[A-Z][a-z]{2,20}(?: [A-Z][a-z]{2,20})? (?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Way|Place|Pl|Terrace)\b\.?)", "This is an address.", "[address]", exact=True),
    _pattern(C.PLACE, r"\b(?:zip(?: code)?\W{1,3}|[A-Z]{2} )(?P<it>\d{5}(?:-\d{4})?)\b(?! ?(?:mg|ml|units|cells|copies|/))", "A ZIP code is smaller than a state.", "[ZIP]", exact=True),
    _pattern(C.PLACE, r"\b(?:zip(?: code)?)\W{1,3}(?P<it>\d{5}(?:-\d{4})?)\b", "A ZIP code is smaller than a state.", "[ZIP]"),
    _pattern(C.PLACE, r"(?P<it>\b(?:[A-Z][a-z]{2,20} ){1,3}(?:Hospital|Medical Center|Clinic|Nursing Home|High School|Elementary(?: School)?|County)\b)", "An institution tells the place.", "an institution", exact=True),
    _pattern(C.TELEPHONE, r"\b(?:phone|tel|cell|mobile|call(?:ed)?|text(?:ed)?)\W{0,4}(?:no\.?|at|is|number)?\W{0,3}(?P<it>\d{3}[ .-]?\d{3,4}(?:[ .-]?\d{4})?)\b", "This is a telephone number.", "[removed]"),
    _pattern(C.TELEPHONE, r"\b(?:ext(?:ension)?|pager?|beeper)\b\W{0,4}(?:no\.?|number|is)?\W{0,3}(?P<it>\d[\d-]{2,8})\b", "This is a telephone number.", "[removed]"),
    _pattern(C.TELEPHONE, r"(?<![\d.-])(?P<it>\d{3}-\d{4})(?![\d-])", "This looks like a telephone number.", "[removed]"),
    _pattern(C.SOCIAL_SECURITY, r"\b(?:ssn?|ss ?#|social security|last four)(?: (?:no|number))?\W{0,4}(?P<it>[\dxX*][\dxX* -]{2,9}[\dxX*])(?!\d)", "This looks like a social security number.", "[removed]"),
    _pattern(C.MEDICAL_RECORD, rf"\b(?:mrn|mr ?#|medical record|chart|record|case|accession|specimen|slide)(?: ?(?:no\.?|number|#))?\W{{0,5}}(?P<it>{_NUMBER})\b", "This is the number of a record.", "[removed]"),
    _pattern(C.HEALTH_PLAN, rf"\b(?:member|policy|subscriber|medicare|medicaid|insurance|beneficiary|hicn|plan|group|health card|insurance card|card)(?: (?:card))?(?:[: ]*(?:id|no\.?|number|#))?\W{{0,5}}(?P<it>{_NUMBER}(?: ?/ ?ID {_NUMBER})?)\b", "This is the number of a health plan's member.", "[removed]"),
    _pattern(C.VEHICLE, r"\b(?:licen[cs]e )?(?:plates?|tag)\b\W{0,5}(?:no\.?|number|says|reads|was|is)?\W{0,3}(?P<it>(?=[A-Z]{0,8}[ -]?\d)[A-Z0-9]{1,8}(?:[ -][A-Z0-9]{1,6}){0,2})\b", "This is the plate of a vehicle.", "[removed]", exact=True),
    _pattern(C.VEHICLE, r"\b(?:plates?|tag) (?:says|reads)\W{1,3}(?P<it>[A-Z0-9][A-Z0-9 -]{2,9})\b", "This is the plate of a vehicle.", "[removed]", exact=True),
    _pattern(C.DATE, rf"(?<!every )(?<!each )(?<!most )(?P<it>\b{_WEEKDAY}(?:,? the {_DAY}(?:st|nd|rd|th)?)?\b)", "A day of the week with the posting's date is a date.", "recently"),
    _pattern(C.DATE, rf"\b(?:on|since|until|by|started|from|till|to|says) (?P<it>the {_DAY}(?:st|nd|rd|th))\b(?! (?:of|day|week|month|hour|floor|percentile|time|rib|and|edition|grade))", "A day of a month.", "that month"),
    _pattern(C.DATE, rf"(?P<it>\b(?:yesterday|day before yesterday|last night|as of today|tomorrow|{_COUNT} (?:days?|weeks?) ago)\b)", "With the posting's date this is a date.", "recently"),
    _pattern(C.DATE, rf"(?P<it>\b{_DAY}[- ]{_MONTH}[- ](?:{_YEAR}|\d\d)\b)", "A date finer than a year.", "that year"),
    _pattern(C.DATE, rf"(?P<it>(?<![\d/.-])(?:0?[1-9]|1[0-2])-{_DAY}-(?:{_YEAR}|\d\d)(?![\d-]))", "A date finer than a year.", "that year"),
    _pattern(C.DATE, rf"\b(?:done|left|arrived|came|started|back|returned|since|from|to|until)\W{{1,3}}(?:\d{{4}} on )?(?P<it>(?:0?[1-9]|1[0-2])/{_DAY})(?![\d/])", "A date finer than a year.", "that year"),
    _pattern(C.DATE, rf"\bon (?P<it>(?:0?[1-9]|1[0-2])/{_DAY})(?![\d/])", "A date finer than a year.", "that year"),
    _pattern(C.DATE, r"(?P<it>\b(?:mardi gras|ash wednesday|good friday|holy saturday|palm sunday|yom kippur|rosh hashanah|ramadan|eid|hanukkah|passover|diwali|veterans day|father's day|mother's day|valentine'?s day)\b)", "A holiday is a date.", "a holiday"),
    _pattern(C.DATE, r"(?P<it>\b(?:9\d|1[01]\d) years? (?:old|of age)\b)", "Ages from 90 on are told as one group.", "over 90"),
    _pattern(C.PLACE, r"(?P<it>\b(?:[Aa]pt\.? ?\d{1,4}[A-Z]?,? )?\d{1,5} (?:[NSEW]\.? )?[A-Z][a-z]{2,20}(?: [A-Z][a-z]{2,20})? (?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Way|Place|Pl|Terrace|Quay|Square|Highway|Hwy)\b\.?(?:, [A-Z][a-z]{2,20})?)", "This is an address.", "[address]", exact=True),
    _pattern(C.PLACE, r"(?P<it>\b(?:[A-Z][a-z.]{1,20} ){1,3}(?:Hospital|Medical Center|Clinic|Nursing Home|High School|Middle School|Elementary(?: School)?|County|Church|College|University|Reservation|Hospice|Rehab|Manor|Inn|VA)\b)", "An institution tells the place.", "an institution", exact=True),
    _pattern(C.NAME, rf"(?P<it>\b(?:Mr|Mrs|Ms|Miss|Mister)\b\.? (?:[A-Z]\.? ){{0,2}}{RUN})", "A name after a title.", "the patient", exact=True),
    _pattern(C.NAME, rf"(?P<it>\b(?:Dr|Sr|Rev|Prof|Sister|Brother|Father|Officer|Aunt|Uncle|Nurse|Sgt|Capt|Judge|Coach|Pastor|Rabbi|Imam)\b\.? (?:[A-Z]\.? ){{0,2}}{RUN})", "A name after a title.", "somebody", exact=True),
    _pattern(C.NAME, rf"\b(?:named|name is|name was|name:|known as|called|call (?:him|her|me)|[Pp]atient:|[Pp]t:|ID:|Re:|RE:|[Pp]atient's name:?)\s(?P<it>{RUN}(?:, {RUN})?)", "A name.", "the patient", exact=True),
    _pattern(C.NAME, rf"\b(?:wife|husband|daughter|son|mother|father|sister|brother|partner|nephew|niece|cousin|aunt|uncle|friend|neighbou?r|nurse|caregiver|manager|in-law|patient|pt|Patient|Pt|Mother of|Son of|she|he|girl|boy)\b,? (?P<it>(?!The|This|She|He|With|Who|Has|Had|Was|Is|And){RUN})(?=[ ,.;:)(]|$)", "This looks like a name.", "a relative", exact=True),
    _pattern(C.NAME, rf"\b(?:wife|husband|daughter|son|mother|father|sister|brother|partner|nurse|friend) ?[(] ?[\\\"“]?(?P<it>{RUN})", "This looks like a name.", "a relative", exact=True),
    _pattern(C.NAME, r"\b(?:its|it's|i'm|i am|this is) (?P<it>[a-z]{3,14})(?= (?:from|again|here)\b)", "This looks like a name.", "the patient"),
    _pattern(C.NAME, r"(?P<it>(?<=[\\\"“])[A-Z][a-z]{2,14}(?=[\\\"”],))", "This looks like a nickname.", "somebody", exact=True),
    _pattern(C.NAME, rf"\b(?:Consult note|Consult|Note|Patient|Name): (?P<it>{RUN})(?=,)", "This looks like a name.", "the patient", exact=True),
    _pattern(C.DATE, rf"{RUN}, (?P<it>(?:9\d|1[01]\d))(?=[,.;: ])(?! ?%)", "Ages from 90 on are told as one group.", "over 90", exact=True),
    _pattern(C.DATE, r"\b(?:patient|pt|woman|man|lady|gentleman|somebody|relative|she|he|widow|widower), (?P<it>(?:9\d|1[01]\d))(?=[,.;: ])(?! ?%)", "Ages from 90 on are told as one group.", "over 90"),
    _pattern(C.PLACE, rf", (?:of|from) (?P<it>{RUN})", "This looks like a place.", "a place", exact=True),
    _pattern(C.NAME, rf"(?<=[.!?] )(?P<it>{RUN})(?=, \d{{1,3}}[ ,:MFym])", "This looks like a name.", "the patient", exact=True),
    _pattern(C.DATE, rf"\b(?:the {_DAY}(?:st|nd|rd|th)\b[^.]{{1,60}}?,) (?P<it>{_DAY}(?:st|nd|rd|th))\b", "A day of a month.", "that day"),
    _pattern(C.OTHER, rf"\b(?:study|trial|subject|participant|specimen|badge|shield|employee|student|passport|inmate|registry|claim|device|c)[- ](?:(?:id|no\.?|number|#))\W{{0,5}}(?P<it>{_NUMBER})\b", "This number belongs to one person.", "[removed]"),
    _pattern(C.OTHER, rf"\b(?:badge|shield|employee|inmate|passport|student id|registry no)\.?\W{{0,3}}(?P<it>{_NUMBER})\b", "This number belongs to one person.", "[removed]"),
    _pattern(C.OTHER, r"\b(?:no\.|number|#|id)\W{0,3}(?P<it>(?=[A-Z-]{0,6}\d)[A-Z0-9](?:[A-Z0-9-]{4,24}[A-Z0-9]))\b", "A number of six and more may belong to one person.", "[removed]"),
    _pattern(C.OTHER, r"(?P<it>\b(?:the only|the first ever|world'?s first) [a-z -]{3,60} (?:in|of) (?:the|this|our) (?:county|state|town|city|country)\b)", "Something that is true of one person only.", "[removed]"),
)  # fmt: skip


def find_all(text: str) -> Iterator[Finding]:
    """Every finding of every pattern; they may overlap."""
    for pattern in _PATTERNS:
        for match in pattern.expression.finditer(text):
            start, end = match.span("it")
            yield Finding(pattern.kind, start, end, match["it"], pattern.why, pattern.suggestion)
