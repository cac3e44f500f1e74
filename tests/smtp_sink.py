"""A small mail server for tests: keeps every mail, counts connections, refuses and hangs up on demand."""

from __future__ import annotations

import socketserver
import threading
from dataclasses import dataclass, field
from types import TracebackType


@dataclass
class SmtpSink:
    """A server on a free port of this machine.

    Attributes:
        refuse: address → status of the answer to ``RCPT TO``.
        hang_up_after: mails after which the next connection is cut within ``DATA``; None for never.
        hold: an event that the first connection waits for before it answers ``RCPT TO``.
        asked: set at the first ``RCPT TO``.
    """

    refuse: dict[str, int] = field(default_factory=dict)
    hang_up_after: int | None = None
    hold: threading.Event | None = None
    asked: threading.Event = field(default_factory=threading.Event)
    connections: int = 0
    received: list[tuple[str, str]] = field(default_factory=list)

    @property
    def receivers(self) -> list[str]:
        """Who got a mail, in the order in which the server took them."""
        return [to for to, _ in self.received]

    def __enter__(self) -> SmtpSink:
        sink = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                sink._serve(self)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _serve(self, handler: socketserver.StreamRequestHandler) -> None:
        self.connections += 1
        is_first = self.connections == 1

        def say(line: str) -> None:
            handler.wfile.write(f"{line}\r\n".encode())

        say("220 sink")
        to = ""
        while line := handler.rfile.readline().decode().strip():
            match line.split(":")[0].upper().split(" ")[0]:
                case "EHLO" | "HELO":
                    say("250 sink")
                case "RCPT":
                    to = line.partition("<")[2].rstrip(">")
                    self.asked.set()
                    if self.hold and is_first:
                        self.hold.wait(10)
                    status = self.refuse.get(to, 250)
                    say(f"{status} so be it")
                    if status == 421:
                        return
                case "DATA":
                    say("354 go on")
                    text = []
                    while (part := handler.rfile.readline().decode()) not in {".\r\n", ""}:
                        text.append(part)
                    if self.hang_up_after is not None and len(self.received) >= self.hang_up_after:
                        self.hang_up_after = None
                        return
                    self.received.append((to, "".join(text)))
                    say("250 kept")
                case "QUIT":
                    say("221 bye")
                    return
                case _:
                    say("250 so be it")
