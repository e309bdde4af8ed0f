"""REST: business clocks, all in figures and one with what runs."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from integration_hub.api.views import HubView, person
from integration_hub.clocks import queries, reading
from integration_hub.clocks.forms import AskedForm
from integration_hub.clocks.panels import SEE
from integration_hub.clocks.reading import Asked, Instance, Standing, Summary, Week
from integration_hub.clocks.registry import CLOCKS, ClockKind

PAGE = 200


class AskedSerializer(serializers.Serializer[Any]):
    """Which clocks, as of when."""

    legal_entity = serializers.CharField(required=False)
    weeks = serializers.IntegerField(required=False, help_text="How far back what has ended is measured; 12.")
    as_of = serializers.DateField(required=False, help_text="As of the end of this day by UTC; now.")


class RowsSerializer(AskedSerializer):
    """And which of those that run."""

    standing = serializers.ChoiceField(choices=[one.value for one in Standing], required=False)
    page = serializers.IntegerField(required=False, help_text=f"{PAGE} on each, from 1.")


class ClockSerializer(serializers.Serializer[Any]):
    """A clock in figures of its unit. Money over the target is per currency and never added across."""

    clock = serializers.CharField()
    title = serializers.CharField()
    version = serializers.IntegerField()
    formula = serializers.CharField()
    unit = serializers.CharField()
    as_of = serializers.DateTimeField()
    since = serializers.DateTimeField()
    ended = serializers.IntegerField()
    median = serializers.DecimalField(max_digits=18, decimal_places=4, allow_null=True)
    p90 = serializers.DecimalField(max_digits=18, decimal_places=4, allow_null=True)
    p95 = serializers.DecimalField(max_digits=18, decimal_places=4, allow_null=True)
    in_time = serializers.DecimalField(max_digits=18, decimal_places=4, allow_null=True)
    running = serializers.IntegerField()
    near = serializers.IntegerField()
    late = serializers.IntegerField()
    oldest = serializers.DecimalField(max_digits=18, decimal_places=4, allow_null=True)
    at_stake = serializers.DictField(child=serializers.CharField())


class ClocksSerializer(serializers.Serializer[Any]):
    """All clocks."""

    clocks = ClockSerializer(many=True)


class OneSerializer(ClockSerializer):
    """One clock with its weeks and what runs, nearest to its target first."""

    weeks = serializers.ListField(child=serializers.DictField())
    rows = serializers.ListField(child=serializers.DictField())


class Clocks(HubView):
    """Every clock over what the caller's role sees."""

    required_scopes = {"GET": "clocks:read"}
    required_permission = SEE
    query_names = set(AskedForm.base_fields)

    @extend_schema(operation_id="clocks_list", parameters=[AskedSerializer], responses=ClocksSerializer)
    def get(self, request: Request) -> Response:
        """All clocks in figures, in the caller's legal entities."""
        asked = _asked(request)
        kinds = queries.visible_to(person(request))
        return Response({"clocks": [_clock(kind, asked, reading.summary(kind, asked)) for kind in kinds]})


class Clock(HubView):
    """One clock."""

    required_scopes = {"GET": "clocks:read"}
    required_permission = SEE
    query_names = {*AskedForm.base_fields, "standing", "page"}

    @extend_schema(parameters=[RowsSerializer], responses=OneSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """One clock in figures, by week, and what runs, nearest to its target first, then what is over it."""
        clock = CLOCKS.find(slug)
        if clock is None:
            raise NotFound(f"There is no clock {slug}: {', '.join(name for name, _ in CLOCKS)}.")
        if not person(request).has_perm(clock.permission):
            raise PermissionDenied(f"{clock.title} needs the permission {clock.permission}.")
        asked = _asked(request)
        which = RowsSerializer(data=request.query_params.dict())
        which.is_valid(raise_exception=True)
        standing, page = which.validated_data.get("standing"), max(1, which.validated_data.get("page") or 1)
        rows = reading.running(
            clock, asked, [Standing(standing)] if standing else (), limit=PAGE, offset=(page - 1) * PAGE
        )
        return Response(
            _clock(clock, asked, reading.summary(clock, asked))
            | {"weeks": [_week(week) for week in reading.weeks(clock, asked)], "rows": [_row(row) for row in rows]}
        )


def _asked(request: Request) -> Asked:
    form = AskedForm({name: request.query_params.get(name, "") for name in AskedForm.base_fields})
    if not form.is_valid():
        raise serializers.ValidationError(
            {name: [str(error) for error in errors] for name, errors in form.errors.items()}
        )
    return form.asked(person(request))


def _clock(kind: ClockKind, asked: Asked, summary: Summary) -> dict[str, Any]:
    return {
        "clock": kind.slug,
        "title": kind.title,
        "version": kind.version,
        "formula": kind.formula,
        "unit": kind.unit.value,
        "as_of": asked.as_of,
        "since": asked.since,
        "ended": summary.ended,
        "median": _exact(summary.median),
        "p90": _exact(summary.p90),
        "p95": _exact(summary.p95),
        "in_time": _exact(summary.kept_share),
        "running": summary.running,
        "near": summary.near,
        "late": summary.late,
        "oldest": _exact(summary.oldest),
        "at_stake": {currency: format(amount, "f") for currency, amount in summary.at_stake.items()},
    }


def _week(week: Week) -> dict[str, Any]:
    monday: date = week.monday
    return {
        "monday": monday,
        "ended": week.ended,
        "median": _exact(week.median),
        "p90": _exact(week.p90),
        "in_time": _exact(week.kept_share),
    }


def _row(row: Instance) -> dict[str, Any]:
    return {
        "type": row.record_type,
        "id": row.record_id,
        "label": row.label,
        "subject_type": row.subject_type,
        "subject_id": row.subject_id,
        "legal_entity": row.legal_entity,
        "contract": row.contract,
        "customer": row.customer,
        "started_at": row.started_at,
        "due_at": row.due_at,
        "used": _exact(row.used),
        "target": _exact(row.within),
        "standing": row.standing.value,
        "amount": None if row.amount is None else format(row.amount, "f"),
        "currency": row.currency,
    }


def _exact(value: Decimal | None) -> str | None:
    """Four places; null where nothing was measured."""
    return None if value is None else format(round(value, 4), "f")


urlpatterns = [
    path("clocks/", Clocks.as_view(), name="clock-list"),
    path("clocks/<slug:slug>/", Clock.as_view(), name="clock-detail"),
]
