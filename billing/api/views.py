"""Addresses of delivered work, billing runs and posted documents."""

import django_filters
from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from billing.actions import crediting, runs
from billing.api.candidates import CandidatePageSerializer
from billing.api.papers import Papers
from billing.api.serializers import (
    BillingRunSerializer,
    CreditInvoiceSerializer,
    CreditMemoSerializer,
    EventPageSerializer,
    EventSerializer,
    InvoicePageSerializer,
    InvoiceSerializer,
    PaymentSerializer,
    PieceSerializer,
    StartRunSerializer,
    StopRunSerializer,
)
from billing.credited import with_credited
from billing.models import BillableEvent, BillingRun, CreditMemo, Invoice, InvoiceLine, Payment, Piece
from integration_hub.api.filters import IdOrName
from integration_hub.api.idempotency import PARAMETER, idempotent
from integration_hub.api.views import Nouns, person
from integration_hub.people.models import User
from integration_hub.people.scope import scoped

READ = {"GET": "billing:read"}


class Code(django_filters.CharFilter):  # type: ignore[misc]  # untyped library
    """A code among a row's codes."""

    def filter(self, qs: "QuerySet[Piece]", value: str) -> "QuerySet[Piece]":
        """Rows that carry it."""
        return qs.filter(**{f"{self.field_name}__contains": [value]}) if value else qs


class EventFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which delivered work."""

    contract = IdOrName(field_name="contract", name="number")
    project = IdOrName(field_name="project", name="code")
    legal_entity = django_filters.CharFilter(field_name="legal_entity__code", help_text="Its code.")
    work_key = django_filters.CharFilter()
    kind = django_filters.ChoiceFilter(choices=BillableEvent.Kind.choices)
    service_date_from = django_filters.DateFilter(field_name="service_date", lookup_expr="gte")
    service_date_to = django_filters.DateFilter(field_name="service_date", lookup_expr="lte", help_text="Inclusive.")
    state = django_filters.ChoiceFilter(choices=Piece.State.choices, method="in_state", help_text="Of any piece of it.")

    def in_state(self, rows: QuerySet[BillableEvent], _name: str, value: str) -> QuerySet[BillableEvent]:
        """Work with a current piece in this state."""
        return rows.filter(Exists(Piece.objects.filter(event=OuterRef("pk"), is_current=True, state=value)))


class Events(Nouns):
    """Delivered work as it stands now: time, expenses, milestones, fees."""

    required_scopes = READ
    required_permission = "billing.view_billableevent"
    serializer_class = EventSerializer
    detail_serializer_class = EventPageSerializer
    filterset_class = EventFilter

    def rows(self, user: User) -> QuerySet[BillableEvent]:
        """Work of the person's legal entities; work without a contract is for those who see all."""
        rows = BillableEvent.objects.filter(is_current=True)
        return scoped(rows.select_related("legal_entity", "contract", "project", "resource"), user)


class PieceFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which pieces."""

    state = django_filters.ChoiceFilter(choices=Piece.State.choices)
    code = Code(field_name="codes", help_text="A code that stops it, e.g. RATE_MISSING.")
    contract = IdOrName(field_name="contract", name="number")
    legal_entity = django_filters.CharFilter(field_name="legal_entity__code", help_text="Its code.")
    candidate = django_filters.NumberFilter(field_name="candidate_line__candidate_id")


class Pieces(Nouns):
    """What was concluded about delivered work, part by part."""

    required_scopes = READ
    required_permission = "billing.view_piece"
    serializer_class = PieceSerializer
    filterset_class = PieceFilter

    def rows(self, user: User) -> QuerySet[Piece]:
        """Current pieces of the person's legal entities."""
        rows = Piece.objects.filter(is_current=True)
        parts = ("event", "legal_entity", "contract", "line", "candidate_line", "bill_to__customer")
        return scoped(rows.select_related(*parts), user)


class RunFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which runs."""

    state = django_filters.ChoiceFilter(choices=BillingRun.State.choices)
    legal_entity = django_filters.CharFilter(field_name="legal_entity__code", help_text="Its code.")


class Runs(Nouns):
    """Buildings of candidates."""

    required_scopes = {"GET": "billing:read", "POST": "billing:write"}
    required_permission = "billing.view_billingrun"
    serializer_class = BillingRunSerializer
    filterset_class = RunFilter

    def rows(self, user: User) -> QuerySet[BillingRun]:
        """Runs of the person's legal entities."""
        return scoped(BillingRun.objects.select_related("legal_entity", "started_by"), user)

    @extend_schema(request=StartRunSerializer, responses={201: BillingRunSerializer}, parameters=[PARAMETER])
    @idempotent
    def create(self, request: Request) -> Response:
        """Start building candidates for one legal entity; read the run again to see how it went."""
        body = self.taken(StartRunSerializer)
        run = runs.start(
            legal_entity=body["legal_entity"],
            through=body["through"],
            invoice_date=body["invoice_date"],
            by=person(request),
        )
        return Response(BillingRunSerializer(run).data, status=201)

    @extend_schema(request=StopRunSerializer, responses={202: BillingRunSerializer})
    @action(detail=True, methods=["post"])
    def stop(self, request: Request, pk: str) -> Response:
        """Stop a run after the contract it is at; what it built stands."""
        run, body = self.get_object(), self.taken(StopRunSerializer)
        runs.stop(run_id=run.pk, by=person(request), reason=body["reason"])
        return self.shown(run, status=202)


class InvoiceFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which invoices."""

    number = django_filters.CharFilter()
    status = django_filters.ChoiceFilter(choices=Invoice.Status.choices)
    legal_entity = django_filters.CharFilter(field_name="legal_entity__code", help_text="Its code.")
    contract = IdOrName(field_name="contract", name="number")
    candidate = IdOrName(field_name="candidate", name="number")


class Invoices(Papers):
    """Posted invoices with the ERP's numbers."""

    required_scopes = {"GET": "billing:read", "POST": "billing:write"}
    required_permission = "billing.view_invoice"
    serializer_class = InvoiceSerializer
    detail_serializer_class = InvoicePageSerializer
    filterset_class = InvoiceFilter

    def rows(self, user: User) -> QuerySet[Invoice]:
        """Invoices of the person's legal entities."""
        rows = Invoice.objects.select_related("legal_entity", "contract", "bill_to__customer", "candidate")
        if self.action != "list":
            lines = Prefetch("lines", with_credited(InvoiceLine.objects.all()))
            rows = rows.prefetch_related(lines, "applications__payment", "credits__memo")
        return scoped(rows, user)

    @extend_schema(request=CreditInvoiceSerializer, responses={201: CandidatePageSerializer}, parameters=[PARAMETER])
    @action(detail=True, methods=["post"])
    @idempotent
    def credit(self, request: Request, pk: str) -> Response:
        """Ask for a credit over its lines; the answer is the credit memo that others approve."""
        invoice, body = self.get_object(), self.taken(CreditInvoiceSerializer)
        candidate = crediting.ask(
            invoice_id=invoice.pk,
            by=person(request),
            seen_version=body["version"],
            wanted=crediting.Wanted(
                lines={row["line"]: row.get("amount") for row in body.get("lines", ())},
                amount=body.get("amount"),
                percent=body.get("percent"),
            ),
            reason=body["reason"],
            rebillable=body["rebillable"],
            note=body["note"],
        )
        return Response(CandidatePageSerializer(candidate, context=self.get_serializer_context()).data, status=201)


class PaymentFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which payments."""

    number = django_filters.CharFilter()
    legal_entity = django_filters.CharFilter(field_name="legal_entity__code", help_text="Its code.")
    customer = IdOrName(field_name="customer", name="code")
    invoice = IdOrName(field_name="applications__invoice", name="number")


class Payments(Nouns):
    """Money received, as the ERP reports it."""

    required_scopes = READ
    required_permission = "billing.view_payment"
    serializer_class = PaymentSerializer
    filterset_class = PaymentFilter

    def rows(self, user: User) -> QuerySet[Payment]:
        """Payments of the person's legal entities."""
        rows = Payment.objects.select_related("legal_entity", "customer")
        return scoped(rows.prefetch_related("applications__invoice"), user)


class CreditMemoFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which credit memos."""

    number = django_filters.CharFilter()
    legal_entity = django_filters.CharFilter(field_name="legal_entity__code", help_text="Its code.")
    invoice = IdOrName(field_name="applications__invoice", name="number")


class CreditMemos(Nouns):
    """Credit memos, as the ERP reports them."""

    required_scopes = READ
    required_permission = "billing.view_invoice"
    serializer_class = CreditMemoSerializer
    filterset_class = CreditMemoFilter

    def rows(self, user: User) -> QuerySet[CreditMemo]:
        """Credit memos of the person's legal entities."""
        rows = CreditMemo.objects.select_related("legal_entity", "candidate")
        return scoped(rows.prefetch_related("applications__invoice"), user)
