"""Steps of a long start, each with a bar on a terminal and with a line and its seconds elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

Advance = Callable[[int, int], None]


class Steps:
    """One step after the other, so that together they account for all the time; what runs beside them has a bar too.

    Attributes:
        seconds: name and seconds of each step that has ended.
    """

    def __init__(
        self,
        began: float,
        *,
        quiet: bool = False,
        clock: Callable[[], float] = time.monotonic,
        file: TextIO | None = None,
    ) -> None:
        """Begin.

        Args:
            began: when the program began, by ``clock``.
            quiet: show nothing.
            clock: seconds of a clock that never goes back.
            file: where to show the steps; the error stream by default.
        """
        self.seconds: list[tuple[str, float]] = []
        self._clock, self._began, self._quiet = clock, began, quiet
        self._console = Console(file=file or sys.stderr, quiet=quiet)
        columns = (TextColumn("{task.description:<28}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._bars = Progress(*columns, console=self._console, disable=not self._console.is_terminal)
        self._now: tuple[str, float, TaskID] | None = None

    def __enter__(self) -> Steps:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    @contextmanager
    def __call__(self, name: str) -> Iterator[Advance]:
        """Run one step; gives the function that takes what is done and what there is in all."""
        yield self.begin(name)
        self.end()

    def begin(self, name: str) -> Advance:
        """Begin a step that ``end`` ends."""
        task = self._bars.add_task(name, total=None)
        self._now = name, self._clock(), task
        return self._advance(task)

    def end(self) -> None:
        """End the step that was begun."""
        if self._now is None:
            return
        name, began, task = self._now
        spent, self._now = self._clock() - began, None
        self.seconds.append((name, spent))
        bar = self._bars.tasks[self._bars.task_ids.index(task)]
        total = bar.total or 1
        self._bars.update(task, completed=total, total=total)
        self._bars.stop_task(task)
        if not self._console.is_terminal:
            self._console.print(f"{name:<28} {spent:6.1f} s", highlight=False)

    def beside(self, name: str) -> Advance:
        """A bar for work that another process does meanwhile; its seconds are not a step's."""
        return self._advance(self._bars.add_task(name, total=None))

    def total(self) -> None:
        """Say how long all of it took."""
        self._console.print(f"{'Total':<28} {self._clock() - self._began:6.1f} s", highlight=False)

    def _advance(self, task: TaskID) -> Advance:
        def advance(done: int, total: int) -> None:
            self._bars.update(task, completed=done, total=total)

        return advance
