"""A vendor that only sends: a Kantata account with its time entries as bytes made beforehand.

The simulated vendors are programs of their own kind and speed; what comes in from them is measured beside what comes
in from this one, which spends as good as nothing.
"""

import json
from bisect import bisect_right
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection as Pipe
from typing import Any
from urllib.parse import parse_qs, urlsplit

HOST = "127.0.0.1"


class Shelf:
    """Rows in order of change, each written once."""

    def __init__(self, rows: Sequence[dict[str, Any]]) -> None:
        self.stamps = [str(row["updated_at"]) for row in rows]
        self.results = [json.dumps({"key": "time_entries", "id": row["id"]}).encode() for row in rows]
        self.records = [f'"{row["id"]}":{json.dumps(row)}'.encode() for row in rows]

    def page(self, since: str, number: int, size: int) -> bytes:
        """One page of what changed after a stamp."""
        first = bisect_right(self.stamps, since) if since else 0
        count = len(self.stamps) - first
        start = first + (number - 1) * size
        pages = max(1, -(-count // size))
        head = f'{{"count":{count},"meta":{{"page_count":{pages},"page_number":{number}}},"results":['
        results, records = self.results[start : start + size], self.records[start : start + size]
        return b"".join((head.encode(), b",".join(results), b'],"time_entries":{', b",".join(records), b"}}"))


def _submissions(ids: Sequence[str]) -> bytes:
    rows = {key: {"id": key, "status": "approved", "updated_at": "2026-06-30T00:00:00Z"} for key in ids}
    results = [{"key": "timesheet_submissions", "id": key} for key in rows]
    return json.dumps({"count": len(rows), "results": results, "timesheet_submissions": rows}).encode()


_NOTHING = b'{"count":0,"results":[]}'


def handler(shelf: Shelf) -> type[BaseHTTPRequestHandler]:
    """Answers for one account."""

    class Answers(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:  # the name http.server calls
            asked = urlsplit(self.path)
            told = {name: values[-1] for name, values in parse_qs(asked.query).items()}
            if asked.path.endswith("/time_entries.json"):
                body = shelf.page(told.get("updated_after", ""), int(told.get("page", 1)), int(told["per_page"]))
            elif asked.path.endswith("/timesheet_submissions.json"):
                body = _submissions(told["only"].split(","))
            else:
                body = _NOTHING
            head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            self.wfile.write(head.encode() + body)

    return Answers


def serve(rows: Sequence[dict[str, Any]], told: Pipe) -> None:
    """Serve an account until the process is ended; tells its address. The body of a process of its own."""
    server = ThreadingHTTPServer((HOST, 0), handler(Shelf(rows)))
    told.send(f"http://{HOST}:{server.server_port}")
    server.serve_forever()
