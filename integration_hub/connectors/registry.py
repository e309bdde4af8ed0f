"""What a connector offers: a manifest, feeds to read, effects to write."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Literal, Protocol, runtime_checkable

from integration_hub.connectors.limits import Limits
from integration_hub.connectors.models import Connection
from integration_hub.connectors.traits import Trait
from integration_hub.kernel.money import Basis
from integration_hub.kernel.registry import Registry


@dataclass(frozen=True, slots=True)
class RawRecord:
    """One record as the vendor sent it. `version` ascends per record (a stamp sorts as text)."""

    source_id: str
    version: str
    payload: dict[str, Any]
    deleted: bool = False
    moved_at: str = ""
    """The vendor's stamp its lists are ordered and filtered by (ISO 8601, UTC); empty where it has none."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a feed: its records and the cursor that continues after it.

    `cursor` holds the vendor's own high-water mark, never our clock. `done` marks the last page of this reading;
    `complete` says that the whole listing was read from its beginning (only then may absence mean anything); `whole`
    marks every page of such a reading.
    """

    records: list[RawRecord]
    cursor: dict[str, Any]
    done: bool
    complete: bool = False
    whole: bool = False


@dataclass(frozen=True, slots=True)
class FeedSpec:
    """A stream of one canonical entity. `weight`: parents first, lower is read earlier."""

    entity: str
    title: str
    weight: int
    every_seconds: int = 60
    late_after_seconds: int = 3600
    horizon: timedelta | None = None
    """The longest outage the feed survives: past it, deletions of that time are not told any more."""
    hint_entities: tuple[str, ...] = ()
    """Names a webhook hint may use for this feed."""


@dataclass(frozen=True, slots=True)
class Editable:
    """One field of a write that a person may correct after the target refused it.

    `path` leads into the payload: `memo`, `ship_to.city`, `lines[].description` (one field per line). `roles` may
    correct it; empty: everybody who may correct effects.
    """

    path: str
    title: str
    kind: Literal["text", "date", "amount"] = "text"
    required: bool = False
    longest: int = 200
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Figures:
    """Paths of what money and period hang on in a write's payload: shown before and after a correction."""

    net: str = ""
    tax: str = ""
    gross: str = ""
    date: str = ""

    @property
    def basis(self) -> Basis:
        """What the amount of such an effect is: a document's gross, or the tax alone."""
        return "gross" if self.gross else "tax" if self.tax else ""


@dataclass(frozen=True, slots=True)
class WriteSpec:
    """One write and how it can be made safe: K key, U upsert by external id, P probe by our reference, N none."""

    effect_type: str
    title: str
    safety: str
    undo: str = ""
    """Effect type that compensates it."""
    editable: tuple[Editable, ...] = ()
    """What may be corrected when it was refused; everything else is corrected where it comes from."""
    figures: Figures = Figures()


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of a connection, as the set-up screen asks for it."""

    name: str
    title: str
    secret: bool = False
    required: bool = True
    default: str = ""
    help: str = ""
    table: bool = False
    """Whether it is a JSON object of names and values."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the connector reads and writes and what an administrator must set up; console and docs come from it."""

    vendor: str
    title: str
    role: str
    feeds: tuple[FeedSpec, ...]
    writes: tuple[WriteSpec, ...]
    settings: tuple[Setting, ...]
    budget: Limits = field(default_factory=Limits)
    """What an account may be asked; an administrator may set other figures for one account."""
    schemes: tuple[str, str] = ("http", "https")
    """Of its address: in the clear, and encrypted."""
    limits: str = ""
    windows: str = ""
    webhook: str = ""
    scopes: str = ""
    unconfirmed: tuple[str, ...] = ()
    without: Mapping[Trait, str] = field(default_factory=dict)
    """What the vendor lacks, and why: the conformance cases that need it are not for this connector."""

    def does(self, what: str) -> bool:
        """Whether it declares the write `<vendor>.<what>`, such as `job.upsert`."""
        return any(spec.effect_type == f"{self.vendor}.{what}" for spec in self.writes)

    def write(self, effect_type: str) -> WriteSpec:
        """The declared write, or LookupError."""
        for spec in self.writes:
            if spec.effect_type == effect_type:
                return spec
        raise LookupError(f"{self.title} declares no write {effect_type!r}.")


