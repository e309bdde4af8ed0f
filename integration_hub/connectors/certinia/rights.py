"""What the org shows and lets the integration user do, asked beforehand: each thing that is missing by its name."""

from integration_hub.connectors.certinia import timecards
from integration_hub.connectors.certinia.client import Client
from integration_hub.connectors.certinia.reads import FEEDS
from integration_hub.connectors.certinia.writes import EVENT, MILESTONE, PROJECT
from integration_hub.connectors.force.payloads import SalesforceObject
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.mapping import queries

WRITTEN = (PROJECT, MILESTONE, EVENT)


def check(client: Client) -> None:
    """Raise Failed for the first thing that is missing."""
    seen: dict[str, SalesforceObject] = {}
    for name in dict.fromkeys([*(feed.name for feed in FEEDS.values()), timecards.SPLIT, *WRITTEN]):
        found = client.described(name)
        if found is None:
            raise _lacking(
                f"there is no object {name} for this user",
                "Give the user a licence of the package and a permission set that reads the object.",
            )
        seen[name] = found
    for name in WRITTEN:
        _check_key(client.key, name, seen[name])
    for entity, feed in FEEDS.items():
        _check_mapped(client, entity, feed.name, seen)


def _check_key(key: str, name: str, found: SalesforceObject) -> None:
    field = next((field for field in found.fields if field.name.lower() == key.lower()), None)
    if field is None or not field.externalId:
        wrong = "is not there" if field is None else "is no external id"
        raise _lacking(
            f"the field {key} of {name} {wrong}",
            "Add it as Text, External ID and Unique, and let the user see and edit it.",
        )
    if not (field.createable and field.updateable):
        raise _lacking(f"the user may not edit {key} of {name}", "Let the user's permission set edit it.")


def _check_mapped(client: Client, entity: str, name: str, seen: dict[str, SalesforceObject]) -> None:
    """Every field the published mapping reads is there for this user."""
    mapping = queries.find_published(client.connection.code, entity)
    if mapping is None:
        return
    wanted = [(field.partition(".")[0], name) for field in timecards.theirs(mapping.fields)]
    if entity == "time_entry":
        wanted += [(field, timecards.SPLIT) for field in timecards.of_split(mapping.fields)]
    for field, place in wanted:
        there = {known.lower() for one in seen[place].fields for known in (one.name, one.relationshipName or "")}
        if field.lower() not in there:
            raise _lacking(
                f"there is no field {field} of {place} for this user",
                f"Let the user read the field, or correct the mapping of {entity}.",
            )


def _lacking(what: str, remedy: str) -> Failed:
    return Failed(FailureClass.AUTH, f"Certinia: {what}", remedy=remedy)
