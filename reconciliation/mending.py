"""What mends a break: acts of other rooms on the rows of either side, each with its own right and second person."""

from collections.abc import Iterator
from typing import NamedTuple

from django.urls import reverse

from billing.models import Candidate
from integration_hub.console.buttons import Button
from integration_hub.effects.models import Effect
from integration_hub.kernel.decision import ALLOW, Decision, deny
from integration_hub.people.models import User
from reconciliation.models import PairBreak

AT_MOST = 4
"""Rows of a break that acts are offered for; the others are reached by their links."""


class Row(NamedTuple):
    """A row of ours behind an item."""

    type: str
    id: str


def offers(broken: PairBreak, user: User) -> list[Button]:
    """Buttons that lead to what mends it: take a record again, credit an invoice, send or ask again."""
    rows = dict.fromkeys(_rows(broken))
    return [button for row in list(rows)[:AT_MOST] for button in _offered(row, user)]


def _rows(broken: PairBreak) -> Iterator[Row]:
    for side in (broken.left, broken.right):
        for item in side["items"]:
            kind, _, pk = item["link"].partition(":")
            if pk:
                yield Row(kind, pk)


def _offered(row: Row, user: User) -> Iterator[Button]:
    if row.type == "hub_intake.sourceversion":
        allowed = _may(user, "hub_cases.handle_case", "take records again")
        yield Button(
            "Take it again…", reverse("intake:source-reapply", args=[row.id]), allowed, icon="refresh", link=True
        )
    elif row.type == "effect":
        yield _effect(int(row.id), user)
    elif row.type == "billing.candidate":
        yield from _of_candidate(int(row.id), user)


def _of_candidate(pk: int, user: User) -> Iterator[Button]:
    found = Candidate.objects.filter(pk=pk).values_list("invoice", "number").first()
    if found is None:
        return
    invoice, number = found
    if invoice is not None:
        credit = reverse("billing:invoice-credit", args=[invoice])
        allowed = _may(user, "billing.credit_invoice", "credit invoices")
        yield Button("Credit it…", credit, allowed, icon="receipt-refund", link=True)
    effect = Effect.objects.filter(business_key=number).order_by("-revision").values_list("pk", flat=True).first()
    if effect is not None:
        yield _effect(effect, user)


def _effect(pk: int, user: User) -> Button:
    allowed = _may(user, "hub_effects.view_effect", "see effects")
    return Button("Send or ask again", reverse("effects:effect-detail", args=[pk]), allowed, icon="send", link=True)


def _may(user: User, right: str, what: str) -> Decision:
    return ALLOW if user.has_perm(right) else deny(f"Your role may not {what}.")
