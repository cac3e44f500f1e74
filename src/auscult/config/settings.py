"""All settings, from the environment. docs/settings.md lists every variable; a test keeps the two in step."""

from __future__ import annotations

import base64
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured
from django.utils.csp import CSP

from auscult.config import local
from auscult.config.postgres import connection_name

env = environ.Env()


def _bytes(name: str) -> bytes:
    try:
        value = base64.b64decode(env.str(name), validate=True)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be base64.") from error
    if len(value) != 32:
        raise ImproperlyConfigured(f"{name} must be 32 bytes in base64; make one with `openssl rand -base64 32`.")
    return value


DEBUG = env.bool("AUSCULT_DEBUG", default=False)
SECRET_KEY = env.str("AUSCULT_SECRET_KEY")
SECRET_KEY_FALLBACKS = env.list("AUSCULT_SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = env.list("AUSCULT_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("AUSCULT_ORIGINS", default=[])
#: Where links in mails lead: the first of the origins.
SITE_URL = CSRF_TRUSTED_ORIGINS[0] if CSRF_TRUSTED_ORIGINS else "http://127.0.0.1:8000"
#: Name of the instance, on every page and in every bundle.
INSTANCE_NAME = env.str("AUSCULT_NAME", default="Auscult")
#: A demonstration says so on every page and prints its log-ins.
DEMO = env.bool("AUSCULT_DEMO", default=False)
#: Seconds by which the domain's clock runs behind; only a demonstration sets it.
CLOCK_BEHIND = timedelta(seconds=env.int("AUSCULT_CLOCK_BEHIND_SECONDS", default=0))
#: Keep every mail readable at /dev/mail instead of sending it.
LINK_PREVIEWS = env.bool("AUSCULT_LINK_PREVIEWS", default=False)
KEEP_MAIL = env.bool("AUSCULT_KEEP_MAIL", default=False)
#: Plain HTTP on loopback, for the demonstration and for development.
INSECURE_HTTP = env.bool("AUSCULT_INSECURE_HTTP", default=False)
if KEEP_MAIL and not INSECURE_HTTP:
    raise ImproperlyConfigured(
        "AUSCULT_KEEP_MAIL shows every mail, with its codes, to whoever asks for /dev/mail. It goes only with "
        "AUSCULT_INSECURE_HTTP=1 on loopback; in production name a mail server with AUSCULT_SMTP_URL."
    )

#: Verified members speak and vote only with a passkey or an authenticator app; a demonstration offers it.
SECOND_FACTOR_REQUIRED = env.bool("AUSCULT_SECOND_FACTOR_REQUIRED", default=True)
#: Requests reach us through a proxy that sets X-Forwarded-Proto and appends to X-Forwarded-For.
BEHIND_PROXY = env.bool("AUSCULT_BEHIND_PROXY", default=False)
#: Domains of hospitals and schools whose addresses count as evidence.
INSTITUTION_DOMAINS = env.list("AUSCULT_INSTITUTION_DOMAINS", default=[])

#: Register whose records are claimed here, and whose frame results are weighted to.
REGISTER = env.str("AUSCULT_REGISTER", default="nppes")
#: Frames counted with each load: `all` physicians, or `active-N`, updated or certified within N years.
FRAMES = ["all", *(kind for kind in env.list("AUSCULT_FRAMES", default=["active-5"]) if kind != "all")]
#: Which of them is the frame of results.
FRAME = env.str("AUSCULT_FRAME", default="all")
for _kind in FRAMES:
    if not re.fullmatch(r"all|active-[1-9][0-9]?", _kind):
        raise ImproperlyConfigured(
            f"AUSCULT_FRAMES: {_kind!r} is no frame; use `active-N` with N years, as `active-5`."
        )
if FRAME not in FRAMES:
    raise ImproperlyConfigured("AUSCULT_FRAME must be `all` or one of AUSCULT_FRAMES.")
#: Address of the NPI Registry API for an optional look whether a claimed record has changed; off where empty.
NPI_API = env.str("AUSCULT_NPI_API", default="")

IDENTITY_KEYS = env.str("AUSCULT_IDENTITY_KEYS")
IDENTITY_PEPPER = _bytes("AUSCULT_IDENTITY_PEPPER")
SIGNING_SEED = _bytes("AUSCULT_SIGNING_SEED")

VAR_DIR = local.var_dir()

_database = environ.Env.db_url_config(local.database_url())
_options = _database.get("OPTIONS", {})
DATABASES = {
    "default": {
        **_database,
        "ENGINE": "auscult.config.database",
        # The folder of a socket cannot stand where an address has its host, so it comes as ?host=.
        "HOST": _options.pop("host", _database["HOST"]),
        "PORT": _options.pop("port", _database["PORT"]),
        "CONN_MAX_AGE": env.int("AUSCULT_CONNECTION_SECONDS", default=60),
        "CONN_HEALTH_CHECKS": True,
        # Prepared statements on the server: 0.21 instead of 0.77 ms for a typical query.
        "OPTIONS": {
            **_options,
            "server_side_binding": True,
            "prepare_threshold": 2,
            "application_name": connection_name(),
            # Pages are small: workers and compiled plans cost more than they save. Disks have no arms any more.
            "options": "-c max_parallel_workers_per_gather=0 -c jit=off -c random_page_cost=1.1",
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "procrastinate.contrib.django",
    "auscult.shared",
    "auscult.registry",
    "auscult.members",
    "auscult.organisations",
    "auscult.surveys",
    "auscult.community",
    "auscult.publishing",
    "auscult.voice",
    "auscult.partnerships",
    "auscult.web",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "auscult.web.middleware.PublicPageMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "auscult.members.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "auscult.members.middleware.StandingMiddleware",
    "auscult.web.middleware.SharedBrowserMiddleware",
    "auscult.web.middleware.PlainTextMiddleware",
    "auscult.web.middleware.RefusalMiddleware",
]
# In the memory of each process: public pages are few, and a moment old at most.
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "public_pages": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "public_pages",
                     "OPTIONS": {"MAX_ENTRIES": 200}},
}  # fmt: skip
CACHE_MIDDLEWARE_ALIAS = "public_pages"
CACHE_MIDDLEWARE_SECONDS = env.int("AUSCULT_PUBLIC_PAGE_SECONDS", default=10)
ROOT_URLCONF = "auscult.config.urls"
WSGI_APPLICATION = "auscult.config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "APP_DIRS": True,
        "OPTIONS": {
            "environment": "auscult.web.jinja.environment",
            "context_processors": ["auscult.web.jinja.context"],
        },
    },
    {
        # allauth's own pages, inside the same shell.
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).parent.parent / "web" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "auscult.web.jinja.context",
            ]
        },
    },
]

