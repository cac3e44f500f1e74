"""Instruments, questionnaires, turnout, ballots and tallies: what is measured."""
