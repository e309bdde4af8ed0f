"""What work is worth at the standard prices of its legal entity: what realisation and leakage are measured against."""

from django.db.models import Case, DecimalField, ExpressionWrapper, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce, NullIf

from billing.sheets import in_currency
from contracts.models import RateRow

EXACT = DecimalField(max_digits=40, decimal_places=20)
_TIME = Q(event__kind="time")


def with_standard(rows: "QuerySet[RateRow]") -> "QuerySet[RateRow]":
    """Pieces with `standard`, their value at the standard price of their day, exact: that of the person, else of the
    role, else of everybody, in the piece's currency; nothing for a difference in price, whose time is with the piece it
    adjusts. What is not time is worth its own amount. None: no price holds.
    """
    minutes = Coalesce(F("minutes"), Value(0), output_field=EXACT)
    role = Coalesce(NullIf("event__role", Value("")), "event__resource__role", Value(""))
    prices = (
        RateRow.objects.filter(
            Q(resource="") | Q(resource=OuterRef("event__resource__code")),
            Q(role="") | Q(role=OuterRef("standard_role")),
            card__legal_entity=OuterRef("legal_entity"),
            item="",
            unit__in=["hour", "day"],
            currency=OuterRef("standard_currency"),
            validity__contains=OuterRef("event__service_date"),
            withdrawn_in__isnull=True,
        )
        .annotate(
            hourly=Case(When(unit="day", then=F("rate") / F("hours_per_day")), default=F("rate"), output_field=EXACT),
            width=Case(When(~Q(resource=""), then=Value(2)), When(~Q(role=""), then=Value(1)), default=Value(0)),
        )
        .order_by("-width", "-pk")
        .values("hourly")[:1]
    )
    return rows.annotate(standard_role=role, standard_currency=in_currency()).annotate(
        standard=Case(
            When(
                _TIME,
                then=ExpressionWrapper(minutes * Subquery(prices, output_field=EXACT) / 60, output_field=EXACT),
            ),
            default=F("amount"),
            output_field=EXACT,
        )
    )