AUTH_USER_MODEL = "members.Account"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = None
ACCOUNT_EMAIL_SUBJECT_PREFIX = f"[{INSTANCE_NAME}] "
ACCOUNT_ADAPTER = "auscult.members.adapter.AccountAdapter"
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "http" if INSECURE_HTTP else "https"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = INSTANCE_NAME
# Browsers allow passkeys on plain http only for localhost.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = INSECURE_HTTP
USERSESSIONS_TRACK_ACTIVITY = False

MAILERS: dict[str, dict[str, Any]] = {"default": {"BACKEND": "auscult.shared.mail.QueueBackend"}}
if env.str("AUSCULT_SMTP_URL", default=""):
    _smtp = env.email_url("AUSCULT_SMTP_URL")
    MAILERS["smtp"] = {
        "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "OPTIONS": {
            "host": _smtp["EMAIL_HOST"],
            "port": _smtp["EMAIL_PORT"],
            "username": _smtp["EMAIL_HOST_USER"],
            "password": _smtp["EMAIL_HOST_PASSWORD"],
            "use_tls": _smtp.get("EMAIL_USE_TLS", False),
            "use_ssl": _smtp.get("EMAIL_USE_SSL", False),
            # A server that does not answer must not hold the worker, and the rows that it locks, for ever.
            "timeout": 30,
        },
    }
DEFAULT_FROM_EMAIL = env.str("AUSCULT_MAIL_FROM", default="auscult@localhost")

LANGUAGE_CODE = "en"
TIME_ZONE = env.str("AUSCULT_TIME_ZONE", default="UTC")
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = DEBUG

SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_ENGINE = "auscult.members.sessions"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "auscult.web.views.csrf_failure"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not INSECURE_HTTP
SECURE_SSL_REDIRECT = not INSECURE_HTTP
SECURE_HSTS_SECONDS = 0 if INSECURE_HTTP else 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not INSECURE_HTTP
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# A document uploaded as evidence is the largest request.
DATA_UPLOAD_MAX_MEMORY_SIZE = FILE_UPLOAD_MAX_MEMORY_SIZE = 6 * 1024 * 1024

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": env.str("AUSCULT_LOG_LEVEL", default="WARNING")},
}
