"""Chargebee's API v2, as far as invoices go."""

from __future__ import annotations

import base64
import binascii
import re
import time
from collections import deque
from collections.abc import Callable

from .. import accounts
from ..forms import nested
from ..messages import Call, Handler, Json, Misshapen, Refusal, Reply
from ..replay import Keys
from ..vendor import Vendor
from .book import COLLECTIONS, Book
from .documents import Documents
from .wording import error, known, needed, wrong

_CUSTOMER = {"id", "first_name", "last_name", "email", "company", "phone", "preferred_currency_code",
             "auto_collection", "net_term_days"}  # fmt: skip
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
KEYS = Keys(
    space="chargebee:idempotency",
    header="chargebee-idempotency-key",
    replayed="chargebee-idempotency-replayed",
    too_long=lambda: error(400, "The idempotency key is too long.", code="param_wrong_value"),
    reused=lambda key: error(400, f"The idempotency key {key} was used for another request.", code="param_wrong_value"),
)


def basic(header: str) -> str:
    """The user of HTTP basic authentication, which is the key; its password is empty."""
    scheme, _, coded = header.partition(" ")
    try:
        told = base64.b64decode(coded.strip(), validate=True).decode() if scheme.lower() == "basic" else ""
    except (binascii.Error, ValueError):
        return ""
    return told.partition(":")[0]


