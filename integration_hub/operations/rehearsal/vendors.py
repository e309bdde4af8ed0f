"""The vendors' side of a rehearsal: connections to the simulators, their faults, records that change, webhooks."""

import json
import logging
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import httpx
from standardwebhooks import Webhook

from integration_hub.connectors.actions import accounts as accounts_of
from integration_hub.connectors.actions import connections
from integration_hub.connectors.models import Account, Connection
from integration_hub.intake.actions import feeds
from integration_hub.intake.models import Feed
from integration_hub.kernel.clock import now, today
from integration_hub.operations.demo.connections import credentials, settings_of, webhook_secret
from integration_hub.operations.rehearsal import payloads
from integration_hub.operations.rehearsal.plan import CUSTOMERS, Plan
from integration_hub.sandbox import Landscape, accounts

log = logging.getLogger(__name__)

BY = "system:rehearsal"
VENDORS = ("netsuite", "kantata")
ENTITY = "resource"
"""The feed that is read under faults: Kantata's users, because they can be changed at will."""
TIMEOUT = "1.5"
"""Below the rehearsal's lease, as in production the time-out is below the lease."""
SLOW_FEED = 3600
CALLS_PER_SECOND, CONCURRENCY = 400, 12
SKEW = timedelta(minutes=10)
FORGED = "whsec_Zm9yZ2VkIGZvcmdlZCBmb3JnZWQgZm9yZ2Vk"


def set_up(landscape: Landscape) -> None:
    """Connections to the simulators; of the feeds only one is read, when a hint or somebody asks."""
    for vendor in VENDORS:
        made = connections.create(
            code=vendor,
            vendor=vendor,
            name=vendor.title(),
            base_url=str(landscape.urls[vendor]),
            settings={**settings_of(vendor), "timeout_seconds": TIMEOUT},
            credentials=credentials(vendor),
            webhook_secret=webhook_secret(vendor),
            by=BY,
        )
        _by_the_second(made)
        feeds.install_feeds(connection=made, by=BY)
    Feed.objects.exclude(connection__code="kantata", entity=ENTITY).update(is_active=False)
    Feed.objects.filter(is_active=True).update(every_seconds=SLOW_FEED, late_after_seconds=SLOW_FEED)


def _by_the_second(made: Connection) -> None:
    """Limits counted by the second: what refusals teach is unlearnt again within the rehearsal."""
    accounts_of.share(connection_id=made.pk, account_id=None, by=BY, seen_version=made.version)
    account = Account.objects.get(connections=made)
    limits = accounts_of.LimitsIn(calls=CALLS_PER_SECOND, seconds=1, concurrency=CONCURRENCY)
    accounts_of.set_limits(account_id=account.pk, limits=limits, by=BY, seen_version=account.version)


