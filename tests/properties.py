"""How many examples property tests try.

``make test`` tries few, always the same; ``make test-all`` tries all, and new ones each time.
"""

from __future__ import annotations

import os

import hypothesis

QUICK_EXAMPLES = 25
PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "quick")

# No deadline: machines of continuous integration are slow at times, and a property is judged by its truth alone.
hypothesis.settings.register_profile("quick", deadline=None, max_examples=QUICK_EXAMPLES, derandomize=True)
hypothesis.settings.register_profile("all", deadline=None, print_blob=True)


def examples(count: int) -> int:
    """``count`` in ``make test-all``, at most ``QUICK_EXAMPLES`` otherwise; for tests that set a number of their own."""
    return count if PROFILE == "all" else min(count, QUICK_EXAMPLES)
