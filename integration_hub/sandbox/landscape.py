"""Start, steer and stop a landscape from another program: tests, the demo, a rehearsal."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

PROJECT = Path(__file__).resolve().parents[2]


class Landscape:
    """A landscape process and its addresses.

    Used as a context manager it starts on entry and stops on exit; it also stops when the parent process dies, because
    it watches its stdin. `salesforce`, `kantata`, `netsuite`, `avatax`, `harvest`, `clockify`, `jira`, `tempo`,
    `stripe`, `chargebee`, `ironclad`, `docusign`, `dynamics`, `sap`, `webhook` and `control` are base addresses.
    """

    def __init__(
        self,
        *,
        port_base: int = 0,
        state: str | Path = ":memory:",
        seed: int = 7,
        tls_dir: str | Path | None = None,
        stderr: Any = None,
    ) -> None:
        self._command = [sys.executable, "-m", "integration_hub.sandbox", "--stop-on-eof"]
        self._command += ["--port-base", str(port_base), "--state", str(state), "--seed", str(seed)]
        if tls_dir is not None:
            self._command += ["--tls-dir", str(tls_dir)]
        self._stderr = stderr
        self._process: subprocess.Popen[str] | None = None
        self._http: httpx.Client | None = None
        self.urls: dict[str, Any] = {}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # -- the process --------------------------------------------------------------------------------------------

    def start(self, timeout: float = 30) -> None:
        """Start the process and wait until every port listens. Raises RuntimeError if it does not get that far."""
        path = os.pathsep.join(filter(None, [str(PROJECT), os.environ.get("PYTHONPATH", "")]))
        process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            text=True,
            env=os.environ | {"PYTHONPATH": path},
        )
        self._process = process
        watchdog = threading.Timer(timeout, process.kill)
        watchdog.start()
        try:
            line = process.stdout.readline() if process.stdout else ""
        finally:
            watchdog.cancel()
        if not line.strip():
            code = process.wait()
            self._release()
            raise RuntimeError(f"the landscape did not start (exit code {code})")
        self.urls = json.loads(line)
        self._http = httpx.Client(base_url=f"{self.urls['control']}/_control", timeout=30, trust_env=False)

    def stop(self, timeout: float = 10) -> int | None:
        """Stop cleanly; the exit code, 0 when all went well."""
        if self._process is None:
            return None
        self._process.terminate()
        try:
            code = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        self._release()
        return code

    def kill(self) -> None:
        """End the process as a power cut would; what it has answered is on disk."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._release()

    def _release(self) -> None:
        process, self._process = self._process, None
        if process:
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    with contextlib.suppress(OSError):
                        pipe.close()
        if self._http:
            self._http.close()
            self._http = None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    # -- addresses ----------------------------------------------------------------------------------------------

    @property
    def salesforce(self) -> str:
        return str(self.urls["salesforce"])

    @property
    def kantata(self) -> str:
        return str(self.urls["kantata"])

    @property
    def netsuite(self) -> str:
        return str(self.urls["netsuite"])

    @property
    def avatax(self) -> str:
        return str(self.urls["avatax"])

    @property
    def harvest(self) -> str:
        return str(self.urls["harvest"])

    @property
    def clockify(self) -> str:
        return str(self.urls["clockify"])

    @property
    def jira(self) -> str:
        return str(self.urls["jira"])

    @property
    def tempo(self) -> str:
        return str(self.urls["tempo"])

    @property
    def stripe(self) -> str:
        return str(self.urls["stripe"])

    @property
    def chargebee(self) -> str:
        return str(self.urls["chargebee"])

    @property
    def ironclad(self) -> str:
        return str(self.urls["ironclad"])

    @property
    def docusign(self) -> str:
        return str(self.urls["docusign"])

    @property
    def dynamics(self) -> str:
        return str(self.urls["dynamics"])

    @property
    def sap(self) -> str:
        return str(self.urls["sap"])

    @property
    def webhook(self) -> str:
        return str(self.urls["webhook"])

    @property
    def control(self) -> str:
        return str(self.urls["control"])

    # -- the control port ---------------------------------------------------------------------------------------

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None, /, **query: Any) -> dict[str, Any]:
        if self._http is None:
            raise RuntimeError("the landscape is not running")
        answer = self._http.request(method, path, json=body, params=query or None)
        if answer.is_error:
            raise ValueError(f"{method} {path}: {answer.text}")
        parsed: dict[str, Any] = answer.json()
        return parsed

    def fault(self, vendor: str, kind: str, **rule: Any) -> str:
        """Register a fault; its id. Further keys of a rule as in the README."""
        return str(self._ask("POST", "/faults", {"vendor": vendor, "kind": kind, **rule})["id"])

    def faults(self) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = self._ask("GET", "/faults")["faults"]
        return listed

    def clear_faults(self) -> None:
        self._ask("DELETE", "/faults")

    def ledger(self, vendor: str) -> dict[str, Any]:
        """The vendor's own books."""
        return self._ask("GET", f"/ledger/{vendor}")

    def records(self, vendor: str, kind: str) -> list[dict[str, Any]]:
        """Every record of one kind as the vendor keeps it, read past its API."""
        listed: list[dict[str, Any]] = self._ask("GET", f"/records/{vendor}/{kind}")["records"]
        return listed

    def calls(self, vendor: str | None = None, **query: Any) -> list[dict[str, Any]]:
        """The call log, oldest first."""
        if vendor:
            query["vendor"] = vendor
        listed: list[dict[str, Any]] = self._ask("GET", "/calls", **query)["calls"]
        return listed

    def health(self) -> dict[str, Any]:
        return self._ask("GET", "/health")

    def reset(self, **what: Any) -> None:
        """Back to the seeded state."""
        self._ask("POST", "/reset", what)

    def settings(self, **by_vendor: Mapping[str, Any]) -> dict[str, Any]:
        """Change settings, e.g. `settings(netsuite={"concurrency": 2})`; the current ones."""
        return self._ask("POST", "/settings", by_vendor)

    def period(self, name: str, **change: Any) -> dict[str, Any]:
        """Close, reopen or lock a NetSuite period."""
        return self._ask("POST", "/periods", {"name": name, **change})

    def relay(self, vendor: str | None = None, **target: Any) -> dict[str, Any]:
        """Configure a vendor's hints, or read all targets and tallies."""
        if vendor is None:
            return self._ask("GET", "/relay")
        return self._ask("POST", "/relay", {"vendor": vendor, **target})

    def load(self, vendor: str, entity: str, rows: list[dict[str, Any]]) -> list[str]:
        """Create many records at once; their ids in order."""
        ids: list[str] = self._ask("POST", "/load", {"vendor": vendor, "entity": entity, "rows": rows})["ids"]
        return ids

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Any other control call, e.g. `post("/merge", {...})`."""
        return self._ask("POST", path, body)
