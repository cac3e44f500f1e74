"""Pages of the community. Every htmx request works as a full page first."""
