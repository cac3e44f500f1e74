"""The embedded PostgreSQL: as root or not, side by side, after a kill, with a stale lock."""

import ctypes
import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from auscult.config.postgres import LONGEST_SOCKET_PATH, EmbeddedPostgres, PostgresUnavailable

pytestmark = pytest.mark.slow


@pytest.fixture
def server(tmp_path):
    made = EmbeddedPostgres(tmp_path / "postgres")
    yield made
    made.stop()


def ask(server, sql="SELECT 1", database="postgres"):
    with psycopg.connect(server.url(database)) as connection:
        return connection.execute(sql).fetchone()[0]


def test_start_twice_create_stop_and_start_again_keeps_the_data(server):
    assert server.start(durable=False) is True
    assert server.start(durable=False) is False
    server.create_database("x")
    server.create_database("x")
    with psycopg.connect(server.url("x")) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS n")
    server.stop()
    assert not server.is_running()
    server.stop()
    server.start(durable=False)
    assert ask(server, "SELECT n FROM kept", "x") == 42
    assert ask(server, "SHOW server_version").startswith("18.")
    assert ask(server, "SHOW listen_addresses") == ""
    assert server.socket_dir.stat().st_mode & 0o777 == 0o700
    server.drop_database("x")


@pytest.fixture
def heir():
    """Makes this process the parent of daemons that it starts, so that it can wait for their end."""
    prctl, set_child_subreaper = ctypes.CDLL(None).prctl, 36
    assert prctl(set_child_subreaper, 1, 0, 0, 0) == 0
    yield
    assert prctl(set_child_subreaper, 0, 0, 0, 0) == 0


def test_a_killed_server_and_a_stale_lock_do_not_stop_the_next_start(heir, server):
    server.start(durable=False)
    lock = server.data / "postmaster.pid"
    pid = int(lock.read_text().splitlines()[0])
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    os.kill(pid, signal.SIGKILL)
    # Its children end by themselves once it is gone, and hold its memory until then.
    for each in (pid, *map(int, children)):
        os.waitpid(each, 0)
    assert lock.exists()
    # The number now belongs to another living process, as it may after a power cut.
    lock.write_text("\n".join([str(os.getpid()), *lock.read_text().splitlines()[1:]]) + "\n")
    assert server.start(durable=False) is True
    assert ask(server) == 1


def test_it_survives_a_killed_parent_and_the_next_one_finds_it(server):
    code = (
        "import os, signal; from pathlib import Path; from auscult.config.postgres import EmbeddedPostgres; "
        f"EmbeddedPostgres(Path({str(server.data)!r})).start(durable=False); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == -signal.SIGKILL
    assert server.is_running()
    assert server.start() is False


def test_it_stops_only_when_nobody_uses_it(server):
    server.start(durable=False)
    with psycopg.connect(server.url("postgres")):
        server.stop_unless_used(patience_seconds=0.3)
        assert server.is_running()
    server.stop_unless_used()
    assert not server.is_running()
    server.stop_unless_used()


def test_two_side_by_side_do_not_meet(server, tmp_path):
    other = EmbeddedPostgres(tmp_path / "second" / "postgres")
    assert server.socket_dir != other.socket_dir
    try:
        server.start(durable=False)
        other.start(durable=False)
        server.create_database("only_here")
        assert ask(server, "SELECT count(*) FROM pg_database WHERE datname = 'only_here'") == 1
        assert ask(other, "SELECT count(*) FROM pg_database WHERE datname = 'only_here'") == 0
    finally:
        other.stop()


def test_a_half_made_cluster_is_made_anew(server):
    server.data.mkdir(parents=True)
    (server.data / "half").write_text("killed during the first start")
    server.start(durable=False)
    assert ask(server) == 1


def test_a_deep_folder_gets_its_socket_elsewhere(tmp_path):
    deep = EmbeddedPostgres(tmp_path / ("x" * 120) / "postgres")
    assert len(str(deep.socket_dir / ".s.PGSQL.5432")) <= LONGEST_SOCKET_PATH
    assert deep.socket_dir != EmbeddedPostgres(tmp_path / ("y" * 120) / "postgres").socket_dir


def test_a_socket_folder_of_somebody_else_is_refused(tmp_path, monkeypatch):
    server = EmbeddedPostgres(tmp_path / "postgres")
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    with pytest.raises(PostgresUnavailable, match="somebody else"):
        server.start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become an ordinary user")
def test_it_runs_as_an_ordinary_user_too(tmp_path_factory):
    import pwd
    import shutil
    import tempfile

    nobody = pwd.getpwnam("nobody")
    folder = Path(tempfile.mkdtemp(dir="/var/tmp"))
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    code = (
        "from pathlib import Path; from auscult.config.postgres import EmbeddedPostgres; "
        f"s = EmbeddedPostgres(Path({str(folder)!r}) / 'postgres'); print(s.start(durable=False)); s.stop()"
    )
    if not _may_run(sys.executable, nobody.pw_uid):
        shutil.rmtree(folder)
        pytest.skip("this interpreter lies where an ordinary user may not read")
    try:
        done = subprocess.run(
            [sys.executable, "-c", code], user="nobody", group=nobody.pw_gid, extra_groups=[], cwd="/",
            capture_output=True, text=True, check=False, env={**os.environ, "HOME": str(folder)},
        )  # fmt: skip
        assert done.stdout.strip() == "True", done.stderr
    finally:
        shutil.rmtree(folder)


def _may_run(path, user):
    """Whether another user may read every folder down to the real interpreter."""
    real = Path(path).resolve()
    return all(parent.stat().st_mode & 0o001 for parent in [*real.parents, *Path(path).absolute().parents])
