"""Postings, comments, usefulness: what is said."""
