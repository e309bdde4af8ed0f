"""What mends a break: acts that are done at once and the pair reconciled again, and ways to decisions elsewhere."""

from collections.abc import Iterator

from django.urls import reverse

from billing.models import Candidate
from integration_hub.console.buttons import Button
from integration_hub.effects.models import Effect
from integration_hub.intake.models import SourceVersion
from integration_hub.kernel.decision import ALLOW, Decision, deny
from integration_hub.people.models import User
from reconciliation.mending import own, records
from reconciliation.mending.acts import Act, Mends, Row, rows_of
from reconciliation.models import PairBreak

AT_MOST = 4
"""Rows of a break that ways are offered for; the others are reached by their links."""

_RECORDS: tuple[Mends, ...] = (records.taken_again, records.read_now)
MENDS: dict[str, tuple[Mends, ...]] = {
    "invoices": (own.sent_again, *_RECORDS),
    "credits": _RECORDS,
    "payments": _RECORDS,
    "bank": _RECORDS,
    "work": _RECORDS,
    "contracts": _RECORDS,
    "customers": _RECORDS,
    "costed": (own.counted_again,),
    "schedules": (own.entered_again,),
    "journals": (own.journals_looked_at,),
    "reimbursements": (own.journals_looked_at,),
    "revenue": (own.journals_looked_at,),
}
"""By pair: what brings its sides up to date."""


def acts_of(broken: PairBreak, user: User) -> list[Act]:
    """Everything that can be done about a break at once, each with whether this person may."""
    return [act for mends in MENDS.get(broken.pair, ()) for act in mends(broken, user)]


def ways(broken: PairBreak, user: User) -> list[Button]:
    """Ways to decisions that mend it and are made elsewhere: credit an invoice, see an effect, choose a content."""
    rows = dict.fromkeys(rows_of(broken))
    return [button for row in list(rows)[:AT_MOST] for button in _offered(row, user)]


def _offered(row: Row, user: User) -> Iterator[Button]:
    if row.type == "hub_intake.sourceversion":
        if SourceVersion.objects.filter(pk=row.id, status=SourceVersion.Status.CONFLICT).exists():
            allowed = _may(user, "hub_cases.handle_case", "choose between contents")
            yield Button("Choose its content", reverse("intake:source-detail", args=[row.id]), allowed, link=True)
    elif row.type == "effect":
        yield _effect(row.id, user)
    elif row.type == "billing.candidate":
        yield from _of_candidate(row.id, user)


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
    return Button("See what was sent", reverse("effects:effect-detail", args=[pk]), allowed, icon="send", link=True)


def _may(user: User, right: str, what: str) -> Decision:
    return ALLOW if user.has_perm(right) else deny(f"Your role may not {what}.")
