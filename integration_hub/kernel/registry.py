"""One registry pattern: lower rooms offer it, upper apps fill it in `AppConfig.ready()`."""

from collections.abc import Iterator
from typing import Generic, TypeVar

Entry = TypeVar("Entry")


class Registry(Generic[Entry]):
    """Named entries, each registered once; looking up an unknown name says which names there are."""

    def __init__(self, what: str) -> None:
        self.what = what
        self._entries: dict[str, Entry] = {}

    def register(self, name: str, entry: Entry) -> Entry:
        """Add an entry. Registering another entry under a taken name is a programming error."""
        if name in self._entries and self._entries[name] is not entry:
            raise ValueError(f"{self.what} {name!r} is registered twice.")
        self._entries[name] = entry
        return entry

    def get(self, name: str) -> Entry:
        """The entry, or LookupError that lists the known names."""
        try:
            return self._entries[name]
        except KeyError:
            known = ", ".join(sorted(self._entries)) or "none"
            raise LookupError(f"No {self.what} named {name!r}. Known: {known}.") from None

    def find(self, name: str) -> Entry | None:
        """The entry or None."""
        return self._entries.get(name)

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[tuple[str, Entry]]:
        return iter(sorted(self._entries.items()))
