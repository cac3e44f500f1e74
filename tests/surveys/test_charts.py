import re
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import auscult
from auscult.surveys import charts
from auscult.surveys.charts.drawing import COLOURS, LETTER, NARROW, WIDTH
from auscult.surveys.charts.shares import _scale_classes

SHEET = Path(auscult.__file__).parent / "web/static/auscult/auscult.css"
FORTY = "Physical medicine, rehabilitation, other"
HOSTILE = "<script>alert('x')</script> & \"more\" \x00\x0b"
POINTS = ("Strongly disagree", "Disagree", "Neither agree nor disagree", "Agree", "Strongly agree")
VALUES = {code: 0.01 * number for number, code in enumerate(charts.TILES)} | {"TX": None}


def bars(title="Title", **kind):
    rows = [
        charts.BarRow(FORTY, 0.62, 0.55, 0.66, 0.6),
        charts.BarRow("Everybody", 1, 0.97, 1, 1),
        charts.BarRow("Nobody", 0, 0, 0.03, 0),
        charts.BarRow("Few", 0.1, 0.02, 0.4, 0.12, caution=True),
    ]
    return charts.bars_with_intervals(title, rows, **kind)


def likert(title="Title", **kind):
    rows = [charts.LikertRow(FORTY, (0.1, 0.2, 0.2, 0.3, 0.2)), charts.LikertRow("All", (0, 0, 0, 0, 1))]
    return charts.diverging_likert(title, rows, POINTS, **kind)


def tiles(title="Title", **kind):
    return charts.tile_map(title, VALUES, **kind)


def love(title="Title", **kind):
    return charts.love_plot(title, [charts.BalanceRow(FORTY, 0.42, 0.02), charts.BalanceRow("Sex", 0, 0)], **kind)


def trend(title="Title", **kind):
    rows = [
        charts.TrendPoint("3 March 2023", 0.4, 0.35, 0.45),
        charts.TrendPoint("12 September 2024", 0.5, 0.45, 0.55),
        charts.TrendPoint("2 June 2025", 0.7, 0.65, 0.75, changed=True),
    ]
    return charts.trend(title, rows, **kind)


EVERY = [bars, likert, tiles, love, trend]
every = pytest.mark.parametrize("chart", EVERY)
both = pytest.mark.parametrize("narrow", [False, True])


def parts(svg, tag=None, cls=None):
    found = [each for each in ET.fromstring(svg).iter() if isinstance(each.tag, str)]
    found = [each for each in found if tag is None or each.tag.rpartition("}")[2] == tag]
    return [each for each in found if cls is None or cls in each.get("class", "").split()]


def rects(svg, cls):
    return [tuple(float(each.get(name)) for name in ("x", "y", "width", "height")) for each in parts(svg, "rect", cls)]


def words(svg):
    return [each.text for each in parts(svg, "text")]


# What all have in common


@every
@both
def test_a_chart_has_a_role_a_title_and_its_figures_in_words(chart, narrow):
    svg = chart("How they answered", narrow=narrow)
    root = ET.fromstring(svg)
    assert root.get("role") == "img"
    assert root.get("aria-label") == "How they answered"
    assert [each.tag for each in root][:2] == ["title", "desc"]
    assert "%" in root[1].text or "0.42 before" in root[1].text


@every
@both
def test_a_chart_in_a_page_has_nothing_that_the_security_policy_forbids(chart, narrow):
    svg = chart(narrow=narrow)
    assert not parts(svg, "style") + parts(svg, "script")
    names = {name for each in parts(svg) for name in each.attrib}
    assert not {name for name in names if name == "style" or name == "id" or name.startswith("on")}


@every
def test_wordings_are_escaped_and_letters_that_xml_cannot_hold_are_dropped(chart):
    svg = chart(HOSTILE, standalone=True)
    assert parts(svg, "title")[0].text == HOSTILE[:-2]
    assert not parts(svg, "script")


