"""The search provider that comes with the console: whatever the trail's finders know by id or number."""

from collections.abc import Iterator

from integration_hub.console import links
from integration_hub.console.search import Hit
from integration_hub.people.models import User
from integration_hub.trail import lineage


def by_number(query: str, user: User) -> Iterator[Hit]:
    """Exact matches of all finders, within the user's legal entities."""
    for hit in lineage.find(query):
        if user.all_legal_entities or (hit.legal_entity and user.may_see(hit.legal_entity)):
            url = hit.url or links.trace_of(hit.kind, hit.key)
            yield Hit(kind=hit.kind.replace("_", " "), label=hit.label, detail=hit.detail, url=url, system=hit.system)
