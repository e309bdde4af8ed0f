"""Costs in the trace: event → cost → journal → effect, and a reversal beside what it reverses."""

from collections.abc import Iterable

from contracts.lineage import link
from costs.models import Cost, CostPosting
from integration_hub.effects.models import Effect
from integration_hub.trail.lineage import BRANCHES, FINDERS, PROVIDERS, Hit, Node, Provider, Ref


def _costs(keys: list[str]) -> Iterable[Node]:
    rows = Cost.objects.filter(pk__in=keys).select_related("resource", "legal_entity", "cost_rate", "reverses")
    for row in rows:
        state = "Current" if row.is_current else "Reversal" if row.reverses_id else "Superseded"
        yield Node(
            "cost",
            str(row.pk),
            "decision",
            f"Cost {row.service_date}",
            f"{row.resource.name} {(row.minutes / 60).normalize():f} h at {row.rate.normalize():f} per {row.unit}",
            row.amount,
            row.currency,
            link("costs:cost-list") + f"?q={row.work_key}",
            state,
            "",
            row.legal_entity.code,
            {
                "Work key": row.work_key,
                "Role": row.role,
                "Subcontractor": row.vendor or "none",
                "Cost rate": f"{row.cost_rate} from {row.cost_rate.validity.lower}, {row.cost_rate.source}",
                "Counted": row.recorded_at.strftime("%Y-%m-%d %H:%M UTC"),
                "Because of": row.caused_by,
            },
        )


def _postings(keys: list[str]) -> Iterable[Node]:
    for row in CostPosting.objects.filter(pk__in=keys).select_related("legal_entity", "project", "connection"):
        yield Node(
            "cost_posting",
            str(row.pk),
            "ledger",
            row.number,
            f"{row.project.code} {row.month:%B %Y}, dated {row.accounting_date}",
            row.amount,
            row.currency,
            link("costs:posting-list") + f"?q={row.number}",
            row.get_status_display(),
            str(row.connection),
            row.legal_entity.code,
            {"Journal": row.remote_number or "none yet"},
        )


def _up_cost(key: str, limit: int) -> list[Ref]:
    row = Cost.objects.get(pk=key)
    return [("event", str(row.event_id)), *([("cost", str(row.reverses_id))] if row.reverses_id else [])]


def _down_cost(key: str, limit: int) -> list[Ref]:
    row = Cost.objects.get(pk=key)
    reversal = Cost.objects.filter(reverses=row.pk).values_list("pk", flat=True)
    posted = [("cost_posting", str(row.posting_id))] if row.posting_id else []
    return [*posted, *(("cost", str(pk)) for pk in reversal)]


def _up_posting(key: str, limit: int) -> list[Ref]:
    rows = Cost.objects.filter(posting=int(key)).order_by("pk").values_list("pk", flat=True)[:limit]
    return [("cost", str(pk)) for pk in rows]


def _down_posting(key: str, limit: int) -> list[Ref]:
    rows = Effect.objects.filter(subject_type="costs.costposting", subject_id=key).order_by("pk")
    return [("effect", str(pk)) for pk in rows.values_list("pk", flat=True)[:limit]]


def _of_event(key: str, limit: int) -> list[Ref]:
    rows = Cost.objects.filter(event=int(key), reverses__isnull=True).order_by("pk")
    return [("cost", str(pk)) for pk in rows.values_list("pk", flat=True)[:limit]]


def _find(text: str) -> Iterable[Hit]:
    rows = CostPosting.objects.filter(number__iexact=text) | CostPosting.objects.filter(
        remote_number__iexact=text
    ).exclude(remote_number="")
    for row in rows.select_related("legal_entity", "project"):
        yield Hit(
            "cost_posting",
            str(row.pk),
            row.number,
            f"cost of {row.project.code}",
            link("costs:posting-list") + f"?q={row.number}",
            legal_entity=row.legal_entity.code,
        )


def register() -> None:
    """Fill the lineage registries."""
    PROVIDERS.register("cost", Provider(_costs, _up_cost, _down_cost, "costs.cost"))
    PROVIDERS.register("cost_posting", Provider(_postings, _up_posting, _down_posting, "costs.costposting"))
    BRANCHES.register("event:costs", _of_event)
    FINDERS.register("costs", _find)
