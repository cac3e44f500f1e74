"""Questionnaires: what is asked, in which order, of whom. Pure: no Django, no clock, no randomness of its own."""
