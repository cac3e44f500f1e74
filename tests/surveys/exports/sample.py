"""A closed survey to export."""

from datetime import date

import numpy as np

from auscult.surveys.exports.tables import ExportItem, ExportSurvey

YES_NO = (("yes", "Yes"), ("no", "No"))
SCALE = (("low", "=Low"), ("middle", "Middle"), ("high", "High"), ("never", "Never seen"))
CELLS = (("cardiology", "west"), ("cardiology", "east"), ("surgery", "west"), ("surgery", "east"), ("other", "west"))


def make_survey(**changes):
    """Five cells; item q1 with one small cell, q2 a scale with two rare choices, q3 unanimous but for four people."""
    fields = {
        "title": "Night work & <sleep>",
        "public_id": "s-7Q",
        "freeze_hash": "ab" * 32,
        "instrument": "Sample survey",
        "opened_on": date(2009, 3, 2),
        "closed_on": date(2009, 4, 5),
        "members": 900,
        "respondents": 400,
        "excluded": 6,
        "universe_words": "physicians in practice",
        "method_version": "2",
        "licence": "CC BY 4.0",
        "sentence": "The margin of sampling error is ±5 points “at most”.",
        "minimum": 10,
        "strata": ("specialty", "region"),
        "stratum_labels": {
            "specialty": {"cardiology": "Cardiology", "surgery": "Surgery", "other": "Other, “all”"},
            "region": {"west": "West", "east": "East"},
        },
        "design": "stratified",
        "items": (
            ExportItem("q1", "Do you work at night?", "", YES_NO, False),
            ExportItem("q2_a", "How high? " + "very " * 60 + "Noise | <b>", "Noise | <b>", SCALE, True),
            ExportItem("q3", "Do you sleep at all?", "", YES_NO, False),
        ),
        "cells": CELLS,
        "cell_population": np.array([200, 100, 150, 90, 160]),
        "weights": np.array([2.0, 1.2345, 3.5, 2.25, 1.0]),
        "counts": {
            "q1": np.array([[40, 50], [4, 30], [30, 60], [20, 25], [45, 55]]),
            "q2_a": np.array([[40, 48, 2, 0], [14, 20, 0, 0], [45, 41, 3, 1], [20, 25, 0, 0], [60, 33, 3, 4]]),
            "q3": np.array([[90, 0], [34, 0], [88, 2], [44, 1], [99, 1]]),
        },
    }
    return ExportSurvey(**(fields | changes))
