"""Envelopes: made, sent, signed, declined and voided, with every scalar as a text."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from typing import Any

from .. import accounts, stamps
from ..messages import Call, Event, Json, Refusal, Reply, mapping, scalar, sequence
from ..store import Column, Kind, Store

KIND = Kind(
    "docusign_envelopes",
    (Column("status"), Column("status_ms", kind="INTEGER"), Column("transactionId")),
    key="TEXT",
    indexes=("status_ms, id",),
)
OPEN, ENDED = ("created", "sent", "delivered"), ("completed", "declined", "voided")
_STAMP = {"sent": "sentDateTime", "delivered": "deliveredDateTime", "completed": "completedDateTime",
          "declined": "declinedDateTime", "voided": "voidedDateTime"}  # fmt: skip


def refused(code: str, message: str, status: int = 400) -> Refusal:
    """No, in Docusign's words."""
    return Refusal(Reply(status, {"errorCode": code, "message": message}))


def stamp(ms: int) -> str:
    """Seven decimals, of which three are known."""
    return f"{stamps.instant(ms):%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}0000Z"


class Envelopes:
    """All envelopes of the account."""

    def __init__(self, store: Store, setting: Callable[[str], Any]) -> None:
        self.store = store
        self._setting = setting
        store.define([KIND])
        self.kept = store.records(KIND)

    def get(self, key: str) -> Json:
        found = self.kept.get(key)
        if found is None:
            message = "The envelope specified does not exist or is not in a valid state."
            raise refused("ENVELOPE_DOES_NOT_EXIST", message, 404)
        return found

    @staticmethod
    def shown(body: Json, include: set[str]) -> Json:
        """What a list or a single answer says; custom fields and recipients when asked for."""
        hidden = {"status_ms", *({"customFields", "recipients"} - include)}
        return {name: value for name, value in body.items() if name not in hidden}

    # -- changes ------------------------------------------------------------------------------------------------------

    def create(self, call: Call | None, values: Json) -> Json:
        status = scalar(values.get("status", "created"), "status")
        if status not in ("created", "sent"):
            raise refused("INVALID_REQUEST_BODY", f"An envelope cannot be made as {status}.")
        fields = mapping(values.get("customFields") or {}, "customFields")
        signers = sequence(mapping(values.get("recipients") or {}, "recipients").get("signers", []), "signers")
        key = str(uuid.UUID(hashlib.sha256(f"docusign/{self.store.next('docusign:id')}".encode()).hexdigest()[:32]))
        body: Json = {
            "id": key,
            "envelopeId": key,
            "status": "created",
            "emailSubject": str(values.get("emailSubject") or ""),
            "transactionId": str(values.get("transactionId") or ""),
            "isSignatureProviderEnvelope": "false",
            "purgeState": "unpurged",
            "sender": {"userId": accounts.DOCUSIGN_USER_ID, "email": "integration@landscape.example"},
            "customFields": {
                "textCustomFields": [self._field(row) for row in fields.get("textCustomFields", [])],
                "listCustomFields": [],
            },
            "recipients": {"signers": [self._signer(n, row) for n, row in enumerate(signers, 1)]},
            "documentsUri": f"/envelopes/{key}/documents",
        }
        at = self.store.clock.tick()
        body["createdDateTime"] = stamp(at)
        self._put(body, at, moved=True)
        return self.move(call, key, "sent") if status == "sent" else body

    def _field(self, row: Json) -> Json:
        return {
            "fieldId": str(self.store.next("docusign:field", 10_000_000)),
            "name": scalar(row.get("name"), "name"),
            "value": scalar(row.get("value", ""), "value")[:100],
            "show": str(row.get("show", "false")).lower(),
            "required": str(row.get("required", "false")).lower(),
        }

    @staticmethod
    def _signer(number: int, row: Json) -> Json:
        names = ("name", "email", "routingOrder")
        told = {name: str(row[name]) for name in names if row.get(name)}
        return {"recipientId": str(row.get("recipientId") or number), "status": "created", **told}

    def move(self, call: Call | None, key: str, status: str, reason: str = "") -> Json:
        """An envelope goes on, or comes to its end; nothing leads back."""
        body = self.get(key)
        if body["status"] in ENDED or status not in (*OPEN, *ENDED):
            raise refused("INVALID_REQUEST_PARAMETER", f"The envelope is {body['status']}, not to become {status}.")
        if status == "voided" and not reason:
            raise refused("INVALID_REQUEST_PARAMETER", "A voidedReason is required.")
        at = self.store.clock.tick()
        body |= {"status": status, _STAMP.get(status, "lastModifiedDateTime"): stamp(at)}
        if status == "voided":
            body["voidedReason"] = reason
        for signer in body["recipients"]["signers"]:
            signer["status"] = status
            if status == "declined":
                signer["declinedReason"] = reason
        self._put(body, at, moved=True)
        self.tell(call, body)
        return body

    def tell(self, call: Call | None, body: Json, again: int = 0) -> None:
        """What Connect sends of it: one message for each event (JSON SIM)."""
        if call is None:
            return
        now = stamp(self.store.clock.now())
        event = f"envelope-{body['status']}"
        message = {
            "event": event,
            "apiVersion": "v2.1",
            "uri": f"/restapi/v2.1/accounts/{accounts.DOCUSIGN_ACCOUNT_ID}/envelopes/{body['id']}",
            "retryCount": again,
            "configurationId": 22210641,
            "generatedDateTime": body["statusChangedDateTime"] if again else now,
            "data": {
                "accountId": accounts.DOCUSIGN_ACCOUNT_ID,
                "userId": accounts.DOCUSIGN_USER_ID,
                "envelopeId": body["id"],
                "envelopeSummary": self.shown(body, {"customFields", "recipients"}),
            },
        }
        call.emit(Event(event, "envelope", body["id"], message))

    def write_fields(self, key: str, given: list[Json], *, fresh: bool) -> Json:
        """Custom fields added, or changed by their id."""
        body = self.get(key)
        if body["status"] in ENDED and not self._setting("fields_of_ended"):
            raise refused("ENVELOPE_INVALID_STATUS", "The envelope is not in a state that allows this.")
        rows = body["customFields"]["textCustomFields"]
        if fresh:
            made = [self._field(mapping(row, "textCustomFields")) for row in given]
            rows += made
        else:
            by_id = {row["fieldId"]: row for row in rows}
            made = []
            for row in given:
                known = by_id.get(str(row.get("fieldId")))
                if known is None:
                    raise refused("INVALID_CUSTOM_FIELD_ID", "The custom field does not exist.")
                known |= {name: str(row[name])[:100] for name in ("name", "value") if name in row}
                made.append(known)
        self._put(body, self.store.clock.tick(), moved=self._setting("fields_move_status_date"))
        return {"textCustomFields": made, "listCustomFields": []}

    def _put(self, body: Json, at: int, *, moved: bool) -> None:
        body["lastModifiedDateTime"] = stamp(at)
        if moved:
            body |= {"statusChangedDateTime": stamp(at), "status_ms": at}
        self.kept.put(body["id"], body, at)

    # -- lists --------------------------------------------------------------------------------------------------------

    def conditions(self, query: dict[str, str]) -> tuple[list[str], list[Any]]:
        """What a list is asked for: since a date, unless envelopes or transactions are named."""
        where, params = list[str](), list[Any]()
        for name, column in (("envelope_ids", "id"), ("transaction_ids", "transactionId")):
            if query.get(name):
                wanted = query[name].split(",")
                where.append(f"{column} IN ({','.join('?' * len(wanted))})")
                params += wanted
        if not where and not query.get("from_date"):
            raise refused("INVALID_REQUEST_PARAMETER", "The request contained at least one invalid parameter."
                          " A value for 'from_date', 'envelope_ids' or 'transaction_ids' is required.")  # fmt: skip
        for name, sign in (("from_date", ">="), ("to_date", "<")):
            if query.get(name):
                try:
                    params.append(stamps.parse(query[name]))
                except ValueError:
                    raise refused("INVALID_REQUEST_PARAMETER", f"{name} is not a date.") from None
                where.append(f"status_ms {sign} ?")
        if wanted_field := query.get("custom_field"):
            name, _, value = wanted_field.partition("=")
            where.append(
                "EXISTS (SELECT 1 FROM json_each(body, '$.customFields.textCustomFields') WHERE"
                " json_extract(value, '$.name') = ? AND json_extract(value, '$.value') LIKE ?)"
            )
            params += [name, value]
        return where, params