@dataclass
class Scene:
    """One seed at the vendors: what is loaded, which faults are in force, what struck."""

    landscape: Landscape
    plan: Plan
    hub_url: str
    user: httpx.Client
    """Of whoever works over there."""
    struck: Counter[str] = field(default_factory=Counter)
    people: list[str] = field(default_factory=list)
    rules: dict[str, str] = field(default_factory=dict)
    hints_before: dict[str, int] = field(default_factory=dict)
    forged: int = 0

    def open(self) -> None:
        """Load customers and people, then let the faults in."""
        seed = self.plan.seed
        rows = [payloads.customer(seed, code, n) for code in payloads.ENTITIES for n in range(CUSTOMERS)]
        self.landscape.load("netsuite", "customer", rows)
        people = range(self.plan.size.records)
        names = [{"full_name": f"Person {seed}-{n}", "email_address": f"p{seed}-{n}@rehearsal.example"} for n in people]
        if self.plan.hints:
            relay = {"url": f"{self.hub_url}/hooks/kantata/", "secret": webhook_secret("kantata"), "enabled": True}
            self.landscape.relay("kantata", **relay, duplicate_probability=0.4, shuffle=True, delay_ms=300)
        self.hints_before = dict(self.landscape.relay()["kantata"])
        self.people = self.landscape.load("kantata", "users", names)
        self.rules = {self.landscape.fault(**rule): name for name, rule in self.plan.rules.items()}

    def change_somebody(self, number: int) -> None:
        """One person is renamed, by the vendor's own API; each at most once, since its stamps have whole seconds."""
        key = self.people[number]
        for _ in range(20):  # the API is struck by the faults too, and a user would try again
            try:
                answer = self.user.put(
                    f"{self.landscape.kantata}/api/v1/users/{key}",
                    json={"user": {"full_name": f"Renamed {self.plan.seed}-{number}"}},
                    headers={"Authorization": f"Bearer {accounts.KANTATA_TOKEN}"},
                )
            except httpx.HTTPError:
                continue
            if answer.is_success:
                return
        raise RuntimeError("The simulated PSA took no change in twenty tries.")

    def calm(self) -> None:
        """No more faults: count what struck, withdraw the rules, open the period, let the last hints out."""
        for rule in self.landscape.faults():
            if name := self.rules.get(rule["id"]):
                self.struck[name] += rule["fired"]
        self.landscape.clear_faults()
        self.landscape.period(_period(), ar_locked=False)

    def hints_are_out(self) -> bool:
        """Whether no hint waits any more."""
        return int(self.landscape.relay()["kantata"]["waiting"]) == 0

    def hints(self) -> dict[str, int]:
        """Switch the hints off. How many were `answered` since the landscape was started, at least, and how many came
        a second time in this seed; nothing when no hints were sent."""
        after = self.landscape.relay()["kantata"]
        self.landscape.relay("kantata", enabled=False)
        if not self.plan.hints:
            return {}
        doubled = (
            after["delivered"] - self.hints_before["delivered"] - (after["offered"] - self.hints_before["offered"])
        )
        return {"answered": after["offered"] - after["given_up"] - after["dropped"], "doubled": max(doubled, 0)}

    def strikes(self) -> dict[str, Callable[[random.Random], int]]:
        """What the nemesis can do here."""
        return {
            "period_close": self._close_period,
            "forged_signature": lambda dice: self._forge(dice, secret=FORGED),
            "mutated_body": lambda dice: self._forge(dice, mutate=True),
            "old_timestamp": lambda dice: self._forge(dice, age=SKEW),
            "early_timestamp": lambda dice: self._forge(dice, age=-SKEW),
        }

    def _close_period(self, dice: random.Random) -> int:
        self.landscape.period(_period(), ar_locked=True)
        return 1

    def _forge(
        self, dice: random.Random, *, secret: str = "", mutate: bool = False, age: timedelta = timedelta(0)
    ) -> int:
        """A webhook that must be refused; 1 when it was delivered and refused as such."""
        moment = now() - age
        body = json.dumps({"type": "user.updated", "data": {"entity": "users", "id": "1"}})
        key = f"forged_{self.plan.seed}_{dice.randrange(2**31)}"
        signature = Webhook(secret or webhook_secret("kantata")).sign(msg_id=key, timestamp=moment, data=body)
        headers = {
            "content-type": "application/json",
            "webhook-id": key,
            "webhook-timestamp": str(int(moment.timestamp())),
            "webhook-signature": signature,
        }
        sent = body.replace("users", "roles") if mutate else body
        try:
            answer = self.user.post(f"{self.hub_url}/hooks/kantata/", content=sent, headers=headers)
        except httpx.HTTPError:
            return 0  # the hub was being struck itself
        if answer.status_code == 401:
            self.forged += 1
        elif answer.is_success:
            raise AssertionError(f"A forged webhook was taken: {key}")
        return 1 if answer.status_code == 401 else 0


def read_again() -> None:
    """Have the feed read to its end once more."""
    for feed in Feed.objects.filter(is_active=True).select_related("connection"):
        feeds.make_due([feed], trigger="rehearsal")


def _period() -> str:
    return f"{today():%b %Y}"
