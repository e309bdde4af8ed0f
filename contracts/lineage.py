"""What came of agreements: opportunity → contract → amendment, project, and back."""

from collections.abc import Iterable

from django.db.models import Model, Q
from django.urls import NoReverseMatch, reverse

from contracts.models import Amendment, Contract, ExternalReference, Milestone, Opportunity, Project
from integration_hub.canonical import nouns
from integration_hub.trail.lineage import FINDERS, PROVIDERS, Hit, Node, Provider, Ref


def link(name: str, *args: object) -> str:
    """The address of a screen, or an empty string where there is none."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


def source_refs(row: Model) -> list[Ref]:
    """The source records a row was read from: the trace goes on in intake."""
    return [
        ("source", f"{code}/{entity}/{source_id}")
        for code, entity, source_id in ExternalReference.objects.filter(
            object_type=row._meta.label_lower, object_id=row.pk
        ).values_list("connection__code", "entity", "source_id")
    ]


def _opportunities(keys: list[str]) -> Iterable[Node]:
    for row in Opportunity.objects.filter(pk__in=keys).select_related("customer"):
        yield Node(
            "opportunity",
            str(row.pk),
            "agreement",
            row.name,
            row.customer.name,
            row.amount,
            row.currency,
            status=row.stage,
            facts={"Won": "yes" if row.is_won else "no", "Closes": str(row.closes_on or "")},
            basis="net",
        )


def _contracts(keys: list[str]) -> Iterable[Node]:
    for row in Contract.objects.filter(pk__in=keys).select_related("customer", "legal_entity"):
        yield Node(
            "contract",
            str(row.pk),
            "contract",
            row.number,
            f"{row.name}, {row.customer.name}",
            None,
            row.currency,
            link("contracts:contract-detail", row.pk),
            row.get_status_display(),
            "",
            row.legal_entity.code,
            {"Signed": str(row.signed_on or ""), "Terms": row.payment_terms},
        )


def _amendments(keys: list[str]) -> Iterable[Node]:
    for row in Amendment.objects.filter(pk__in=keys).select_related("contract__legal_entity"):
        yield Node(
            "amendment",
            str(row.pk),
            "contract",
            f"Amendment {row.number}",
            row.description,
            None,
            "",
            link("contracts:contract-detail", row.contract_id),
            row.get_status_display(),
            "",
            row.contract.legal_entity.code,
            {"Effective": str(row.effective_on or ""), "Signed": str(row.signed_on or "")},
        )


def _projects(keys: list[str]) -> Iterable[Node]:
    for row in Project.objects.filter(pk__in=keys).select_related("contract__legal_entity"):
        entity = row.contract.legal_entity.code if row.contract else ""
        yield Node(
            "project",
            str(row.pk),
            "delivery",
            row.code,
            row.name,
            None,
            "",
            link("contracts:project-detail", row.pk),
            row.get_status_display(),
            "",
            entity,
        )


def _milestones(keys: list[str]) -> Iterable[Node]:
    for row in Milestone.objects.filter(pk__in=keys).select_related("line__contract__legal_entity"):
        contract = row.line.contract
        yield Node(
            "milestone",
            str(row.pk),
            "delivery",
            row.name,
            contract.number,
            row.amount,
            row.currency,
            link("contracts:contract-detail", contract.pk),
            row.get_status_display(),
            "",
            contract.legal_entity.code,
            {"Accepted": str(row.accepted_on or ""), "Evidence": row.evidence},
            "net",
        )


def _up_contract(key: str, limit: int) -> list[Ref]:
    row = Contract.objects.get(pk=key)
    refs: list[Ref] = [("opportunity", str(row.opportunity_id))] if row.opportunity_id else []
    return [*refs, *source_refs(row)][:limit]


def _down_contract(key: str, limit: int) -> list[Ref]:
    amendments = Amendment.objects.filter(contract=int(key)).order_by("pk")[:limit]
    projects = Project.objects.filter(contract=int(key)).order_by("pk")[:limit]
    return [("amendment", str(row.pk)) for row in amendments] + [("project", str(row.pk)) for row in projects]


def _up_project(key: str, limit: int) -> list[Ref]:
    row = Project.objects.get(pk=key)
    refs: list[Ref] = [("contract", str(row.contract_id))] if row.contract_id else []
    return [*refs, *source_refs(row)][:limit]


def _up_milestone(key: str, limit: int) -> list[Ref]:
    row = Milestone.objects.select_related("line").get(pk=key)
    return [("contract", str(row.line.contract_id)), *source_refs(row)][:limit]


def _find(text: str) -> Iterable[Hit]:
    for row in Contract.objects.filter(number__iexact=text).select_related("legal_entity", "customer"):
        yield Hit(
            "contract",
            str(row.pk),
            row.number,
            f"{row.name}, {row.customer.name}",
            link("contracts:contract-detail", row.pk),
            legal_entity=row.legal_entity.code,
        )
    for project in Project.objects.filter(Q(code__iexact=text)).select_related("contract__legal_entity"):
        entity = project.contract.legal_entity.code if project.contract else ""
        yield Hit(
            "project",
            str(project.pk),
            project.code,
            project.name,
            link("contracts:project-detail", project.pk),
            legal_entity=entity,
        )
    yield from _find_references(text)


KIND_OF = {
    "contracts.opportunity": "opportunity",
    "contracts.contract": "contract",
    "contracts.amendment": "amendment",
    "contracts.project": "project",
    "contracts.milestone": "milestone",
    "billing.invoice": "invoice",
}


def _find_references(text: str) -> Iterable[Hit]:
    """Ids and numbers of other systems."""
    rows = ExternalReference.objects.filter(
        Q(source_id=text) | Q(number__iexact=text), object_type__in=KIND_OF
    ).select_related("connection")[:20]
    for row in rows:
        kind, key = KIND_OF[row.object_type], str(row.object_id)
        node = next(iter(PROVIDERS.get(kind).load([key])), None)
        if node is not None:
            yield Hit(
                kind,
                key,
                node.label,
                f"{nouns.one(row.entity)} {row.source_id} in {row.connection}",
                node.url,
                str(row.connection),
                node.legal_entity,
            )


def register() -> None:
    """Fill the lineage registries."""
    PROVIDERS.register(
        "opportunity",
        Provider(
            _opportunities,
            lambda key, limit: source_refs(Opportunity.objects.get(pk=key))[:limit],
            lambda key, limit: [
                ("contract", str(pk))
                for pk in Contract.objects.filter(opportunity=int(key)).values_list("pk", flat=True)[:limit]
            ],
            "contracts.opportunity",
        ),
    )
    PROVIDERS.register("contract", Provider(_contracts, _up_contract, _down_contract, "contracts.contract"))
    PROVIDERS.register(
        "amendment",
        Provider(
            _amendments,
            lambda key, limit: [
                ("contract", str(Amendment.objects.get(pk=key).contract_id)),
                *source_refs(Amendment.objects.get(pk=key)),
            ],
            lambda key, limit: [],
            "contracts.amendment",
        ),
    )
    PROVIDERS.register("project", Provider(_projects, _up_project, lambda key, limit: [], "contracts.project"))
    PROVIDERS.register("milestone", Provider(_milestones, _up_milestone, lambda key, limit: [], "contracts.milestone"))
    FINDERS.register("contracts", _find)
