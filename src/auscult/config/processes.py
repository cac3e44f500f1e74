"""The processes of a running instance: Granian and the job worker, under one parent."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable

import click


def _end_with_parent() -> None:
    """Ask the kernel to end this child when its parent dies, however it dies. Linux only; elsewhere nothing happens."""
    if sys.platform == "linux":
        terminate_with_parent = 1  # PR_SET_PDEATHSIG
        ctypes.CDLL(None).prctl(terminate_with_parent, signal.SIGTERM)


def run_processes(host: str, port: int, workers: int, *, ready: Callable[[str], None]) -> None:
    """Run Granian and the job worker as children until one ends or a signal comes; then end both.

    Args:
        ready: called with the address once the site answers.
    """
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "auscult.config.settings"}
    # One blocking thread per worker: more of them only hold database connections (house.md).
    web = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", host, "--port", str(port),
        "--workers", str(workers), "--blocking-threads", "1", "--backlog", "1024", "--no-ws", "--log-level", "warning",
        # A worker that dies is replaced; what it had acknowledged is in the database.
        "--respawn-failed-workers",
        "auscult.config.wsgi:application",
    ]  # fmt: skip
    jobs = [sys.executable, "-m", "auscult.cli", "worker"]
    # In a session of their own, so that Ctrl-C reaches only this process, which ends them in order.
    children = [
        subprocess.Popen(command, env=environment, start_new_session=True, preexec_fn=_end_with_parent)  # noqa: S603, PLW1509 - ourselves; one thread as yet
        for command in (web, jobs)
    ]
    stopped = False

    def stop(*_: object) -> None:
        nonlocal stopped
        stopped = True

    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, stop)
    address = f"http://{host}:{port}/"
    try:
        announced = False
        while not stopped and all(child.poll() is None for child in children):
            if not announced:
                try:
                    urllib.request.urlopen(address + "health", timeout=1)  # noqa: S310 - our own address
                except OSError:
                    pass
                else:
                    announced = True
                    ready(address)
            time.sleep(0.2)
        if not stopped:
            click.echo("A process ended on its own; stopping.", err=True)
    finally:
        for child in children:
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        for child in children:
            try:
                child.wait(15)
            except subprocess.TimeoutExpired:
                child.kill()
