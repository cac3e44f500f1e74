"""A light load client in a process of its own, and what servers spent meanwhile.

The client shares the machine's cores with the servers, so it does as little as it can: raw sockets, requests made
beforehand, answers read by their length alone.
"""

from __future__ import annotations

import json
import os
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Load:
    """What a run of requests took.

    Attributes:
        seconds: for each answer.
        took: seconds in all.
        statuses: status → answers.
    """

    seconds: list[float]
    took: float
    statuses: dict[str, int]

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.seconds) / self.took

    def percentile(self, share: float) -> float:
        """Milliseconds within which this share was answered."""
        ordered = sorted(self.seconds)
        return 1000 * ordered[int(share * (len(ordered) - 1))]


def send(port: int, requests: Sequence[str], connections: int, folder: Path) -> Load:
    """Send requests over so many kept connections, each in its turn, from another process."""
    file = folder / "requests.json"
    file.write_text(json.dumps({"port": port, "connections": connections, "requests": list(requests)}))
    done = subprocess.run([sys.executable, "-m", "bench.load", str(file)], capture_output=True, text=True, check=True)
    return Load(**json.loads(done.stdout))


def _run(port: int, requests: list[str], connections: int) -> Load:
    waiting = [each.encode() for each in reversed(requests)]
    selector = selectors.DefaultSelector()
    seconds: list[float] = []
    statuses: dict[str, int] = {}
    open_now = 0
    began = time.perf_counter()
    for _ in range(min(connections, len(waiting))):
        connection = socket.create_connection(("127.0.0.1", port), timeout=60)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        state = [connection, b"", time.perf_counter()]
        connection.sendall(waiting.pop())
        selector.register(connection, selectors.EVENT_READ, state)
        open_now += 1
    while open_now:
        for key, _ in selector.select(60):
            state = key.data
            received = state[0].recv(1 << 18)
            state[1] += received
            if received and not _is_whole(state[1]):
                continue
            status = state[1][9:12].decode() if received else "broken"
            statuses[status] = statuses.get(status, 0) + 1
            seconds.append(time.perf_counter() - state[2])
            if waiting and received:
                state[1], state[2] = b"", time.perf_counter()
                state[0].sendall(waiting.pop())
            else:
                selector.unregister(state[0])
                state[0].close()
                open_now -= 1
    return Load(seconds, time.perf_counter() - began, statuses)


def _is_whole(answer: bytes) -> bool:
    head = answer.find(b"\r\n\r\n")
    if head < 0:
        return False
    at = answer.lower().find(b"content-length:", 0, head)
    return at >= 0 and len(answer) >= head + 4 + int(answer[at + 15 : answer.index(b"\r", at)])


def cpu_seconds(pid: int) -> float:
    """Processor seconds of a process, its living children, and those it has buried."""
    total = 0.0
    for each in family(pid):
        fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        # utime and stime; of the eldest also those of children that have ended
        total += sum(int(field) for field in (fields[11:15] if each == pid else fields[11:13]))
    return total / _TICKS


def memory_mb(pid: int) -> float:
    """Megabytes of a process and its children, pages that they share counted once."""
    total = 0
    for each in family(pid):
        for line in Path(f"/proc/{each}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total / 1024


def family(pid: int) -> list[int]:
    """A process and everything beneath it."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += family(int(child))
    return found


if __name__ == "__main__":
    load = _run(**json.loads(Path(sys.argv[1]).read_text()))
    print(json.dumps({"seconds": load.seconds, "took": load.took, "statuses": load.statuses}))
