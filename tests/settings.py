"""Settings of tests and of the type checker: the real ones, with an environment that holds no real secret."""

import base64
import os
from pathlib import Path

from jinja2 import FileSystemBytecodeCache

PROJECT = Path(__file__).parents[1]
_KEY = base64.b64encode(bytes(range(32))).decode()
ENVIRONMENT = {
    "AUSCULT_VAR": str(PROJECT / "var" / "test"),
    "AUSCULT_SECRET_KEY": "only-for-tests",
    "AUSCULT_IDENTITY_KEYS": f"1:{_KEY}",
    "AUSCULT_IDENTITY_PEPPER": _KEY,
    "AUSCULT_SIGNING_SEED": _KEY,
    "AUSCULT_INSECURE_HTTP": "1",
    "AUSCULT_DEBUG": "1",
    # Pages show at once what a test has done; the test of kept pages switches this on.
    "AUSCULT_PUBLIC_PAGE_SECONDS": "0",
    "AUSCULT_KEEP_MAIL": "1",
    "AUSCULT_INSTITUTION_DOMAINS": "hospital.example",
    # Tests of the second factor switch it on.
    "AUSCULT_SECOND_FACTOR_REQUIRED": "0",
    "AUSCULT_HOSTS": "127.0.0.1,localhost,testserver",
    "OPENBLAS_NUM_THREADS": "1",
}
os.environ.update(ENVIRONMENT)

from auscult.config.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # fast, and guards nobody
# The worker runs inside the tests; its threads must not keep connections to the test database.
DATABASES["default"]["CONN_MAX_AGE"] = 0  # noqa: F405

# Compiling a hundred templates costs each process five CPU seconds: the compiled ones are kept, under a hash of their text.
_COMPILED = PROJECT / "var" / "test" / "templates"
_COMPILED.mkdir(parents=True, exist_ok=True)
_OPTIONS: dict[str, object] = TEMPLATES[0]["OPTIONS"]  # type: ignore[assignment]  # noqa: F405
_OPTIONS |= {"bytecode_cache": FileSystemBytecodeCache(str(_COMPILED)), "auto_reload": False}
