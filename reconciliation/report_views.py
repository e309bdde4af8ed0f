"""Reports: one page per measure, with its formula, its sums per currency, its trend, and the way to what is behind."""

import tempfile
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.http import FileResponse, HttpResponse, QueryDict, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from integration_hub.console import charts, wording
from integration_hub.console.columns import Column
from integration_hub.console.export import XLSX, csv_lines, write_xlsx
from integration_hub.console.http import Request
from integration_hub.console.query import edited
from integration_hub.console.screens import SIGNED_IN, require, screen
from integration_hub.kernel.clock import now, today
from integration_hub.kernel.money import is_currency, round_money
from integration_hub.people.models import User
from integration_hub.trail import record
from reconciliation.reports import MEASURES
from reconciliation.reports.measures import Asked, Figure, Line, Measure, Sums, population, totals, trend


class AskedForm(forms.Form):
    """Period and filters of a report; nothing said is the last whole month."""

    start = forms.DateField(label="From", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    end = forms.DateField(label="To", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    legal_entity = forms.CharField(label="Legal entity", required=False, max_length=16)
    customer = forms.CharField(label="Customer", required=False, max_length=200)
    currency = forms.CharField(label="Currency", required=False, max_length=3)
    by = forms.ChoiceField(label="By", required=False)

    def __init__(self, data: Any, *, measure: Measure) -> None:
        super().__init__(data)
        cuts = [(cut.slug, cut.title) for cut in measure.cuts]
        by = self.fields["by"]
        assert isinstance(by, forms.ChoiceField)  # noqa: S101 - narrows the type
        by.choices = cuts
        if len(cuts) == 1:
            by.widget = by.hidden_widget()

    def clean_currency(self) -> str:
        """A currency that exists."""
        code: str = self.cleaned_data["currency"].strip().upper()
        if code and not is_currency(code):
            raise forms.ValidationError("Use a currency code such as USD.")
        return code

    def clean(self) -> dict[str, Any]:
        """The last whole month where no period is said; the period in its order."""
        data = super().clean() or {}
        until = today().replace(day=1) - timedelta(days=1)
        end = data.get("end") or until
        start = data.get("start") or end.replace(day=1)
        if not self.errors and start > end:
            self.add_error("end", "The period ends before it begins.")
        return {**data, "start": start, "end": end}

    def asked(self, user: User) -> Asked:
        """What is asked for; call when valid."""
        data = self.cleaned_data
        names = ("legal_entity", "customer", "currency", "by")
        return Asked(user, data["start"], data["end"], **{name: data.get(name, "").strip() for name in names})


@screen(permission=SIGNED_IN)
def report_list(request: Request) -> HttpResponse:
    """All measures the person may see."""
    seen = [measure for measure in MEASURES.values() if request.user.has_perm(measure.permission)]
    return render(
        request,
        "reconciliation/report_list.html",
        {
            "title": "Reports",
            "lead": "Each measure says how it is computed, from how many rows, and leads to them.",
            "measures": [(measure, reverse("reconciliation:report", args=[measure.slug])) for measure in seen],
        },
    )


@screen(permission=SIGNED_IN)
def report(request: Request, slug: str) -> HttpResponseBase:
    """One measure; with `?format=` its table as a file."""
    measure = MEASURES[slug]
    require(request.user, measure.permission)
    form = AskedForm({name: request.GET.get(name, "") for name in AskedForm.base_fields}, measure=measure)
    context: dict[str, Any] = {
        "title": measure.title,
        "lead": measure.question,
        "breadcrumbs": [("Reports", reverse("reconciliation:report-list"))],
        "measure": measure,
        "form": form,
        "csv_url": edited(request.GET, format="csv"),
        "xlsx_url": edited(request.GET, format="xlsx"),
        "action": request.path,
    }
    if not form.is_valid():
        return render(request, "reconciliation/report.html", context, status=422)
    asked = form.asked(request.user)
    lines = measure.lines(asked)
    if (as_file := FILES.get(request.GET.get("format", ""))) is not None:
        return as_file(request, measure, asked, lines)
    period = f"as of {_day(asked.end)}" if measure.is_balance else f"{_day(asked.start)} – {_day(asked.end)}"
    trends = _trends(measure, asked)
    context |= {
        "period": period,
        "counted": f"{population(lines):,} {measure.counted}",
        "heads": measure.shown,
        "rows": [_row(measure, line) for line in lines],
        "cut": measure.cut(asked),
        "sums": [(currency or _no_currency(measure), _cells(measure, sums, currency))
                 for currency, sums in totals(lines).items()],
        "trends": trends,
        "latest": _latest(measure, trends, request.GET),
        "facts": [("How it is computed", measure.formula), ("Version", f"{measure.slug} {measure.version}"),
                  ("Made of", f"{population(lines):,} {measure.counted}"), ("Period", period),
                  *[("Note", note) for note in measure.notes]],
    }  # fmt: skip
    return render(request, "reconciliation/report.html", context)


@dataclass(frozen=True, slots=True)
class Row:
    """A line as the page shows it."""

    line: Line
    cells: list[tuple[Figure, SafeString | str]]


def _row(measure: Measure, line: Line) -> Row:
    return Row(line, _cells(measure, line.sums, line.key.currency))


def _cells(measure: Measure, sums: Sums, currency: str) -> list[tuple[Figure, SafeString | str]]:
    return [(figure, _shown(figure, sums, currency)) for figure in measure.shown]


def _shown(figure: Figure, sums: Sums, currency: str) -> SafeString | str:
    value = figure.of(sums)
    if value is None or (figure.kind == "money" and not currency):
        return wording.MISSING
    if figure.kind == "money":
        return wording.money_html(value, currency)
    return format_html("{}", _words(figure, value))


def _words(figure: Figure, value: Decimal) -> str:
    if figure.kind == "hours":
        return wording.hours(value)
    return wording.percent(value) if figure.kind == "percent" else wording.number(round(value, 2))


@dataclass(frozen=True, slots=True)
class Trend:
    """The last twelve months in one currency: a line, and its months from oldest to newest with what they come to."""

    currency: str
    picture: SafeString
    points: list[tuple[date, SafeString | str]]
    known: list[tuple[date, SafeString | str]]
    """Months that have a figure."""


def _trends(measure: Measure, asked: Asked) -> list[Trend]:
    """Per currency a line of the last twelve months, and the same as a list."""
    found = []
    for currency, points in trend(measure, asked).items():
        drawn = [_rounded(measure.leading, value, currency) for _, value in points if value is not None]
        told = [
            (month, wording.MISSING if value is None else _point(measure.leading, value, currency))
            for month, value in points
        ]
        title = f"{measure.leading.label}, {currency}".rstrip(", ")
        picture = charts.sparkline(drawn, title, width=240, height=48) if len(drawn) > 1 else SafeString("")
        known = [shown for shown, (_, value) in zip(told, points, strict=True) if value is not None]
        found.append(Trend(currency or _no_currency(measure), picture, told, known))
    return found


def _latest(measure: Measure, trends: list[Trend], query: QueryDict) -> tuple[date, str] | None:
    """The last month that has a figure, and the way there with the same filters; None where none has."""
    months = [one.known[-1][0] for one in trends if one.known]
    if not months or measure.is_balance:
        return None
    month = max(months)
    end = (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return month, edited(query, start=month.isoformat(), end=end.isoformat())


def _rounded(figure: Figure, value: Decimal, currency: str) -> Decimal:
    return round_money(value, currency) if figure.kind == "money" else round(value, 2)


def _point(figure: Figure, value: Decimal, currency: str) -> SafeString | str:
    return wording.money_html(value, currency) if figure.kind == "money" else _words(figure, value)


def _day(value: date) -> str:
    return f"{value.day} {value:%b %Y}"


def _no_currency(measure: Measure) -> str:
    return "No currency" if measure.in_currencies else "In all"


# -- files ---------------------------------------------------------------------------------------------------------


def _about(measure: Measure, asked: Asked) -> list[tuple[str, str]]:
    """What a file is about: its title, period, filters and formula."""
    return [
        ("title", f"{measure.title} by {measure.cut(asked).title.lower()}"),
        ("period", f"{asked.start} to {asked.end}"),
        ("filters", _filters(asked) or "none"),
        ("measure", f"{measure.slug} {measure.version}"),
        ("formula", measure.formula),
    ]


def _filters(asked: Asked) -> str:
    names = ("legal_entity", "customer", "currency")
    return ", ".join(f"{name}: {getattr(asked, name)}" for name in names if getattr(asked, name))


def _taken(request: Request, measure: Measure, asked: Asked) -> None:
    record.event(
        "console.list.exported",
        by=request.user,
        object_type="screen",
        object_id=request.path,
        label=measure.title,
        filters=f"{asked.start} to {asked.end} {_filters(asked)}".strip(),
        columns=[figure.name for figure in measure.figures],
    )


def _csv(request: Request, measure: Measure, asked: Asked, lines: list[Line]) -> HttpResponseBase:
    """The table with unrounded ratios; what it is about stands in its first row."""
    _taken(request, measure, asked)
    about = " · ".join(f"{name}: {value}" for name, value in _about(measure, asked))
    response = StreamingHttpResponse(
        csv_lines(columns(measure, asked), lines, heading=f"{about} · as of {now():%Y-%m-%dT%H:%M:%SZ}"),
        content_type="text/csv; charset=utf-8",
    )
    response["Content-Disposition"] = f'attachment; filename="{measure.slug}-{asked.end:%Y%m%d}.csv"'
    return response


def _xlsx(request: Request, measure: Measure, asked: Asked, lines: list[Line]) -> HttpResponseBase:
    """The same as a workbook, what it is about on its second sheet."""
    _taken(request, measure, asked)
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    write_xlsx(file, columns(measure, asked), lines, about=_about(measure, asked), as_of=now())
    file.seek(0)
    name = f"{measure.slug}-{asked.end:%Y%m%d}.xlsx"
    return FileResponse(file, as_attachment=True, filename=name, content_type=XLSX)


FILES = {"csv": _csv, "xlsx": _xlsx}
"""What the table of a measure can be downloaded as, by `?format=`."""


def columns(measure: Measure, asked: Asked) -> list[Column]:
    """The table of a measure as columns of a file."""
    cut = measure.cut(asked)
    whose = [
        Column("legal_entity", "Legal entity", accessor="key.legal_entity"),
        Column(f"{cut.slug}_code", f"{cut.title} code", accessor="key.code"),
        Column(cut.slug, cut.title, accessor="key.name"),
        Column("currency", "Currency", accessor="key.currency"),
        Column("rows", "Rows", accessor=lambda line: line.sums["count"]),
    ]
    return [*whose, *(Column(one.name, one.label, accessor=_exact(one)) for one in measure.shown)]


def _exact(figure: Figure) -> Any:
    return lambda line: exact(figure, line.sums, line.currency)


def exact(figure: Figure, sums: Sums, currency: str) -> Decimal | None:
    """A figure without its unit: amounts to the minor unit, others to four places; None where nobody can know."""
    found = figure.of(sums)
    if found is None or (figure.kind == "money" and not currency):
        return None
    return round_money(found, currency) if figure.kind == "money" else round(found, 4)
