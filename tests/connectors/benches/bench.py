"""What the conformance kit needs of a vendor, beside the connector that is tried."""

import json
from collections.abc import Iterator
from decimal import Decimal
from functools import cached_property
from typing import Any, ClassVar

import pytest

from integration_hub.connectors import budget
from integration_hub.connectors import credentials as vault
from integration_hub.connectors.models import Account, Connection
from integration_hub.connectors.registry import (
    CONNECTORS,
    DEFAULT_MAPPINGS,
    Connector,
    Manifest,
    Page,
    Write,
    WriteSpec,
)
from integration_hub.mapping.actions import mappings
from integration_hub.mapping.apply import Translated
from integration_hub.sandbox import Landscape, relay
from tests.connectors.conftest import canonical, pages

LETTERS = 'Zürich „Łódź“ & Söhne – O\'Neill "東京" 100 % ₤ß 🚢'
"""What people write into names."""


class Bench:
    """A vendor of the landscape, an account in it, and somebody who works there beside the product.

    `feed` is the feed the reading cases use: one that is read by stamp, whose records have a name. The other attributes
    say how the simulator is bent; the methods that raise must be written where the vendor has the trait.
    """

    vendor: ClassVar[str]
    simulator: ClassVar[str] = ""
    """The vendor of the landscape that stands for it, where that has another name."""
    feed: ClassVar[str] = ""
    name_field: ClassVar[str] = "name"
    """Field of the canonical record that holds the name."""
    required: ClassVar[tuple[str, ...]] = ()
    """Fields of the vendor's answer without which no canonical record can be made."""
    value: ClassVar[tuple[str, str]] = ("", "")
    """A feed, and a field of the vendor's answers that a value map translates."""
    priced: ClassVar[tuple[str, str]] = ("invoice", "gross")
    """A feed whose records state amounts, and the field of the canonical record that is one."""
    amounts_stated: ClassVar[tuple[tuple[str, str], ...]] = (("USD", "1234567.89"), ("EUR", "0.10"), ("JPY", "1999"))
    """Amounts the vendor is to state, in currencies it takes: large, small, and without cents."""
    windowed: ClassVar[tuple[str, ...]] = ()
    """Writes that a closed window refuses."""
    page_rows: ClassVar[int] = 5
    stale: ClassVar[int] = 310
    """Seconds off its time at which a webhook is refused: beyond the tolerance, or beyond the vendor's own tries."""
    where: ClassVar[str] = "running"
    """The fixture that is the vendor's whereabouts: the landscape, or the vendor's own server."""
    marks: ClassVar[tuple[pytest.MarkDecorator, ...]] = ()
    """Marks of every case with this vendor."""

    def __init__(self, landscape: Any) -> None:
        self.landscape: Landscape = landscape
        self._mapped: set[str] = set()

    # -- the connector and its connection -----------------------------------------------------------------------------

    @property
    def connector(self) -> Connector:
        return CONNECTORS.get(self.vendor)

    @property
    def manifest(self) -> Manifest:
        return self.connector.manifest

    @property
    def writes(self) -> tuple[WriteSpec, ...]:
        return self.manifest.writes

    @property
    def there(self) -> str:
        """Its name in the landscape."""
        return self.simulator or self.vendor

    @property
    def url(self) -> str:
        return str(self.landscape.urls[self.there])

    def settings(self) -> dict[str, Any]:
        return {}

    def credentials(self) -> dict[str, str]:
        raise NotImplementedError

    def connect(self, code: str, url: str = "", credentials: dict[str, str] | None = None) -> Connection:
        """Another connection to the account, as yet without mappings: to make them all costs more than most cases."""
        secrets = self.credentials() if credentials is None else credentials
        return Connection.objects.create(
            code=code,
            vendor=self.vendor,
            name=code,
            account=Account.objects.create(code=code, vendor=self.vendor),
            base_url=url or self.url,
            settings={"timeout_seconds": "10", **self.settings()},
            sealed_credentials=vault.sealed(code, secrets) if secrets else b"",
        )

    def map(self, entity: str) -> None:
        """The default mapping of a feed, with the value maps it uses."""
        if entity in self._mapped:
            return
        self._mapped.add(entity)
        default = DEFAULT_MAPPINGS.get(self.vendor)
        body = default["entities"][entity]
        used = {rule["value_map"] for rule in body["rules"] if rule.get("value_map")}
        tables = {name: rows for name, rows in default["values"].items() if name in used}
        one = {"entities": {entity: body}, "values": tables}
        mappings.install_default(connection=self.connection.code, default=one, by="system:test")

    @cached_property
    def connection(self) -> Connection:
        made = self.connect(f"{self.vendor}-kit")
        self.prepare(made)
        return made

    def prepare(self, connection: Connection) -> None:
        """What an administrator would add to the connection, such as value maps."""

    # -- the vendor ---------------------------------------------------------------------------------------------------

    def restore(self) -> None:
        """The account as it was at the beginning."""
        self.landscape.reset(vendor=self.there)
        self.landscape.clear_faults()
        self.landscape.post("/tokens", {"vendor": self.there, "action": "restore"})

    def fault(self, kind: str, **rule: Any) -> None:
        """The vendor misbehaves."""
        self.landscape.fault(self.there, kind, **rule)

    def heal(self) -> None:
        """It behaves again, and the waits it asked for are over."""
        self.landscape.clear_faults()
        account = budget.account_of(self.connection)
        Account.objects.filter(pk=account).update(quiet_until=None)
        budget.forget(account)

    def revoke(self) -> None:
        """Everybody's token runs out."""
        self.landscape.post("/tokens", {"vendor": self.there, "action": "revoke"})
        self.landscape.post("/tokens", {"vendor": self.there, "action": "restore"})

    def books(self) -> Any:
        """Everything the vendor has, to see whether something changed."""
        return self.landscape.ledger(self.there)

    def written(self) -> int:
        """How many calls that may change something the vendor has heard."""
        calls = self.landscape.calls(self.there)
        return sum(1 for call in calls if call["method"] != "GET" and not self.is_question(call["path"]))

    def is_question(self, path: str) -> bool:
        """Whether a POST to the path asks, and changes nothing."""
        return False

    # -- reading ------------------------------------------------------------------------------------------------------

    def ask(self) -> None:
        """Something is read."""
        self.read()

    def read(self, cursor: dict[str, Any] | None = None, entity: str = "") -> list[Page]:
        """All pages of a feed, of `feed` unless another is named."""
        entity = entity or self.feed
        self.map(entity)
        return pages(self.connection, entity, cursor)

    def reader(self) -> Iterator[Page]:
        """The pages of the feed one by one, from its beginning."""
        self.map(self.feed)
        return self.connector.read(self.connection, self.feed, {})

    def meaning(self, read: list[Page], entity: str = "") -> dict[str, Translated]:
        """What the default mapping makes of them."""
        entity = entity or self.feed
        self.map(entity)
        return canonical(self.connection, entity, read)

    def small_pages(self) -> None:
        """Pages of `page_rows` rows at most."""
        self.connection.settings["page_size"] = str(self.page_rows)

    def make(self, names: list[str]) -> list[str]:
        """Records of the feed with these names; their source ids."""
        raise NotImplementedError

    def rename(self, key: str, name: str) -> None:
        raise NotImplementedError

    def remove(self, key: str) -> None:
        raise NotImplementedError

    def make_value(self) -> str:
        """A record of the feed that `value` names; its source id."""
        raise NotImplementedError

    def price(self, number: int, currency: str, amount: str) -> str:
        """A record of the feed that `priced` names, with this amount; its source id."""
        raise NotImplementedError

    def submit_time(self) -> tuple[str, str]:
        """Time of somebody is handed in: the ids of an entry and of what will approve it."""
        raise NotImplementedError

    def approve(self, sheet: str) -> None:
        raise NotImplementedError

    def keeps(self, secret: str) -> str:
        """What the connection keeps of a secret that webhooks are signed with."""
        return secret

    def hook(self, secret: str, moment: int, key: str) -> tuple[bytes, dict[str, str]]:
        """A webhook about a record of the feed, and its headers: Standard Webhooks, unless the vendor has its own."""
        hints = next(spec.hint_entities for spec in self.manifest.feeds if spec.entity == self.feed)
        name = hints[0] if hints else self.feed
        body = json.dumps({"type": f"{name}.updated", "data": {"entity": name, "id": "1"}})
        return body.encode(), relay.standard(secret, key, moment, body)

    # -- writing ------------------------------------------------------------------------------------------------------

    def write(self, effect_type: str, number: int = 1, text: str = "May 2026") -> Write:
        """The write of that number, with all that it needs at the vendor; `text` is in it where people read."""
        raise NotImplementedError

    def refused(self, effect_type: str) -> Write | None:
        """A write the vendor must refuse for what it says; None where it takes everything."""
        return None

    def effects(self, write: Write) -> int:
        """How often the vendor's own books hold what the write wants."""
        raise NotImplementedError

    def says(self, write: Write) -> str:
        """The text of a write as the vendor's books hold it."""
        raise NotImplementedError

    def amounts(self, write: Write) -> list[Decimal]:
        """Amounts the vendor must keep to the cent, as the write carries them."""
        figures = self.manifest.write(write.effect_type).figures
        return [Decimal(write.payload[path]) for path in (figures.net, figures.tax, figures.gross) if path]

    def close(self, write: Write) -> None:
        """No postings of the write's day any more."""
        raise NotImplementedError

    def reopen(self, write: Write) -> None:
        raise NotImplementedError


def project_of(reference: str, text: str, *, milestones: bool = False) -> dict[str, Any]:
    """What a project is made from in a PSA."""
    planned = [{"reference": f"{reference}-M1", "name": text, "due_on": "2026-06-28"}]
    return {
        "reference": reference,
        "title": f"{reference} {text}",
        "currency": "EUR",
        "starts_on": "2026-05-01",
        "ends_on": "2027-04-30",
        "customer": "Tidewater",
        "milestones": planned if milestones else [],
    }
