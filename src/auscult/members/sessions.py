"""Sessions in the database; one query reads the session, its account and who that is here.

Three queries and two ORM objects were a third of what a page cost. The store is Django's own, with another read.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.db import connection
from django.utils import timezone

from auscult.members.queries.standing import STANDING_COLUMNS

#: What other rooms want read beside the session: name → one scalar in SQL, where ``m`` is the member. Set when apps are ready.
BESIDE: dict[str, str] = {}
_READ = f"""
    SELECT s.session_data, {{beside}}a.id, a.password, a.last_login, a.email, a.is_active, a.joined_at, {STANDING_COLUMNS}
    FROM members_loginsession AS s
    LEFT JOIN members_account AS a ON a.id = s.account_id
    LEFT JOIN members_member AS m ON m.account_id = a.id
    WHERE s.session_key = %s AND s.expire_date > %s
"""  # noqa: S608 - constants of ours
_ACCOUNT_COLUMNS = 6


@cache
def _statement() -> str:
    return _READ.format(beside="".join(f"{column}, " for column in BESIDE.values()))


class SessionStore(DatabaseStore):
    """Django's database store; it keeps what it read of the account beside the session's data.

    Attributes:
        beside: what ``BESIDE`` asked for, by its names; empty where no session was read.
        account_row: id, password, last_login, email, is_active, joined_at of the account; None where nobody is signed in.
        standing_row: what ``queries.standing.standing_of_row`` takes; None where the account has no member.
    """

    account_row: tuple[Any, ...] | None = None
    standing_row: tuple[Any, ...] | None = None

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        self.beside: dict[str, Any] = {}

    @classmethod
    def get_model_class(cls) -> Any:
        """The table of these sessions."""
        from auscult.members.models import LoginSession

        return LoginSession

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        """The row to store: with the account whose session it is."""
        row: Any = super().create_model_instance(data)
        account = data.get(SESSION_KEY)
        row.account_id = int(account) if account is not None else None
        return row

    def load(self) -> dict[str, Any]:
        """Read the session, and beside it account and standing."""
        with connection.cursor() as cursor:
            cursor.execute(_statement(), [self.session_key, timezone.now()])
            row = cursor.fetchone()
        if row is None:
            self._session_key = None
            return {}
        self.beside = dict(zip(BESIDE, row[1:], strict=False))
        rest = row[1 + len(BESIDE) :]
        account, standing = rest[:_ACCOUNT_COLUMNS], rest[_ACCOUNT_COLUMNS:]
        self.account_row = account if account[0] is not None else None
        self.standing_row = standing if standing[0] is not None else None
        return dict(self.decode(row[0]))
