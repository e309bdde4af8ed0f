"""What every simulated vendor offers to the front door and to the control port."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from .messages import Call, Handler, Json, Refusal, Reply, Routes
from .relay import standard
from .settings import Settings
from .store import Store
from .tokens import Tokens


class Vendor(ABC):
    """A vendor: its routes, its own words for refusing, and its own ledger."""

    name: ClassVar[str]
    path_suffix: ClassVar[str] = ""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.store = store
        self._settings = settings
        self.tokens = Tokens(store, self.name)
        self.in_flight = 0
        self.install()
        self.routes = Routes(self.table(), self.path_suffix)

    def setting(self, key: str) -> Any:
        return self._settings.get(self.name, key)

    @staticmethod
    def signed(secret: str, key: str, moment: int, body: str) -> dict[str, str]:
        """Headers that prove a webhook: those of a relay, unless the vendor signs in a way of its own."""
        return standard(secret, key, moment, body)

    # -- to be answered by each vendor --------------------------------------------------------------------------

    @abstractmethod
    def install(self) -> None:
        """Create the vendor's tables."""

    @abstractmethod
    def seed(self) -> None:
        """Fill in what every account of this vendor has: reference data, default credentials. Safe to repeat."""

    @abstractmethod
    def table(self) -> list[tuple[str, str, Handler]]:
        """Method, path template and handler of every endpoint."""

    @abstractmethod
    def authorize(self, call: Call) -> None:
        """Raise the vendor's 401 unless the call carries a valid credential."""

    @abstractmethod
    def failure(self, status: int, message: str = "") -> Reply:
        """An error with this status in the vendor's shape."""

    @abstractmethod
    def not_found(self, call: Call) -> Reply:
        """No such endpoint."""

    @abstractmethod
    def throttled(self) -> Reply:
        """Too many calls now."""

    @abstractmethod
    def over_quota(self) -> Reply:
        """Too many calls today."""

    @abstractmethod
    def expire(self, call: Call) -> None:
        """Revoke the credential the call presents, as an administrator or a clock would."""

    @abstractmethod
    def ledger(self) -> Json:
        """What the vendor itself has on its books, read without passing its API."""

    @abstractmethod
    def load(self, entity: str, rows: list[Json]) -> list[str]:
        """Create many records at once through the vendor's own validation; the ids in order."""

    # -- with sensible defaults ---------------------------------------------------------------------------------

    def open_path(self, path: str) -> bool:
        """Paths that need no credential."""
        return self.signs_in(path)

    def signs_in(self, path: str) -> bool:
        """The token endpoint."""
        return False

    def writes(self, call: Call) -> bool:
        """Whether the call is meant to change something."""
        return call.method in {"POST", "PUT", "PATCH", "DELETE"} and not self.signs_in(call.path)

    def crowded(self, call: Call) -> Reply | None:
        """A refusal because too many calls are under way; `in_flight` counts this one."""
        return None

    def finish(self, call: Call, reply: Reply) -> None:  # noqa: B027
        """Add what every answer of this vendor carries; most add nothing."""

    def clear(self) -> None:
        """Forget all business records and start again from the seed."""
        self.store.wipe(f"{self.name}_")
        self.store.forget(f"{self.name}:locators")
        self.seed()

    def respond(self, call: Call) -> Reply:
        """The answer without faults. Refusals of a handler surface as Refusal, so that its writes are undone."""
        if not self.open_path(call.path):
            self.authorize(call)
        handler = self.routes.find(call)
        if handler is None:
            raise Refusal(self.not_found(call))
        reply = handler(call)
        if reply.failed and not reply.kept:
            raise Refusal(reply)
        return reply
