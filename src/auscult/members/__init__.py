"""Accounts, verification, standing, and the firewall between a name and a pseudonym."""
