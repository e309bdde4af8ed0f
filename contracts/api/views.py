"""Addresses of what was agreed. Read-only but for rates of exchange and of cost, and for who pays: other terms come
from the CRM and change by amendment.
"""

from datetime import date

import django_filters
from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from contracts import queries
from contracts.actions import cost_rates, exchange, payer_terms, payers
from contracts.api.serializers import (
    AgreePayersSerializer,
    ContractPageSerializer,
    ContractSerializer,
    CostRateSerializer,
    CustomerSerializer,
    EnterCostRatesSerializer,
    EnterRatesSerializer,
    ExchangeRateSerializer,
    LegalEntitySerializer,
    MilestoneSerializer,
    PayerSplitSerializer,
    PayerTermsSerializer,
    ProjectPageSerializer,
    ProjectSerializer,
    RecordedSerializer,
)
from contracts.models import Contract, CostRate, Customer, ExchangeRate, LegalEntity, Milestone, PayerSplit, Project
from integration_hub.api.filters import IdOrName
from integration_hub.api.idempotency import PARAMETER, idempotent
from integration_hub.api.views import Nouns, person
from integration_hub.kernel.errors import BadInput, Problem
from integration_hub.people.models import User
from integration_hub.people.scope import scoped

READ = {"GET": "contracts:read"}


class CustomerFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which customers."""

    code = django_filters.CharFilter()
    status = django_filters.ChoiceFilter(choices=Customer.Status.choices)
    parent = IdOrName(field_name="parent", name="code")


class Customers(Nouns):
    """Client firms that have a contract with one of the caller's legal entities."""

    required_scopes = READ
    required_permission = "contracts.view_customer"
    serializer_class = CustomerSerializer
    filterset_class = CustomerFilter

    def rows(self, user: User) -> QuerySet[Customer]:
        """Customers of the person's legal entities."""
        rows = Customer.objects.all()
        if user.all_legal_entities:
            return rows
        return rows.filter(pk__in=scoped(Contract.objects.order_by(), user).values("customer"))


class LegalEntityFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which legal entities."""

    code = django_filters.CharFilter()


class LegalEntities(Nouns):
    """The firm's own companies."""

    required_scopes = READ
    required_permission = "contracts.view_contract"
    serializer_class = LegalEntitySerializer
    filterset_class = LegalEntityFilter

    def rows(self, user: User) -> QuerySet[LegalEntity]:
        """Those the person works for."""
        return scoped(LegalEntity.objects.all(), user, "code")


class ExchangeRateFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which exchange rates."""

    base = django_filters.CharFilter()
    quote = django_filters.CharFilter()
    day_from = django_filters.DateFilter(field_name="day", lookup_expr="gte")
    day_to = django_filters.DateFilter(field_name="day", lookup_expr="lte", help_text="Inclusive.")


class ExchangeRates(Nouns):
    """What one currency is in another from a day on; the later row of a day corrects the earlier."""

    required_scopes = {"GET": "contracts:read", "POST": "contracts:write"}
    required_permission = "contracts.view_exchangerate"
    serializer_class = ExchangeRateSerializer
    filterset_class = ExchangeRateFilter

    def rows(self, user: User) -> QuerySet[ExchangeRate]:
        """All of them: rates hold for the whole firm."""
        return ExchangeRate.objects.all()

    @extend_schema(request=EnterRatesSerializer, responses={201: RecordedSerializer}, parameters=[PARAMETER])
    @idempotent
    def create(self, request: Request) -> Response:
        """Record rates, all or none. Those that are known already are not recorded again."""
        body, by = self.taken(EnterRatesSerializer), person(request)
        new = exchange.enter(rates=[exchange.entered(**rate, by=by) for rate in body["rates"]], by=by)
        return Response(RecordedSerializer({"recorded": new}).data, status=201)


class CostRateFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which cost rates."""

    legal_entity = django_filters.CharFilter(field_name="legal_entity__code", help_text="Its code.")
    resource = django_filters.CharFilter()
    role = django_filters.CharFilter()
    vendor = django_filters.CharFilter()
    on = django_filters.DateFilter(method="holding_on", help_text="A day they hold on, as is known now.")

    def holding_on(self, rows: QuerySet[CostRate], name: str, value: date) -> QuerySet[CostRate]:
        """That hold on a day."""
        return rows.filter(validity__contains=value, withdrawn_at__isnull=True)


class CostRates(Nouns):
    """What an hour or day of a person or role costs a legal entity; withdrawn ones stay listed."""

    required_scopes = {"GET": "contracts:read", "POST": "contracts:write"}
    required_permission = "contracts.view_costrate"
    serializer_class = CostRateSerializer
    filterset_class = CostRateFilter

    def rows(self, user: User) -> QuerySet[CostRate]:
        """Those of the person's legal entities."""
        return scoped(CostRate.objects.select_related("legal_entity"), user)

    @extend_schema(request=EnterCostRatesSerializer, responses={201: RecordedSerializer}, parameters=[PARAMETER])
    @idempotent
    def create(self, request: Request) -> Response:
        """Record cost rates, all or none. Those that hold already are not recorded again."""
        body, by = self.taken(EnterCostRatesSerializer), person(request)
        rates = []
        for given in body["rates"]:
            source = cost_rates.source_of(by, given.pop("note"))
            rates.append(cost_rates.CostRateIn(**given, source=source))
        new = cost_rates.enter(rates=rates, by=by)
        return Response(RecordedSerializer({"recorded": new}).data, status=201)


class ContractFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which contracts."""

    number = django_filters.CharFilter()
    status = django_filters.ChoiceFilter(choices=Contract.Status.choices)
    legal_entity = django_filters.CharFilter(field_name="legal_entity__code", help_text="Its code.")
    customer = IdOrName(field_name="customer", name="code")


class Contracts(Nouns):
    """Agreements with versions, lines, prices, projects, schedule and references into other systems."""

    required_scopes = {"GET": "contracts:read", "POST": "contracts:write"}
    required_permission = "contracts.view_contract"
    serializer_class = ContractSerializer
    detail_serializer_class = ContractPageSerializer
    filterset_class = ContractFilter

    def rows(self, user: User) -> QuerySet[Contract]:
        """Contracts of the person's legal entities."""
        rows = queries.contracts_for(user)
        if self.action == "list":
            return rows
        return rows.prefetch_related(
            "versions__amendment",
            "amendments",
            "lines__schedule",
            "caps__months",
            "caps__bill_to__customer",
            "purchase_orders__bill_to__customer",
            "projects__contract",
            Prefetch("payer_splits", PayerSplit.objects.filter(withdrawn_at=None).select_related("line")),
            "payer_splits__shares__bill_to__customer",
        )

    @extend_schema(request=AgreePayersSerializer, responses={201: PayerSplitSerializer}, parameters=[PARAMETER])
    @action(detail=True, methods=["post"])
    @idempotent
    def payers(self, request: Request, pk: str | None = None) -> Response:
        """Agree who pays for the work of a contract, or of one line, from a day on: shares that make 100."""
        contract, body = self.get_object(), self.taken(AgreePayersSerializer)
        number = body["line"]
        line = None if number is None else contract.lines.filter(number=number).first()
        if number is not None and line is None:
            problem = Problem("line", f"{number} is none of {contract.number}.", "State one of its lines.")
            raise BadInput("Payers", [problem])
        split = payers.agree(
            contract_id=contract.pk,
            line_id=line.pk if line else None,
            effective_on=body["effective_on"],
            shares=[payers.ShareIn(payers.payer(one["customer"]), one["percent"], one["takes_rest"])
                    for one in body["shares"]],
            reason=body["reason"],
            by=person(request),
            seen_version=body["version"],
        )  # fmt: skip
        return Response(PayerSplitSerializer(split).data, status=201)

    @extend_schema(request=PayerTermsSerializer, responses={200: ContractPageSerializer}, parameters=[PARAMETER])
    @action(detail=True, methods=["post"], url_path="payer-terms")
    @idempotent
    def payer_terms(self, request: Request, pk: str | None = None) -> Response:
        """Record the order that one payer's invoices name, or the limit of its share."""
        contract, body = self.get_object(), self.taken(PayerTermsSerializer)
        payer = queries.payers_of(contract).filter(customer__code=body["customer"]).first()
        if payer is None:
            problem = Problem("customer", f"{body['customer']!r} has no share of it.", "Agree its share first.")
            raise BadInput(f"Payers of {contract.number}", [problem])
        payer_terms.state(
            contract_id=contract.pk,
            payer_id=payer.pk,
            order=payer_terms.OrderIn(**body["order"]) if body["order"] else None,
            limit=payer_terms.LimitIn(**body["limit"]) if body["limit"] else None,
            reason=body["reason"],
            by=person(request),
            seen_version=body["version"],
        )
        return Response(ContractPageSerializer(self.get_object()).data)


class ProjectFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which projects."""

    code = django_filters.CharFilter()
    status = django_filters.ChoiceFilter(choices=Project.Status.choices)
    contract = IdOrName(field_name="contract", name="number")


class Projects(Nouns):
    """Projects that work is logged on."""

    required_scopes = READ
    required_permission = "contracts.view_project"
    serializer_class = ProjectSerializer
    detail_serializer_class = ProjectPageSerializer
    filterset_class = ProjectFilter

    def rows(self, user: User) -> QuerySet[Project]:
        """Projects of the person's contracts; one without a contract is for those who see all."""
        return scoped(Project.objects.select_related("contract"), user, "contract__legal_entity__code")


class MilestoneFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which milestones."""

    status = django_filters.ChoiceFilter(choices=Milestone.Status.choices)
    contract = IdOrName(field_name="line__contract", name="number")


class Milestones(Nouns):
    """Amounts due when the client accepts something."""

    required_scopes = READ
    required_permission = "contracts.view_milestone"
    serializer_class = MilestoneSerializer
    filterset_class = MilestoneFilter

    def rows(self, user: User) -> QuerySet[Milestone]:
        """Milestones of the person's contracts."""
        return scoped(Milestone.objects.select_related("line__contract"), user, "line__contract__legal_entity__code")
