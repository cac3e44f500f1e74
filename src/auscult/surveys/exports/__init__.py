"""Files that a researcher takes away from a closed survey. Pure: no Django, no clock, no randomness.

The unit is the item, never the person: each item has a file of its own with one row per anonymous answer, so no file and no
two files together hold what one person answered to two questions.
"""
