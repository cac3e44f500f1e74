"""Pages of the voice, by noun."""
