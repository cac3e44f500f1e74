"""Pages of the surveys' room."""
