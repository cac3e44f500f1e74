"""What allauth asks of us."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.db import transaction
from django.http import HttpRequest

from auscult.members.actions.accounts import create_member
from auscult.members.models import Account


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Gives each new account its member row in the same transaction."""

    def save_user(self, request: HttpRequest, user: Account, form: Any, commit: bool = True) -> Account:
        """Save a new account and its member."""
        with transaction.atomic():
            saved: Account = super().save_user(request, user, form, commit=commit)
            if commit:
                create_member(account_id=saved.pk)
        return saved
