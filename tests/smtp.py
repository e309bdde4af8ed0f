"""A mail server for tests: real SMTP on loopback, which takes mails over, refuses them, or breaks off as it is told."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message


@dataclass
class Mailbox:
    """What arrived, and how the next mails are answered: `answers` are used up one by one, then all are taken over.

    An answer is a line such as `451 later` behind RCPT, or `drop`: the mail is taken over, and the line goes dead.
    """

    arrived: list[Message] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    port: int = 0

    def next_answer(self) -> str:
        """How this mail is answered."""
        return self.answers.pop(0) if self.answers else ""


class _Talk(socketserver.StreamRequestHandler):
    timeout = 30

    def handle(self) -> None:
        self._say("220 test")
        while line := self.rfile.readline().decode().strip():
            verb = line[:4].upper()
            if verb == "RCPT":
                self.answer = self.server.mailbox.next_answer()
                self._say(self.answer if self.answer[:1] in ("4", "5") else "250 fine")
            elif verb == "DATA":
                self._say("354 go on")
                self._take()
                if self.answer == "drop":
                    return
                self._say("250 taken over")
            elif verb == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 fine")

    def _take(self) -> None:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b"..") else line)
        self.server.mailbox.arrived.append(message_from_bytes(b"".join(lines)))

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    mailbox: Mailbox


@contextmanager
def serving() -> Iterator[Mailbox]:
    """A mail server while the block runs."""
    with _Server(("127.0.0.1", 0), _Talk) as server:
        server.mailbox = Mailbox(port=server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server.mailbox
        finally:
            server.shutdown()
            thread.join()