@dataclass(frozen=True, slots=True)
class Sent:
    """The target accepted a write. `remote_id` may be empty when only the confirming read tells it."""

    remote_id: str = ""
    status: int | None = None
    body: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What a confirming read or a probe found in the target: the record and its figures as the target has them."""

    remote_id: str
    number: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Write:
    """One intended write as a connector sees it."""

    effect_type: str
    key: str
    business_key: str
    payload: dict[str, Any]
    remote_id: str = ""


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of the vendor's time, `since` included and `until` not."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Control:
    """How many records a source says it holds: those whose last change falls into a window, or with `whole` all.

    `deleted_too`: the figure counts records that are deleted there.
    """

    expected: int
    whole: bool = False
    deleted_too: bool = False


@runtime_checkable
class Counting(Protocol):
    """A connector whose vendor can say what it has, apart from the feed that brings it. Raises Failed like all."""

    def control(self, connection: Connection, entity: str, window: Window) -> Control:
        """The vendor's own count."""
        ...

    def roll(self, connection: Connection, entity: str, window: Window) -> Iterator[str]:
        """Ids of exactly the records `control` counts."""
        ...


class Connector(Protocol):
    """One vendor. Every method may raise `kernel.failures.Failed`; a lost answer is UNKNOWN_OUTCOME, not TRANSIENT."""

    manifest: Manifest

    def check(self, connection: Connection) -> str:
        """Sign in and read something small; returns a sentence for the administrator."""
        ...

    def read(self, connection: Connection, entity: str, cursor: dict[str, Any]) -> Iterator[Page]:
        """Pages after the cursor, in ascending order of change."""
        ...

    def send(self, connection: Connection, write: Write) -> Sent:
        """Do the write once. UNKNOWN_OUTCOME when it may have happened."""
        ...

    def find(self, connection: Connection, write: Write) -> Confirmed | None:
        """Probe and confirming read in one: the record this write makes, found by our reference, or None if absent."""
        ...


CONNECTORS: Registry[Connector] = Registry("connector")
DEFAULT_MAPPINGS: Registry[dict[str, Any]] = Registry("default mapping")
"""Per vendor: {"entities": {entity: {"row_filter": str, "rules": [FieldRule fields…]}},
"values": {map: {"when_unknown": …, "rows": {…}}}}."""

TAX_ENGINES: Registry[Callable[[Connection, dict[str, Any]], dict[str, Any]]] = Registry("tax engine")
"""Per vendor: a quote, unrecorded. Takes {"document_code", "company_code", "customer_code", "date", "currency",
"lines": [{"number", "amount", "description", "tax_code"}],
"ship_to": {"country", "region", "city", "postal_code", "line1"}};
returns {"net", "tax", "lines": [{"number", "tax", "rate", "taxable"}], "details": [...]} with amounts as decimal
text and rates as fractions.
Call it outside transactions. Raises `kernel.failures.Failed`."""

PREFLIGHTS: Registry[Callable[[Connection, date, str], str]] = Registry("preflight of a vendor")
"""Per vendor: whether a document of this effect type dated on a day could be posted now; takes connection, day and
effect type, returns why not, or an empty string. A read, outside transactions. Raises `kernel.failures.Failed`."""

COMMON_SETTINGS: tuple[Setting, ...] = (
    Setting("timeout_seconds", "Seconds to wait for an answer", required=False, default="60"),
    Setting("overlap_seconds", "Seconds each reading goes back behind the last one", required=False, default="300"),
    Setting("budget_wait_seconds", "Seconds a call waits for its turn", required=False, default="10"),
)
"""Settings every connection may have besides its vendor's."""


@dataclass(frozen=True, slots=True)
class TokenInfo:
    """A cached access token."""

    token: str
    expires_at: datetime | None = None