@every
@both
def test_every_class_has_a_colour_in_the_file_and_in_the_stylesheet_of_the_pages(chart, narrow):
    sheet = SHEET.read_text(encoding="utf-8")
    file = chart(narrow=narrow, standalone=True)
    (style,) = parts(file, "style")
    for cls in {cls for each in parts(file) for cls in each.get("class", "").split()} - {"chart", "paper"}:
        assert re.search(rf"\.{cls}\b", style.text), cls
        assert re.search(rf"\.chart \.{cls}\b", sheet), cls


def test_the_stylesheet_of_the_pages_has_the_colours_of_the_file():
    sheet = SHEET.read_text(encoding="utf-8")
    tokens = dict(re.findall(r"(--[\w-]+): light-dark\((#\w+, #\w+)\)", sheet))
    for cls, (name, light, dark) in COLOURS.items():
        if cls == "paper":
            continue
        (said,) = re.findall(rf"\.chart \.{cls} {{ {name}: ([^;]+); }}", sheet)
        if said.startswith("var("):
            said = tokens[said[4:-1]]
        assert re.findall(r"#\w+", said) in ([light, dark], [light] if light == dark else None), cls


@every
def test_a_file_stands_alone_in_light_and_in_dark(chart):
    svg = chart("How they answered", standalone=True)
    assert (
        svg.startswith('<svg xmlns="http://www.w3.org/2000/svg"') or 'xmlns="http://www.w3.org/2000/svg"' in svg[:200]
    )
    assert "prefers-color-scheme: dark" in parts(svg, "style")[0].text
    assert words(svg)[0] == "How they answered"
    root = ET.fromstring(svg)
    (paper,) = rects(svg, "paper")
    assert [float(number) for number in root.get("viewBox").split()] == list(paper)
    assert (float(root.get("width")), float(root.get("height"))) == paper[2:]


@every
@both
def test_nothing_lies_outside_the_picture(chart, narrow):
    svg = chart(narrow=narrow)
    left, top, width, height = (float(number) for number in ET.fromstring(svg).get("viewBox").split())
    assert (left, top, width) == (0, 0, NARROW if narrow else WIDTH)
    for each in parts(svg, "rect"):
        x, y, w, h = (float(each.get(name)) for name in ("x", "y", "width", "height"))
        assert -0.01 <= x <= x + w <= width + 0.01
        assert 0 <= y <= y + h <= height
    for each in parts(svg, "text"):
        long = 0.9 * LETTER * len(each.text)
        before = {"start": 0, "middle": long / 2, "end": long}[each.get("text-anchor")]
        assert float(each.get("x")) - before >= -8, each.text
        assert float(each.get("x")) - before + long <= width + 8, each.text
        assert float(each.get("y")) <= height


@every
@both
def test_no_two_texts_lie_on_each_other(chart, narrow):
    boxes = []
    for each in parts(chart(narrow=narrow), "text"):
        long = 0.9 * LETTER * len(each.text)
        x = float(each.get("x")) - {"start": 0, "middle": long / 2, "end": long}[each.get("text-anchor")]
        boxes.append((x, x + long, float(each.get("y")), each.text))
    boxes.sort(key=lambda box: box[2])
    for place, one in enumerate(boxes):
        for other in boxes[place + 1 :]:
            assert other[2] - one[2] >= 12 or other[0] >= one[1] or one[0] >= other[1], (one, other)


@every
def test_long_labels_wrap_on_a_narrow_screen(chart):
    longest = max(words(chart(narrow=True)), key=len)
    assert len(longest) * LETTER <= NARROW


def luminance(colour):
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [1, 2])
def test_text_can_be_read_on_its_ground(scheme):
    pairs = [(f"on-{cls}", cls) for cls in COLOURS if f"on-{cls}" in COLOURS]
    for ink, ground in [*pairs, ("ink", "paper"), ("soft", "paper"), ("soft", "withheld")]:
        assert contrast(COLOURS[ink][scheme], COLOURS[ground][scheme]) >= 4.5, (ink, ground)


@pytest.mark.parametrize("scheme", [1, 2])
def test_what_carries_meaning_stands_out(scheme):
    for line, ground in [("interval", "track"), ("interval", "fill"), ("ring", "paper"), ("path", "paper")]:
        assert contrast(COLOURS[line][scheme], COLOURS[ground][scheme]) >= 3, (line, ground)


# Bars


