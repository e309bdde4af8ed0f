"""Recorded transactions: created, committed, adjusted, voided, locked. Identity is company, code and type."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from .. import stamps
from ..amounts import decimal, number, rounded
from ..messages import Json, sequence
from ..store import Column, Kind, Store
from . import calculation
from .errors import invalid, missing, required

KIND = Kind(
    "avatax_transaction",
    (
        Column("company"),
        Column("code", "$.answer.code"),
        Column("type", "$.answer.type"),
        Column("status", "$.answer.status"),
        Column("modified", "$.answer.modifiedDate"),
        Column("date", "$.answer.date"),
        Column("current", kind="INTEGER"),
    ),
    indexes=("company, code, type, current",),
)
_LEAVING = {"DocVoided", "DocDeleted", "PostFailed", "AdjustmentCancelled"}


class Transactions:
    """All transactions of all companies."""

    def __init__(self, store: Store, setting: Callable[[str], Any]) -> None:
        self._store = store
        self._setting = setting
        self.records = store.records(KIND)

    # -- finding ------------------------------------------------------------------------------------------------

    def company(self, model: Json) -> str:
        """The company a transaction is for; a code this account does not have is refused."""
        code = str(model.get("companyCode") or "DEFAULT")
        if code not in self._setting("companies"):
            raise invalid("CompanyNotFoundError", f"Company with code {code} not found.", refers_to="companyCode")
        return code

    def find(self, company: str, code: str, kind: str) -> Json | None:
        row = self.records.first("company = ? AND code = ? AND type = ? AND current = 1", (company, code, kind))
        return row.body if row else None

    def get(self, company: str, code: str, kind: str) -> Json:
        found = self.find(company, code, kind)
        if found is None:
            raise missing(f"Transaction {code}")
        return found

    # -- creating -----------------------------------------------------------------------------------------------

    def create(self, model: Json) -> Json:
        """Estimate or record. A committed code is refused; an uncommitted one is overwritten."""
        calculation.check(model)
        company = self.company(model)
        kind = str(model.get("type") or "SalesOrder")
        if kind.endswith("Order"):
            return self._answer(model, company, kind, "Temporary", 0, 0, code=str(model.get("code") or ""))
        code = str(model.get("code") or f"landscape-{self._store.next('avatax:code'):08d}")
        found = self.find(company, code, kind)
        if found is not None:
            self._check_unlocked(found)
            if found["answer"]["status"] in {"Committed", "Posted"}:
                raise invalid(
                    "TransactionAlreadyExists", "A transaction with this code and type already exists.", "Unknown"
                )
        return self._record(model, company, code, kind, found, "Committed" if model.get("commit") else "Saved")

    def create_or_adjust(self, model: Json) -> Json:
        """The idempotent way in: create, or replace what is there."""
        calculation.check(model)
        company, kind = self.company(model), str(model.get("type") or "SalesOrder")
        found = self.find(company, str(model.get("code") or ""), kind) if model.get("code") else None
        if found is None or kind.endswith("Order"):
            return self.create(model)
        reason = {"adjustmentReason": "Other", "adjustmentDescription": "Created or adjusted"}
        return self.adjust(found, reason | {"newTransaction": model})

    def adjust(self, found: Json, request: Json) -> Json:
        """Replace a transaction; a committed one stays as an earlier version with status Adjusted."""
        model = request.get("newTransaction")
        if not isinstance(model, dict):
            raise required("newTransaction")
        if not request.get("adjustmentReason"):
            raise required("adjustmentReason")
        self._check_alive(found)
        answer = found["answer"]
        model = {"type": answer["type"]} | model | {"code": answer["code"], "companyCode": found["company"]}
        calculation.check(model)
        committed = answer["status"] == "Committed"
        status = "Committed" if committed or model.get("commit") else "Saved"
        extra = {
            "adjustmentReason": request["adjustmentReason"],
            "adjustmentDescription": request.get("adjustmentDescription"),
        }
        return self._record(model, found["company"], answer["code"], answer["type"], found, status, extra)

    def refund(self, found: Json, request: Json) -> Json:
        """A ReturnInvoice that gives back exactly what was charged, all or a share of it."""
        self._check_alive(found)
        code = request.get("refundTransactionCode")
        if not code or not request.get("refundDate"):
            raise required("refundTransactionCode" if not code else "refundDate")
        kind = str(request.get("refundType") or "Full")
        wanted = {str(number) for number in sequence(request.get("refundLines") or [], "refundLines")}
        share = Decimal(-1)
        if kind == "Percentage":
            share = -decimal(request.get("refundPercentage")) / 100
        answer = found["answer"]
        lines = []
        for line in answer["lines"]:
            if kind == "Partial" and line["lineNumber"] not in wanted:
                continue
            amount = Decimal(0) if kind == "TaxOnly" else decimal(line["lineAmount"]) * share
            tax = rounded(decimal(line["tax"]) * share, answer["currencyCode"])
            override = {"type": "TaxAmount", "taxAmount": number(tax), "reason": "Refund"}
            copied = {name: line[name] for name in ("quantity", "taxCode", "itemCode", "description", "ref1", "ref2")}
            lines.append(copied | {"number": line["lineNumber"], "amount": number(amount), "taxOverride": override})
        model = found["model"] | {
            "code": code,
            "type": "ReturnInvoice",
            "date": request["refundDate"],
            "lines": lines,
            "commit": answer["status"] == "Committed",
            "referenceCode": request.get("referenceCode") or answer["code"],
        }
        return self.create({key: value for key, value in model.items() if key != "taxOverride"})

    # -- changing -----------------------------------------------------------------------------------------------

    def commit(self, found: Json) -> Json:
        self._check_alive(found)
        if found["answer"]["status"] == "Committed":
            if self._setting("commit_twice") == "error":
                raise invalid("TransactionIsCommitted", "The transaction is already committed.", "Unknown")
            return found
        return self._to(found, "Committed")

    def uncommit(self, found: Json) -> Json:
        self._check_alive(found)
        return self._to(found, "Saved")

    def void(self, found: Json, request: Json) -> Json:
        """Voided transactions read back as Cancelled."""
        if str(request.get("code")) not in _LEAVING:
            raise required("code")
        self._check_alive(found)
        return self._to(found, "Cancelled")

    def unvoid(self, found: Json) -> Json:
        if found["answer"]["status"] != "Cancelled":
            raise invalid("DocumentCodeConflict", "The transaction is not voided.", "Unknown")
        return self._to(found, "Saved")

    def change_code(self, found: Json, request: Json) -> Json:
        new = request.get("newCode")
        if not new:
            raise required("newCode")
        self._check_alive(found)
        if self.find(found["company"], str(new), found["answer"]["type"]):
            raise invalid("DocumentCodeConflict", "A transaction with the new code already exists.", "Unknown")
        found["answer"]["code"] = str(new)
        return self._save(found)

    def lock(self, found: Json, request: Json) -> Json:
        """What filing a return does. Only a committed transaction can be filed."""
        if found["answer"]["status"] != "Committed":
            raise invalid("DocumentCodeConflict", "Only committed transactions can be locked.", "Unknown")
        found["answer"]["locked"] = bool(request.get("isLocked"))
        return self._save(found)

    @staticmethod
    def verify(found: Json, request: Json) -> None:
        """Compare expected values; the first that differs is refused by name."""
        answer = found["answer"]
        for expected, actual in (("verifyTotalAmount", "totalAmount"), ("verifyTotalTax", "totalTax")):
            if request.get(expected) is not None and decimal(request[expected]) != decimal(answer[actual]):
                message = f"{actual} is {answer[actual]}, not {request[expected]}."
                raise invalid("DocumentVerificationError", message, "IncorrectData", actual)
        date = request.get("verifyTransactionDate")
        if date and str(date)[:10] != answer["date"]:
            raise invalid("DocumentVerificationError", f"date is {answer['date']}.", "IncorrectData", "date")

    # -- storing ------------------------------------------------------------------------------------------------

    def _check_unlocked(self, found: Json) -> None:
        if found["answer"]["locked"]:
            raise invalid(
                "CannotModifyLockedTransaction",
                "The transaction is locked: it has been reported to a tax authority.",
                "Unknown",
            )

    def _check_alive(self, found: Json) -> None:
        self._check_unlocked(found)
        if found["answer"]["status"] == "Cancelled":
            raise invalid("TransactionAlreadyCancelled", "The transaction has been voided already.", "Unknown")

    def _to(self, found: Json, status: str) -> Json:
        found["answer"]["status"] = status
        if status == "Committed":
            self._vary(found["company"], found["answer"])
        return self._save(found)

    def _save(self, found: Json) -> Json:
        at = self._store.clock.tick()
        found["answer"]["modifiedDate"] = stamps.zulu(at)
        self.records.put(found["answer"]["id"], found, at)
        return found

    def _record(
        self,
        model: Json,
        company: str,
        code: str,
        kind: str,
        before: Json | None,
        status: str,
        extra: Json | None = None,
    ) -> Json:
        version = 1
        if before is not None:
            version = before["answer"]["version"] + 1
            before["current"] = 0
            if before["answer"]["status"] == "Committed":
                before["answer"]["status"] = "Adjusted"
            self._save(before)
        record_id = self._store.next("avatax:transaction", 5_000_001)
        found = self._answer(model, company, kind, status, record_id, version, code=code, extra=extra)
        if status == "Committed":
            self._vary(company, found["answer"])
        return self._save(found)

    def _answer(
        self,
        model: Json,
        company: str,
        kind: str,
        status: str,
        record_id: int,
        version: int,
        *,
        code: str,
        extra: Json | None = None,
    ) -> Json:
        day = str(model["date"])[:10]
        answer: Json = {
            "id": record_id,
            "code": code,
            "companyId": 7_000_001 + self._setting("companies").index(company),
            "date": day,
            "taxDate": str((model.get("taxOverride") or {}).get("taxDate") or day)[:10],
            "status": status,
            "type": kind,
            "customerCode": model["customerCode"],
            "customerVendorCode": model["customerCode"],
            "exchangeRate": model.get("exchangeRate") or 1.0,
            "purchaseOrderNo": model.get("purchaseOrderNo"),
            "referenceCode": model.get("referenceCode"),
            "description": model.get("description"),
            "entityUseCode": model.get("entityUseCode"),
            "exemptNo": model.get("exemptionNo"),
            "businessIdentificationNo": model.get("businessIdentificationNo"),
            "adjustmentReason": "NotAdjusted",
            "locked": False,
            "version": version,
            "reconciled": False,
            "modifiedDate": stamps.zulu(self._store.clock.now()),
        }
        answer |= (extra or {}) | calculation.calculate(model)
        return {"company": company, "current": 1, "model": model, "answer": answer}

    def _vary(self, company: str, answer: Json) -> None:
        """The fault that makes the committed tax differ from the quoted one."""
        variance = self._setting("tax_variance").get(company)
        if variance:
            calculation.shift_tax(answer, decimal(variance))
