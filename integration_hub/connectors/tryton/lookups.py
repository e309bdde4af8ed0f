"""Tryton's records that ours refer to by code or name, each refused by name where Tryton has none."""

from typing import Any

from integration_hub.connectors.tryton.client import Client, Domain
from integration_hub.kernel.failures import Failed, FailureClass


def one(client: Client, model: str, domain: Domain, noun: str, name: str) -> int:
    """The first record of a search. Raises Failed when there is none."""
    found = client.rows(model, domain, ["id"], [["id", "ASC"]], 1)
    if not found:
        raise Failed(
            FailureClass.REJECTED,
            f"Tryton has no {noun} {name}",
            field=noun.replace(" ", "_"),
            remedy=f"Add it in Tryton, or correct where the {noun} comes from.",
        )
    return int(found[0]["id"])


def account(client: Client, code: str) -> int:
    """An account of the company that takes postings. Raises Failed."""
    domain = [["company", "=", client.company], ["code", "=", code], ["type", "!=", None], ["closed", "=", False]]
    return one(client, "account.account", domain, "account", code)


def journal(client: Client, code: str) -> int:
    """A journal. Raises Failed."""
    return one(client, "account.journal", [["code", "=", code]], "journal", code)


def of_the_company(client: Client, payload: dict[str, Any]) -> None:
    """Refuse what is meant for another company than the connection's. Raises Failed."""
    wanted = str(payload["legal_entity_id"])
    if wanted not in {str(client.company), client.setting("company")}:
        raise Failed(
            FailureClass.REJECTED,
            f"{client.connection} serves the company {client.setting('company')}, not {wanted}",
            field="legal_entity_id",
            remedy="Route the legal entity to the connection of its own company.",
        )