@both
def test_a_bar_is_as_long_as_its_share(narrow):
    svg = bars(narrow=narrow)
    (_, _, room, _), *_ = rects(svg, "track")
    assert [each[2] for each in rects(svg, "fill")] == pytest.approx([0.62 * room, room, 0], abs=0.01)


def test_an_interval_runs_from_its_low_to_its_high_end():
    svg = bars()
    (_, _, room, _), *_ = rects(svg, "track")
    x, _, long, _ = rects(svg, "interval")[0]
    assert (x, x + long) == pytest.approx((0.55 * room, 0.66 * room), abs=0.02)


def test_an_uncertain_share_is_drawn_and_called_so():
    svg = bars()
    assert len(parts(svg, "rect", "unsure")) == 1
    assert "Few (uncertain)" in words(svg)
    assert "uncertain" in parts(svg, "desc")[0].text


def test_raw_shares_alone_have_no_legend_of_weights():
    svg = charts.bars_with_intervals("Title", [charts.BarRow("Yes", 0.5)])
    assert not parts(svg, "rect", "interval")
    assert words(svg) == ["Yes", "50%"]


# Likert


def test_stacked_shares_touch_and_the_neutral_point_is_halved_by_the_middle():
    svg = charts.diverging_likert("Title", [charts.LikertRow("Row", (0.1, 0.2, 0.2, 0.3, 0.2))], POINTS)
    # All but the legend, which is below.
    drawn = [box for cls in ("d3", "d1", "d0", "a1", "a3") for box in rects(svg, cls)[:1]]
    for (x, _, long, _), (next_x, *_) in pairwise(drawn):
        assert next_x - (x + long) == pytest.approx(1, abs=0.03)
    middle = float(parts(svg, "line", "rule")[0].get("x1"))
    assert drawn[2][0] + drawn[2][2] / 2 == pytest.approx(middle, abs=0.02)


def test_an_even_scale_parts_between_its_halves():
    svg = charts.diverging_likert("Title", [charts.LikertRow("Row", (0.25, 0.25, 0.25, 0.25))], ("a", "b", "c", "d"))
    middle = float(parts(svg, "line", "rule")[0].get("x1"))
    assert middle == WIDTH / 2
    assert rects(svg, "a1")[0][0] == pytest.approx(middle + 0.5)
    assert not parts(svg, "rect", "d0")


def test_labels_stand_only_where_there_is_room():
    svg = charts.diverging_likert("Title", [charts.LikertRow("Row", (0.01, 0.99))], ("No", "Yes"), narrow=True)
    assert "99%" in words(svg)
    assert "1%" not in words(svg)


def test_shades_grow_towards_the_ends_and_differ_up_to_seven_points():
    assert _scale_classes(2) == ["d2", "a2"]
    assert _scale_classes(5) == ["d3", "d1", "d0", "a1", "a3"]
    assert _scale_classes(7) == ["d3", "d2", "d1", "d0", "a1", "a2", "a3"]
    assert len(_scale_classes(11)) == 11


def test_a_row_that_does_not_fit_its_scale_is_refused_by_name():
    with pytest.raises(ValueError, match="“Row” has 2 shares; the scale has 3 points"):
        charts.diverging_likert("Title", [charts.LikertRow("Row", (0.5, 0.5))], ("a", "b", "c"))


# States


def test_there_is_one_tile_for_each_state_and_dc():
    assert len(charts.TILES) == len(set(charts.TILES.values())) == 51


def test_withheld_states_are_hatched_and_show_no_number():
    svg = charts.tile_map("Title", {"TX": None, "CA": 0.4, "NY": 0.6})
    # Forty-eight states of which nothing was given, Texas, and the legend.
    assert len(rects(svg, "withheld")) == 49 + 1
    assert sorted(each for each in words(svg) if each.endswith("%") and "–" not in each) == ["40%", "60%"]


def test_five_steps_run_from_the_smallest_to_the_largest_share():
    svg = charts.tile_map("Title", {"CA": 0.0, "NY": 0.5, "TX": 1.0})
    assert [each for each in words(svg) if "–" in each] == ["0–20%", "20–40%", "40–60%", "60–80%", "80–100%"]
    assert [len(rects(svg, f"s{step}")) for step in range(5)] == [2, 1, 2, 1, 2]


