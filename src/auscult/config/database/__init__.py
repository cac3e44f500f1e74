"""The database backend: Django's own for PostgreSQL, with a cheaper look whether a kept connection still stands."""