class Chargebee(Vendor):
    """One site."""

    name = "chargebee"

    def install(self) -> None:
        self.book = Book(self.store, self.setting)
        self.documents = Documents(self.book)
        self._recent: deque[float] = deque()

    def seed(self) -> None:
        for key in (accounts.CHARGEBEE_KEY, accounts.CHARGEBEE_READ_KEY):
            self.tokens.grant(key, None)

    def clear(self) -> None:
        super().clear()
        KEYS.forget(self.store)
        self._recent.clear()

    def table(self) -> list[tuple[str, str, Handler]]:
        items, root = self.documents, "/api/v2"
        making: dict[str, tuple[str, Callable[[Call, Json], Json]]] = {
            "customers": ("customer", self.make),
            "invoices/import_invoice": ("invoice", items.bring),
            "invoices/create_for_charge_items_and_charges": ("invoice", items.charge),
            "credit_notes/import_credit_note": ("credit_note", items.credit),
        }
        changing: dict[str, tuple[str, Callable[[Call, str, Json], Json]]] = {
            "customers/{id}": ("customer", self.change),
            "invoices/{id}/close": ("invoice", items.close),
            "invoices/{id}/void": ("invoice", items.void),
            "invoices/{id}/write_off": ("invoice", items.write_off),
            "credit_notes/{id}/void": ("credit_note", items.void_note),
        }
        return [
            *(("POST", f"{root}/{path}", self._making(*how)) for path, how in making.items()),
            *(("POST", f"{root}/{path}", self._changing(*how)) for path, how in changing.items()),
            (
                "POST",
                root + "/invoices/{id}/record_payment",
                lambda call: Reply(200, items.pay(call, call.params["id"])),
            ),
            ("POST", root + "/{collection}/{id}/delete", self.delete),
            ("GET", root + "/{collection}", lambda call: Reply(200, self.book.listed(call, self._collection(call)))),
            ("GET", root + "/{collection}/{id}", self.show),
        ]

    @staticmethod
    def _making(kind: str, act: Callable[[Call, Json], Json]) -> Handler:
        return lambda call: Reply(200, {kind: act(call, nested(call.body))})

    @staticmethod
    def _changing(kind: str, act: Callable[[Call, str, Json], Json]) -> Handler:
        return lambda call: Reply(200, {kind: act(call, call.params["id"], nested(call.body))})

    @staticmethod
    def signed(secret: str, key: str, moment: int, body: str) -> dict[str, str]:
        """Nothing is signed: a user and a password are sent along."""
        return {"authorization": f"Basic {base64.b64encode(secret.partition(' ')[0].encode()).decode()}"}

    # -- site and words ---------------------------------------------------------------------------------------------

    def authorize(self, call: Call) -> None:
        key = basic(call.headers.get("authorization", ""))
        if not self.tokens.valid(key):
            raise Refusal(error(401, "Sorry, authentication failed. Invalid api key", code="api_authentication_failed"))
        if key == accounts.CHARGEBEE_READ_KEY and call.method == "POST":
            message = "Sorry, you are not authorized to do this operation with a read-only key"
            raise Refusal(error(403, message, code="api_authorization_failed"))

    def expire(self, call: Call) -> None:
        self.tokens.revoke(basic(call.headers.get("authorization", "")))

    def failure(self, status: int, message: str = "") -> Reply:
        if status < 500:
            return error(status, message or "The request was not possible.", code="request_blocked")
        return error(status, message or "Sorry, something went wrong.", code="internal_error", kind="operation_failed")

    def not_found(self, call: Call) -> Reply:
        return error(404, f"Sorry, we couldn't find {call.path}", code="site_not_found")

    def throttled(self) -> Reply:
        message = "The API requests limit was exceeded."
        reply = error(429, message, code="api_request_limit_exceeded", kind="operation_failed")
        reply.headers["Retry-After"] = "5"
        return reply

    def over_quota(self) -> Reply:
        return self.throttled()

    def crowded(self, call: Call) -> Reply | None:
        now = time.monotonic()
        self._recent.append(now)
        while self._recent[0] <= now - 60:
            self._recent.popleft()
        return self.throttled() if len(self._recent) > self.setting("calls_per_minute") else None

    def respond(self, call: Call) -> Reply:
        try:
            self.authorize(call)
            return KEYS.answered(
                self.store, call, "site", self.book.now(), lambda: super(Chargebee, self).respond(call)
            )
        except Misshapen as problem:
            raise Refusal(error(400, str(problem), code="param_wrong_value")) from None

    # -- objects ----------------------------------------------------------------------------------------------------

    def _collection(self, call: Call) -> str:
        if call.params["collection"] not in COLLECTIONS:
            raise Refusal(self.not_found(call))
        return call.params["collection"]

    def show(self, call: Call) -> Reply:
        name = self._collection(call)
        return Reply(200, {COLLECTIONS[name].singular: self.book.get(name, call.params["id"])})

    def delete(self, call: Call) -> Reply:
        name = self._collection(call)
        kind = COLLECTIONS[name].singular
        body = self.book.get(name, call.params["id"]) | {"deleted": True}
        return Reply(200, {kind: self.book.save(name, body, call, f"{kind}_deleted")})

    def make(self, call: Call | None, values: Json) -> Json:
        """A customer, under the id it is told or one of Chargebee's."""
        key = needed(values, "id", 50) if values.get("id") else self.book.number("cus")
        body = {"id": self.book.free("customers", key), "created_at": self.book.now(), "auto_collection": "on",
                "preferred_currency_code": "USD", "net_term_days": 0, "taxability": "taxable"}  # fmt: skip
        return self._filled(call, body, values, "customer_created")

    def change(self, call: Call, key: str, values: Json) -> Json:
        body = self.book.get("customers", key)
        return self._filled(call, body, {name: v for name, v in values.items() if name != "id"}, "customer_changed")

    def _filled(self, call: Call | None, body: Json, values: Json, told: str) -> Json:
        known(values, _CUSTOMER)
        if values.get("email") and not _EMAIL.fullmatch(str(values["email"])):
            raise wrong("email", "invalid email address")
        for name, value in values.items():
            if not isinstance(value, str):
                raise wrong(name, "should be a value")
        return self.book.save("customers", body | values | {"id": body["id"]}, call, told)

    # -- control port -----------------------------------------------------------------------------------------------

    def load(self, entity: str, rows: list[Json]) -> list[str]:
        """Customers; or what happens without us: `keys` makes every idempotency key forgotten."""
        if entity == "keys":
            KEYS.forget(self.store)
            return []
        if entity != "customers":
            raise ValueError("Chargebee takes only customers")
        return [str(self.make(None, values)["id"]) for values in rows]

    def ledger(self) -> Json:
        """Counts, and what is owed, paid and credited per currency and state of the invoice."""
        names = ("currency", "status", "invoices", "total", "paid", "due", "adjusted", "applied")
        fields = ("total", "amount_paid", "amount_due", "amount_adjusted", "credits_applied")
        sums = ", ".join(f"sum(json_extract(body, '$.{field}'))" for field in fields)
        found = self.store.query(
            f"SELECT json_extract(body, '$.currency_code'), status, count(*), {sums}"  # noqa: S608 -- our own names
            " FROM chargebee_invoices GROUP BY 1, 2 ORDER BY 1, 2"
        )
        return {
            "vendor": self.name,
            "counts": {name: records.count() for name, records in self.book.records.items()},
            "invoices": [dict(zip(names, row, strict=True)) for row in found],
        }