def test_equal_shares_need_one_step():
    svg = charts.tile_map("Title", dict.fromkeys(charts.TILES, 0.5))
    assert [each for each in words(svg) if "–" in each] == ["50–50%"]
    assert "withheld" not in words(svg)


def test_a_map_of_which_all_is_withheld_says_only_that():
    assert words(charts.tile_map("Title", dict.fromkeys(charts.TILES)))[-1] == "withheld"


def test_a_code_without_a_tile_is_refused():
    with pytest.raises(ValueError, match="no tile for GU, PR"):
        charts.tile_map("Title", {"PR": 0.5, "GU": None, "TX": 0.4})


# Balance


@both
def test_rings_and_dots_stand_at_their_differences_and_the_line_at_a_tenth(narrow):
    svg = charts.love_plot("Title", [charts.BalanceRow("Sex", 0.4, 0.2)], narrow=narrow)
    ring, dot = (float(parts(svg, "circle", cls)[0].get("cx")) for cls in ("ring", "interval"))
    grid = parts(svg, "line", "grid")[0]
    begin, end = float(grid.get("x1")), float(grid.get("x2"))
    assert (ring, dot) == pytest.approx((end, (begin + end) / 2), abs=0.02)
    line = parts(svg, "line", "rule")[0 if narrow else -1]
    assert float(line.get("x1")) == float(line.get("x2")) == pytest.approx(begin + (end - begin) / 4, abs=0.02)


def test_the_size_of_a_difference_is_drawn_whatever_its_sign():
    one, other = (charts.love_plot("Title", [charts.BalanceRow("Sex", *each)]) for each in ((0.4, 0.2), (-0.4, -0.2)))
    assert one == other


@pytest.mark.parametrize("faulty", [float("inf"), float("nan")])
def test_a_difference_that_is_none_is_refused_by_name(faulty):
    with pytest.raises(ValueError, match="differences of “Sex” must be finite numbers"):
        charts.love_plot("Title", [charts.BalanceRow("Sex", 0.1, faulty)])


# Waves


def test_the_line_breaks_where_the_wording_changed():
    svg = trend()
    assert len(parts(svg, "line", "path")) == 1
    assert len(parts(svg, "line", "dashed")) == 1
    assert "cannot be compared" in " ".join(words(svg))


def test_a_trend_without_a_change_says_nothing_of_it():
    svg = charts.trend("Title", [charts.TrendPoint(str(year), 0.5, 0.4, 0.6) for year in (2024, 2025)])
    assert not parts(svg, "line", "dashed")
    assert "compared" not in " ".join(words(svg))


def test_higher_shares_stand_higher_and_intervals_around_them():
    svg = trend()
    heights = [float(each.get("cy")) for each in parts(svg, "circle")]
    assert heights == sorted(heights, reverse=True)
    for height, (_, y, _, long) in zip(heights, rects(svg, "interval"), strict=True):
        assert y < height < y + long


@both
def test_of_many_waves_the_last_is_always_named_and_none_overlap(narrow):
    def many(*, narrow):
        rows = [charts.TrendPoint(f"{day} September 2025", 0.5, 0.4, 0.6) for day in range(1, 21)]
        return charts.trend("Title", rows, narrow=narrow)

    test_no_two_texts_lie_on_each_other(many, narrow)
    test_nothing_lies_outside_the_picture(many, narrow)
    named = [each for each in words(many(narrow=narrow)) if each.isdecimal() and int(each) < 2000]
    assert named[-1] == "20"
    assert 3 <= len(named) < 20


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_share_of_none_or_all_lies_within_the_axis(share):
    svg = charts.trend("Title", [charts.TrendPoint("2025", share, share, share)])
    assert f"{share:.0%}" in words(svg)
    test_nothing_lies_outside_the_picture(lambda *, narrow: svg, False)


def test_wrapped_labels_lose_no_word():
    said = " ".join(words(charts.bars_with_intervals("Title", [charts.BarRow(FORTY * 3, 0.5)], narrow=True)))
    assert said.replace(" ", "").count("rehabilitation") == 3
