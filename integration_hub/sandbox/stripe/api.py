"""Stripe's REST API v1, as far as invoices go."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from .. import accounts
from ..forms import opened
from ..messages import Call, Handler, Json, Misshapen, Refusal, Reply
from ..replay import Keys
from ..tokens import bearer
from ..vendor import Vendor
from .book import Book
from .credits import Credits
from .customers import Customers
from .invoices import Invoices
from .payments import Payments
from .schema import COLLECTIONS, VERSION
from .signing import headers
from .wording import error, refused

LIVE = ("sk_live_", "rk_live_")
_VERSIONS = {"acacia", "basil", "clover", "dahlia", "endive"}
_BUSY = (
    "This object cannot be accessed right now because another API request or Stripe process is currently accessing it."
)


def _reused(key: str) -> Reply:
    message = (
        "Keys for idempotent requests can only be used with the same parameters they were first used with."
        f" Try using a key other than '{key}' if you meant to execute a different request."
    )
    return error(400, message, kind="idempotency_error")


KEYS = Keys(
    space="stripe:idempotency",
    header="idempotency-key",
    replayed="Idempotent-Replayed",
    too_long=lambda: error(400, "Idempotency keys can be up to 255 characters long."),
    reused=_reused,
)


class Stripe(Vendor):
    """One account, with test data and live data."""

    name = "stripe"

    def install(self) -> None:
        self.book = Book(self.store, self.setting)
        self.customers = Customers(self.book)
        self.invoices = Invoices(self.book, self.customers)
        self.payments = Payments(self.book)
        self.credits = Credits(self.book, self.payments)
        self._recent: deque[float] = deque()

    def seed(self) -> None:
        for key in (accounts.STRIPE_KEY, accounts.STRIPE_LIVE_KEY, accounts.STRIPE_RESTRICTED_KEY):
            self.tokens.grant(key, None)

    def clear(self) -> None:
        super().clear()
        KEYS.forget(self.store)
        self._recent.clear()

    def table(self) -> list[tuple[str, str, Handler]]:
        one, items = "/v1/invoices/{id}", self.invoices
        on_invoice: dict[str, Callable[[Call, str, Json], Json]] = {
            "finalize": items.finalize,
            "send": items.send,
            "void": items.void,
            "mark_uncollectible": items.give_up,
            "add_lines": items.add_lines,
        }
        return [
            ("GET", "/v1/account", self.account),
            ("GET", "/v1/customers/search", lambda call: Reply(200, self.book.searched(call, "customers"))),
            ("GET", "/v1/invoices/search", lambda call: Reply(200, self.book.searched(call, "invoices"))),
            ("POST", "/v1/customers", self._creating(self.customers.create)),
            ("POST", "/v1/customers/{id}", self._changing(self.customers.update)),
            ("DELETE", "/v1/customers/{id}", lambda call: Reply(200, self.customers.delete(call, call.params["id"]))),
            ("POST", "/v1/tax_rates", self._creating(self.customers.rate)),
            ("POST", "/v1/invoiceitems", self._creating(items.item)),
            ("POST", "/v1/invoices", self._creating(items.create)),
            ("GET", f"{one}/lines", self.lines),
            *(("POST", f"{one}/{verb}", self._changing(act)) for verb, act in on_invoice.items()),
            ("POST", f"{one}/pay", self._paying(self.payments.pay)),
            ("POST", f"{one}/attach_payment", self._paying(self.payments.attach)),
            ("POST", one, self._changing(items.update)),
            ("DELETE", one, lambda call: Reply(200, items.delete(call, call.params["id"]))),
            ("POST", "/v1/credit_notes", self._creating(self.credits.create)),
            ("POST", "/v1/credit_notes/{id}", self._changing(self.credits.update)),
            ("POST", "/v1/credit_notes/{id}/void", self._changing(lambda call, key, _: self.credits.void(call, key))),
            ("POST", "/v1/payment_intents", self._creating(self.payments.intent)),
            ("GET", "/v1/{collection}", self.index),
            ("GET", "/v1/{collection}/{id}", self.show),
        ]

    def _creating(self, act: Callable[[Call, Json], Json]) -> Handler:
        return lambda call: Reply(200, act(call, opened(call.body)))

    def _changing(self, act: Callable[[Call, str, Json], Json]) -> Handler:
        return lambda call: Reply(200, act(call, call.params["id"], opened(call.body)))

    def _paying(self, act: Callable[[Call, str, Json], Json]) -> Handler:
        return lambda call: Reply(200, self.invoices.shown(act(call, call.params["id"], opened(call.body))))

    @staticmethod
    def signed(secret: str, key: str, moment: int, body: str) -> dict[str, str]:
        return headers(secret, moment, body)

    # -- account and words ------------------------------------------------------------------------------------------

    def authorize(self, call: Call) -> None:
        key = bearer(call.headers.get("authorization", ""))
        if not self.tokens.valid(key):
            shown = f"{key[:8]}{'*' * 10}{key[-4:]}" if len(key) > 12 else "*" * len(key)
            raise Refusal(error(401, f"Invalid API Key provided: {shown}"))
        self.book.live = key.startswith(LIVE)
        version = call.headers.get("stripe-version", "")
        day, _, name = version.partition(".")
        if version and (len(day) != 10 or (name and name not in _VERSIONS)):
            raise refused(f"Invalid Stripe API version: {version}")
        if key.startswith("rk_"):
            self._permit(call, key)

    def _permit(self, call: Call, key: str) -> None:
        """A restricted key may do what it is told to; what it lacks is named."""
        parts = call.path.split("/")
        of = COLLECTIONS.get(parts[2]) if len(parts) > 2 else None
        what = of.permission if of else "accounts_kyc_basic"
        wanted = f"rak_{what}_{'write' if call.method != 'GET' else 'read'}"
        if wanted in self.setting("restricted_lacks"):
            raise refused(
                f"The provided key '{key[:8]}**********{key[-4:]}' does not have the required permissions for this"
                f" endpoint on account '{accounts.STRIPE_ACCOUNT_ID}'. Having the '{wanted}' permission would allow"
                " this request to continue.",
                code="more_permissions_required",
                status=403,
            )

    def expire(self, call: Call) -> None:
        self.tokens.revoke(bearer(call.headers.get("authorization", "")))

    def failure(self, status: int, message: str = "") -> Reply:
        if status == 409:
            reply = error(409, message or _BUSY, code="lock_timeout")
            reply.headers["Stripe-Should-Retry"] = "true"
            return reply
        if status < 500:
            return error(status, message or "The request was not possible.")
        return error(status, message or "An unknown error occurred.", kind="api_error")

    def not_found(self, call: Call) -> Reply:
        return error(404, f"Unrecognized request URL ({call.method}: {call.path}).")

    def throttled(self) -> Reply:
        return self._too_many("endpoint-rate", "Request rate limit exceeded.")

    def over_quota(self) -> Reply:
        return self.throttled()

    @staticmethod
    def _too_many(reason: str, message: str) -> Reply:
        reply = error(429, message, code="rate_limit")
        reply.headers |= {"Stripe-Rate-Limited-Reason": reason}
        return reply

    def crowded(self, call: Call) -> Reply | None:
        """Two limits: calls at once, and calls in a second."""
        if self.in_flight > self.setting("concurrency"):
            return self._too_many("global-concurrency", "Too many concurrent requests.")
        now = time.monotonic()
        self._recent.append(now)
        while self._recent[0] <= now - 1:
            self._recent.popleft()
        return self.throttled() if len(self._recent) > self.setting("calls_per_second") else None

    def finish(self, call: Call, reply: Reply) -> None:
        reply.headers["Request-Id"] = f"req_{self.store.next('stripe:request'):014d}"
        reply.headers["Stripe-Version"] = call.headers.get("stripe-version", VERSION)
        if key := call.headers.get("idempotency-key"):
            reply.headers["Idempotency-Key"] = key

    def respond(self, call: Call) -> Reply:
        try:
            self.authorize(call)
            self.invoices.pass_time()
            mode = "live" if self.book.live else "test"
            return KEYS.answered(self.store, call, mode, self.book.now(), lambda: super(Stripe, self).respond(call))
        except Misshapen as problem:
            raise refused(str(problem)) from None
        except (json.JSONDecodeError, UnicodeDecodeError):
            raise refused("The request could not be read.") from None

    # -- reading ----------------------------------------------------------------------------------------------------

    def account(self, call: Call) -> Reply:
        return Reply(200, {
            "id": accounts.STRIPE_ACCOUNT_ID, "object": "account", "country": "US", "default_currency": "usd",
            "business_profile": {"name": "Landscape Inc."}, "settings": {"dashboard": {"timezone": "Etc/UTC"}},
            "charges_enabled": True,
        })  # fmt: skip

    def lines(self, call: Call) -> Reply:
        invoice = self.book.get("invoices", call.params["id"])
        return Reply(200, self.book.listed(call, "lines", {"invoice": invoice["id"]}, oldest_first=True))

    def index(self, call: Call) -> Reply:
        name = self._collection(call)
        listed = self.book.listed(call, name)
        if name == "invoices":
            listed["data"] = [self.invoices.shown(body) for body in listed["data"]]
        return Reply(200, listed)

    def show(self, call: Call) -> Reply:
        name = self._collection(call)
        body = self.book.get(name, call.params["id"])
        if body.get("deleted"):
            if name != "customers":
                raise refused(f"No such {body['object']}: '{body['id']}'", code="resource_missing", status=404)
            body = {"id": body["id"], "object": "customer", "deleted": True}
        return Reply(200, self.invoices.shown(body) if name == "invoices" else body)

    def _collection(self, call: Call) -> str:
        name = call.params["collection"]
        if name not in COLLECTIONS or name == "lines":
            raise Refusal(self.not_found(call))
        return name

    # -- control port -----------------------------------------------------------------------------------------------

    def load(self, entity: str, rows: list[Json]) -> list[str]:
        """Customers; or what happens without us: `keys` makes every idempotency key forgotten."""
        if entity == "keys":
            KEYS.forget(self.store)
            return []
        if entity != "customers":
            raise ValueError("Stripe takes only customers")
        self.book.live = False
        return [str(self.customers.create(None, values)["id"]) for values in rows]

    def ledger(self) -> Json:
        """Counts, and what is owed, paid and credited per currency and state of the invoice."""
        names = ("livemode", "currency", "status", "invoices", "total", "paid", "remaining", "credited")
        sums: list[Any] = self.store.query(
            "SELECT livemode, json_extract(body, '$.currency'), status, count(*),"
            " sum(json_extract(body, '$.total')), sum(json_extract(body, '$.amount_paid')),"
            " sum(json_extract(body, '$.amount_remaining')),"
            " sum(json_extract(body, '$.pre_payment_credit_notes_amount'))"
            " FROM stripe_invoices WHERE json_extract(body, '$.deleted') IS NULL GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
        )
        return {
            "vendor": self.name,
            "counts": {name: records.count() for name, records in self.book.records.items()},
            "invoices": [dict(zip(names, row, strict=True)) for row in sums],
        }
