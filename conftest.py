"""Plugins that every test runs under."""

pytest_plugins = ["tests.mail_links", "tests.audit_recorder"]
