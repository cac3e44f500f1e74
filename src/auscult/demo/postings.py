"""Writes the postings of a demonstration in a process of its own, beside the ballots: two cores, half the wait.

Usage: ``python -m auscult.demo.postings SIZE DATABASE``; prints «done total» lines.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable


class PostingsProcess:
    """The process, and a thread that reads how far it is."""

    def __init__(self, size: str, database: str, progress: Callable[[int, int], None]) -> None:
        """Start it.

        Args:
            size: name of the size.
            database: name of the database, where the settings name another (as in tests).
            progress: told postings written and postings in all.
        """
        self._process = subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, "-m", "auscult.demo.postings", size, database],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._progress = progress
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            done, total = line.split()
            self._progress(int(done), int(total))

    def finish(self) -> None:
        """Wait for the end.

        Raises:
            RuntimeError: it failed; the text holds the end of what it said.
        """
        assert self._process.stderr is not None
        said = self._process.stderr.read()
        self._reader.join()
        if self._process.wait() != 0:
            raise RuntimeError(f"The postings could not be written:\n{said[-2000:]}")

    def end(self) -> None:
        """End it, where something else failed."""
        if self._process.poll() is None:
            self._process.terminate()
        self._reader.join()


def main() -> None:
    """Write the postings."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "auscult.config.settings")
    import django

    django.setup()
    from django.db import connection

    connection.settings_dict["NAME"] = sys.argv[2]
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit TO off")
    from auscult.demo.size import SIZES
    from auscult.demo.story import write_postings

    write_postings(SIZES[sys.argv[1]], lambda done, total: print(done, total, flush=True))  # noqa: T201 - to our parent


if __name__ == "__main__":
    main()
