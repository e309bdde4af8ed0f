"""The landscape's control port: faults, knobs, relay, and the player's own progress mark."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .http import Api, Json


class Control:
    """Knobs that no vendor's API has."""

    def __init__(self, url: str) -> None:
        self._api = Api(f"{url}/_control")

    def close(self) -> None:
        self._api.close()

    # -- what has been played ------------------------------------------------------------------------------------

    def progress(self) -> Json:
        """Step name → what the step left behind."""
        return dict(self._api.ask("GET", "/settings")["landscape"]["world_progress"])

    def remember(self, progress: Json) -> None:
        self._api.ask("POST", "/settings", body={"landscape": {"world_progress": progress}})

    # -- misbehaviour --------------------------------------------------------------------------------------------

    def fault(self, vendor: str, kind: str, **rule: Any) -> str:
        return str(self._api.ask("POST", "/faults", body={"vendor": vendor, "kind": kind, **rule})["id"])

    def faults(self) -> list[Json]:
        listed: list[Json] = self._api.ask("GET", "/faults")["faults"]
        return listed

    def withdraw(self, fault_id: str) -> None:
        self._api.ask("DELETE", f"/faults/{fault_id}")

    @contextmanager
    def misbehaving(self, vendor: str, kind: str, **rule: Any) -> Iterator[str]:
        """A fault for as long as the block lasts."""
        fault_id = self.fault(vendor, kind, **rule)
        try:
            yield fault_id
        finally:
            self.withdraw(fault_id)

    @contextmanager
    def tax_variance(self, amount: str) -> Iterator[None]:
        """The tax engine commits this much more than it quoted, for every company, while the block lasts."""
        companies = self._api.ask("GET", "/settings")["avatax"]["companies"]
        self._api.ask("POST", "/settings", body={"avatax": {"tax_variance": dict.fromkeys(companies, amount)}})
        try:
            yield
        finally:
            self._api.ask("POST", "/settings", body={"avatax": {"tax_variance": {}}})

    # -- periods and hints ---------------------------------------------------------------------------------------

    def period(self, name: str, **change: Any) -> None:
        """Close or lock a period, for one subsidiary or for all, as the ERP's administrator does on a screen."""
        self._api.ask("POST", "/periods", body={"name": name, **change})

    def periods(self) -> list[Json]:
        """Posting periods with their flags."""
        listed: list[Json] = self._api.ask("GET", "/periods")["periods"]
        return listed

    def relay(self, vendor: str, **target: Any) -> None:
        self._api.ask("POST", "/relay", body={"vendor": vendor, **target})

    def ledger(self, vendor: str) -> Json:
        books: Json = self._api.ask("GET", f"/ledger/{vendor}")
        return books
