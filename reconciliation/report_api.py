"""REST: the measures of billing, one address each."""

from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from integration_hub.api.views import HubView, person
from reconciliation.report_views import AskedForm, exact
from reconciliation.reports import MEASURES
from reconciliation.reports.measures import Measure, Sums, population, totals


class AskedSerializer(serializers.Serializer[Any]):
    """Period and filters."""

    start = serializers.DateField(required=False)
    end = serializers.DateField(required=False, help_text="Its last day; balances are as of it.")
    legal_entity = serializers.CharField(required=False)
    customer = serializers.CharField(required=False, help_text="Number, or part of the name.")
    currency = serializers.CharField(required=False)
    by = serializers.CharField(required=False, help_text="What the rows are of, such as customer, contract, project.")


class ReportSerializer(serializers.Serializer[Any]):
    """A measure: its formula, what it was made of, its sums per currency and per customer."""

    measure = serializers.CharField()
    version = serializers.IntegerField()
    formula = serializers.CharField()
    start = serializers.DateField()
    end = serializers.DateField()
    by = serializers.CharField()
    population = serializers.IntegerField()
    totals = serializers.ListField(child=serializers.DictField())
    rows = serializers.ListField(child=serializers.DictField())


class Reports(HubView):
    """One measure of billing. Amounts are never added across currencies; a figure nobody can know is null."""

    required_scopes = {"GET": "reconciliation:read"}
    required_permission = "billing.view_piece"
    query_names = set(AskedForm.base_fields)

    @extend_schema(parameters=[AskedSerializer], responses=ReportSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """The measure over a period, by default the last whole month, in the caller's legal entities."""
        measure = MEASURES.get(slug)
        if measure is None:
            raise NotFound(f"There is no measure {slug}: {', '.join(MEASURES)}.")
        if not person(request).has_perm(measure.permission):
            raise PermissionDenied(f"{measure.title} needs the permission {measure.permission}.")
        form = AskedForm({name: request.query_params.get(name, "") for name in AskedForm.base_fields}, measure=measure)
        if not form.is_valid():
            raise serializers.ValidationError(
                {name: [str(error) for error in errors] for name, errors in form.errors.items()}
            )
        asked = form.asked(person(request))
        lines, cut = measure.lines(asked), measure.cut(asked)
        return Response(
            {
                "measure": measure.slug,
                "version": measure.version,
                "formula": measure.formula,
                "start": asked.start,
                "end": asked.end,
                "by": cut.slug,
                "population": population(lines),
                "totals": [
                    {"currency": currency, **_figures(measure, sums, currency)}
                    for currency, sums in totals(lines).items()
                ],
                "rows": [
                    {
                        "legal_entity": line.key.legal_entity,
                        f"{cut.slug}_code": line.key.code,
                        cut.slug: line.key.name,
                        "currency": line.key.currency,
                        "count": int(line.sums["count"]),
                        **_figures(measure, line.sums, line.key.currency),
                    }
                    for line in lines
                ],
            }
        )


def _figures(measure: Measure, sums: Sums, currency: str) -> dict[str, str | None]:
    """Figures as decimal strings."""
    found = {figure.name: exact(figure, sums, currency) for figure in measure.figures}
    return {name: None if value is None else format(value, "f") for name, value in found.items()}


urlpatterns = [path("reports/<slug:slug>/", Reports.as_view(), name="report")]
