"""Accounting periods: whether a date can be posted to, for which subsidiary, and who locked it."""

from __future__ import annotations

from typing import Any

from ..messages import Json
from ..store import Records, Store
from .errors import user_error

_SPACE = "netsuite:locks"


class Periods:
    """Period records carry the account-wide flags; a lock of one subsidiary shows only when something is posted."""

    def __init__(self, store: Store, periods: Records, subsidiaries: Records) -> None:
        self._store = store
        self._periods = periods
        self._subsidiaries = subsidiaries

    def _months(self) -> list[Json]:
        rows = [row.body for row in self._periods.find()]
        return sorted((body for body in rows if body.get("isPosting")), key=lambda body: str(body["startDate"]))

    def _lock(self, period_id: str, subsidiary: str) -> Json:
        return self._store.fact(_SPACE, f"{period_id}/{subsidiary}") or {}

    def open(self, period: Json, subsidiary: str) -> bool:
        """Whether receivables of the subsidiary can be posted into the period."""
        lock = self._lock(period["id"], subsidiary)
        flags = ("closed", "allLocked", "arLocked")
        return not any(period.get(flag) for flag in flags) and not lock.get("closed") and not lock.get("ar_locked")

    def posting(self, day: str, subsidiary: str, *, closed: str, chosen: str | None = None) -> Json:
        """The period a transaction of that day belongs to; raises NetSuite's refusal when it is closed.

        `closed` is the account's preference: reject, or move to the next open period.
        """
        months = self._months()
        if chosen is not None:
            period = next((body for body in months if body["id"] == chosen), None)
        else:
            period = next((body for body in months if body["startDate"] <= day <= body["endDate"]), None)
        if period is None:
            raise user_error(f"There is no posting period for {day}.")
        if self.open(period, subsidiary):
            return period
        if closed == "next_open":
            later = [body for body in months if body["startDate"] > period["startDate"]]
            following = next((body for body in later if self.open(body, subsidiary)), None)
            if following is not None:
                return following
        raise user_error(
            f"You cannot create or change a transaction in {period['periodName']}: the accounting period is closed or"
            " locked. TRAN_PERIOD_CLOSED"
        )

    def check_open(self, period_id: str, subsidiary: str) -> None:
        """Raise unless what is already posted in the period may still be changed."""
        self.posting("", subsidiary, closed="reject", chosen=period_id)

    # -- control port -------------------------------------------------------------------------------------------

    def change(
        self, name: str, *, subsidiary: str | None, closed: bool | None = None, ar_locked: bool | None = None
    ) -> Json:
        """Close or lock a period by name, for all subsidiaries or for one (by id, code or name)."""
        period = next((body for body in self._months() if body["periodName"] == name), None)
        if period is None:
            raise ValueError(f"there is no posting period {name!r}; they are called like 'May 2026'")
        if subsidiary is None:
            changes: dict[str, Any] = {"closed": closed, "arLocked": ar_locked}
            period |= {key: value for key, value in changes.items() if value is not None}
            at = self._store.clock.tick()
            self._periods.put(int(period["id"]), period, at)
            for row in self._subsidiaries.find():
                self._store.forget(_SPACE, f"{period['id']}/{row.id}")
        else:
            found = self._subsidiary(subsidiary)
            lock = self._lock(period["id"], found)
            given = {"closed": closed, "ar_locked": ar_locked}
            lock |= {key: value for key, value in given.items() if value is not None}
            self._store.remember(_SPACE, f"{period['id']}/{found}", lock)
        return next(entry for entry in self.listed() if entry["id"] == period["id"])

    def _subsidiary(self, text: str) -> str:
        for row in self._subsidiaries.find():
            if text in {str(row.id), row.body.get("externalId"), row.body.get("tranPrefix"), row.body["name"]}:
                return str(row.id)
        raise ValueError(f"there is no subsidiary {text!r}")

    def listed(self) -> list[Json]:
        """Posting periods with their flags, and the locks of single subsidiaries."""
        locks = self._store.facts(_SPACE)
        return [
            {
                "id": body["id"],
                "name": body["periodName"],
                "start": body["startDate"],
                "end": body["endDate"],
                "closed": body["closed"],
                "ar_locked": body["arLocked"],
                "subsidiaries": {
                    key.partition("/")[2]: lock for key, lock in locks.items() if key.startswith(f"{body['id']}/")
                },
            }
            for body in self._months()
        ]
