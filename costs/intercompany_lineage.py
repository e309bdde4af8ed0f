"""Charges between legal entities in the trace: event → charge, and a reversal beside what it reverses."""

from collections.abc import Iterable

from contracts.lineage import link
from costs.models import IntercompanyCharge
from integration_hub.trail.lineage import BRANCHES, PROVIDERS, Node, Provider, Ref

KIND = "intercompany_charge"


def _charges(keys: list[str]) -> Iterable[Node]:
    rows = IntercompanyCharge.objects.filter(pk__in=keys)
    for row in rows.select_related("resource", "lender", "borrower", "transfer_price"):
        state = "Reversal" if row.reverses_id else "Current" if row.is_current else "Reversed"
        yield Node(
            KIND,
            str(row.pk),
            "decision",
            f"{row.lender.code} charges {row.borrower.code}",
            f"{row.resource.name} {(row.minutes / 60).normalize():f} h on {row.service_date}",
            row.amount,
            row.currency,
            link("costs:intercompany-detail", row.pk),
            state,
            "",
            row.borrower.code,
            {
                "Work key": row.work_key,
                "Transfer price": row.transfer_price.terms,
                "Agreed because": row.transfer_price.reason,
                "Approved by": row.transfer_price.approved_by,
                "Charged": row.recorded_at.strftime("%Y-%m-%d %H:%M UTC"),
                "Because of": row.caused_by,
            },
        )


def _up(key: str, limit: int) -> list[Ref]:
    row = IntercompanyCharge.objects.get(pk=key)
    return [("event", str(row.event_id)), *([(KIND, str(row.reverses_id))] if row.reverses_id else [])]


def _down(key: str, limit: int) -> list[Ref]:
    reversal = IntercompanyCharge.objects.filter(reverses=int(key))
    return [(KIND, str(pk)) for pk in reversal.values_list("pk", flat=True)[:limit]]


def _of_event(key: str, limit: int) -> list[Ref]:
    rows = IntercompanyCharge.objects.filter(event=int(key), reverses__isnull=True).order_by("pk")
    return [(KIND, str(pk)) for pk in rows.values_list("pk", flat=True)[:limit]]


def register() -> None:
    """Fill the lineage registries."""
    PROVIDERS.register(KIND, Provider(_charges, _up, _down, "costs.intercompanycharge"))
    BRANCHES.register("event:intercompany", _of_event)
