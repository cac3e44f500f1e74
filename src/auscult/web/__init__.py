"""Base templates, components, home, static files, pages for developers."""
