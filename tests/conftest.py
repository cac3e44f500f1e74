"""The test database, and the few people that tests need."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import hypothesis
import pytest
import pytest_django

from tests import properties


def pytest_configure(config: pytest.Config) -> None:
    """Start the embedded server of the tests, unless DATABASE_URL names another."""
    if not os.environ.get("DATABASE_URL") and not hasattr(config, "workerinput"):
        from auscult.config import local

        local.embedded_postgres().start(durable=False)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server, unless another run in this folder uses it."""
    if not os.environ.get("DATABASE_URL") and not hasattr(config, "workerinput"):
        from auscult.config import local

        local.embedded_postgres().stop_unless_used()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the slow files, so that no worker is left alone with one at the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_blocker: pytest_django.DjangoDbBlocker, django_db_modify_db_settings: None
) -> Iterator[None]:
    """Take the place of pytest-django's fixture: clone the migrated template instead of migrating again."""
    from django.db import connection
    from django.test import TransactionTestCase

    from tests.database import clone_template, drop_database, reset_database

    # Two runs in one folder do not meet.
    name = f"{connection.creation._get_test_db_name()}_{os.getpid()}"
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        clone_template(name)
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _: reset_database())
        yield
        drop_database(name)


hypothesis.settings.load_profile(properties.PROFILE)

NOW = datetime(2009, 7, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    """The instant at which unit tests act."""
    return NOW


@pytest.fixture
def queued_mail(settings: object, transactional_db: None) -> None:
    """Lets mail go the way it really goes; the test runner would keep it in memory. No job of a test before is left."""
    from procrastinate.contrib.django.models import ProcrastinateJob

    ProcrastinateJob.objects.all()._raw_delete("default")
    settings.MAILERS = {"default": {"BACKEND": "auscult.shared.mail.QueueBackend"}}  # type: ignore[attr-defined]


@pytest.fixture
def smtp_sink(settings: object) -> Iterator[object]:
    """A mail server on this machine that keeps what it is given (tests.smtp_sink); the instance sends through it."""
    from tests.smtp_sink import SmtpSink

    with SmtpSink() as sink:
        settings.KEEP_MAIL = False  # type: ignore[attr-defined]
        options = {"host": "127.0.0.1", "port": sink.port, "timeout": 10}
        smtp = {"BACKEND": "django.core.mail.backends.smtp.EmailBackend", "OPTIONS": options}
        settings.MAILERS = {**settings.MAILERS, "smtp": smtp}  # type: ignore[attr-defined]
        yield sink


@pytest.fixture
def topics(db: None) -> None:
    """The topics of the first migration; a transactional test before this one may have emptied the table."""
    from auscult.shared.models import Topic

    for slug in ("health-reform", "organised-medicine"):
        Topic.objects.get_or_create(slug=slug, defaults={"name": slug.replace("-", " ").capitalize()})


#: Never the same number twice in a session: rows that were built for one test are copied into others.
_NUMBERS = count(1)


@pytest.fixture
def make_account(db: None) -> Callable[..., object]:
    """Makes an account with its member row; returns the account."""
    from allauth.account.models import EmailAddress

    from auscult.members.actions.accounts import create_member
    from auscult.members.models import Account

    def make(email: str, password: str | None = None) -> object:
        account = Account.objects.create_user(email, password)
        EmailAddress.objects.create(user=account, email=account.email, verified=True, primary=True)
        create_member(account_id=account.pk)
        return account

    return make


@pytest.fixture
def make_member(make_account: Callable[..., object]) -> Callable[..., object]:
    """Makes a verified member directly; returns the standing. Verification itself is tested in tests/members."""
    from auscult.members.models import Account, Member, RoleGrant
    from auscult.members.queries.standing import get_standing
    from auscult.shared.standing import Level

    def make(
        *,
        handle: str | None = "",
        group: str = "WG01",
        state: str = "NY",
        sex: str = "F",
        career: str = "18+",
        level: Level = Level.L2,
        until: datetime = NOW + timedelta(days=365),
        roles: tuple[str, ...] = (),
        email: str = "",
    ) -> object:
        number = next(_NUMBERS)
        account = make_account(email or f"p{number}@example.org")
        assert isinstance(account, Account)
        fields: dict[str, object] = {"level": level}
        if level >= Level.L2:
            fields |= {
                "handle": f"quiet-otter-{number}" if handle == "" else handle,
                "specialty_group": group,
                "state": state,
                "sex": sex,
                "career": career,
                "verified_at": NOW,
                "verified_until": until,
            }
        Member.objects.filter(account=account).update(**fields)
        for role in roles:
            RoleGrant.objects.create(member=Member.objects.get(account=account), role=role)
        return get_standing(account.pk, NOW)

    return make


@pytest.fixture(scope="session")
def register_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small register of invented physicians, in the format of NPPES."""
    from auscult.demo.register import write_register

    file = tmp_path_factory.mktemp("register") / "register.zip"
    write_register(file, 400)
    return file


@pytest.fixture
def register(db: None, register_file: Path, now: datetime) -> object:
    """The small register, loaded; gives the frame."""
    from auscult.registry.actions import load_register
    from auscult.shared.standing import CONSOLE
    from tests.database import remember

    return remember("register", lambda: load_register(register_file, standing=CONSOLE, now=now).frame)
