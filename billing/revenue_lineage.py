"""Revenue journals in the trace: contract → journal → effect."""

from collections.abc import Iterable

from django.db.models import Q

from billing.models import RevenuePosting
from contracts.lineage import link
from integration_hub.effects.models import Effect
from integration_hub.kernel.money import show
from integration_hub.trail.lineage import BRANCHES, FINDERS, PROVIDERS, Hit, Node, Provider, Ref

KIND = "revenue_posting"
SUBJECT = "billing.revenueposting"


def _nodes(keys: list[str]) -> Iterable[Node]:
    for row in RevenuePosting.objects.filter(pk__in=keys).select_related("legal_entity", "contract", "connection"):
        yield Node(
            KIND,
            str(row.pk),
            "ledger",
            row.number,
            f"{row.contract.number} {row.month:%B %Y}, dated {row.accounting_date}",
            row.amount,
            row.currency,
            link("billing:revenue-list") + f"?q={row.number}",
            row.get_status_display(),
            str(row.connection),
            row.legal_entity.code,
            {
                "Earned": show(row.earned, row.currency),
                "Contract asset grew by": show(row.asset, row.currency),
                "Contract liability grew by": show(row.liability, row.currency),
                "Journal": row.remote_number or "none yet",
            },
        )


def _up(key: str, limit: int) -> list[Ref]:
    return [("contract", str(RevenuePosting.objects.values_list("contract", flat=True).get(pk=key)))]


def _down(key: str, limit: int) -> list[Ref]:
    rows = Effect.objects.filter(subject_type=SUBJECT, subject_id=key).order_by("pk")
    return [("effect", str(pk)) for pk in rows.values_list("pk", flat=True)[:limit]]


def _of_contract(key: str, limit: int) -> list[Ref]:
    rows = RevenuePosting.objects.filter(contract=int(key)).order_by("pk")
    return [(KIND, str(pk)) for pk in rows.values_list("pk", flat=True)[:limit]]


def _find(text: str) -> Iterable[Hit]:
    theirs = Q(remote_number__iexact=text) & ~Q(remote_number="")
    rows = RevenuePosting.objects.filter(Q(number__iexact=text) | theirs)
    for row in rows.select_related("legal_entity", "contract"):
        yield Hit(
            KIND,
            str(row.pk),
            row.number,
            f"revenue of {row.contract.number}",
            link("billing:revenue-list") + f"?q={row.number}",
            legal_entity=row.legal_entity.code,
        )


def register() -> None:
    """Fill the lineage registries."""
    PROVIDERS.register(KIND, Provider(_nodes, _up, _down, SUBJECT))
    BRANCHES.register("contract:revenue", _of_contract)
    FINDERS.register("revenue", _find)
