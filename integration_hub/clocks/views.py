"""All clocks on one page, and one clock: its distribution, its trend, what runs and what is close to its target."""

import tempfile
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.http import FileResponse, Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from integration_hub.clocks import queries, reading
from integration_hub.clocks.forms import AskedForm
from integration_hub.clocks.panels import SEE
from integration_hub.clocks.reading import Asked, Standing, Summary, Week
from integration_hub.clocks.registry import CLOCKS, ClockKind
from integration_hub.clocks.tables import LINES, Line, Row, columns, target_words, told
from integration_hub.console import charts, wording
from integration_hub.console.charts import Bar
from integration_hub.console.columns import Column
from integration_hub.console.export import XLSX, csv_lines, write_xlsx
from integration_hub.console.http import Request
from integration_hub.console.query import edited
from integration_hub.console.screens import require, screen
from integration_hub.trail import record

PAGE = 25
VIEWS: dict[str, tuple[str, tuple[Standing, ...]]] = {
    "running": ("Running", ()),
    "near": (Standing.NEAR.label, (Standing.NEAR,)),
    "late": (Standing.LATE.label, (Standing.LATE,)),
    "ended": ("Ended", ()),
}
"""What the table of one clock shows, by `?view=`."""


@screen(permission=SEE)
def clock_list(request: Request) -> HttpResponseBase:
    """Every clock the person may see, in figures; with `?format=` as a file."""
    form = AskedForm(_given(request))
    context: dict[str, Any] = {
        "title": "Clocks",
        "lead": "How long things take, against their targets, in the working time of the legal entity.",
        "form": form,
        "action": request.path,
        "csv_url": edited(request.GET, format="csv"),
        "xlsx_url": edited(request.GET, format="xlsx"),
    }
    if not form.is_valid():
        return render(request, "clocks/clock_list.html", context, status=422)
    asked = form.asked(request.user)
    lines = lines_of(request, asked)
    if (given := request.GET.get("format", "")) in FILES:
        return _file(request, given, "Clocks", LINES, lines, asked)
    context |= {"lines": lines, "period": _period(asked)}
    return render(request, "clocks/clock_list.html", context)


def lines_of(request: Request, asked: Asked) -> list[Line]:
    """Every clock the person may see, in figures; the filters stay in its address."""
    targets = queries.in_force(asked.as_of.date(), request.user, asked.legal_entity)
    kept = edited(request.GET, format=None)
    found = []
    for kind in queries.visible_to(request.user):
        target = queries.general(targets.get(kind.slug, []), asked.legal_entity)
        url = reverse("clocks:clock-detail", args=[kind.slug]) + (kept if kept != "?" else "")
        found.append(Line(kind, reading.summary(kind, asked), url, target_words(kind, target)))
    return found


@screen(permission=SEE)
def clock_detail(request: Request, slug: str) -> HttpResponseBase:
    """One clock; with `?format=` the rows of its table as a file."""
    clock = CLOCKS.find(slug)
    if clock is None:
        raise Http404
    require(request.user, clock.permission)
    form = AskedForm(_given(request))
    view = request.GET.get("view", "")
    view = view if view in VIEWS else "running"
    context: dict[str, Any] = {
        "title": clock.title,
        "lead": clock.formula,
        "breadcrumbs": [("Clocks", reverse("clocks:clock-list") + edited(request.GET, view=None, page=None))],
        "clock": clock,
        "form": form,
        "view": view,
        "action": request.path,
        "csv_url": edited(request.GET, format="csv", page=None),
        "xlsx_url": edited(request.GET, format="xlsx", page=None),
    }
    if not form.is_valid():
        return render(request, "clocks/clock_detail.html", context, status=422)
    asked = form.asked(request.user)
    if (given := request.GET.get("format", "")) in FILES:
        rows = _rows(clock, asked, view)
        return _file(request, given, f"{clock.title}, {VIEWS[view][0].lower()}", columns(clock), rows, asked)
    summary = reading.summary(clock, asked)
    context |= _figures(clock, asked, summary) | _page(request, clock, asked, view, summary)
    context |= {
        "period": _period(asked),
        "targets": [
            (row, target_words(clock, row) or "No target")
            for row in queries.in_force(asked.as_of.date(), request.user, asked.legal_entity, slug).get(slug, [])
        ],
        "facts": [
            ("How it is measured", clock.formula),
            ("Version", f"{clock.slug} {clock.version}"),
            ("Made of", f"{summary.ended:,} {clock.counted} that ended and {summary.running:,} that run"),
            ("Period", _period(asked)),
            *[("Note", note) for note in clock.notes],
        ],
    }
    return render(request, "clocks/clock_detail.html", context)


def _given(request: Request) -> dict[str, str]:
    return {name: request.GET.get(name, "") for name in AskedForm.base_fields}


def _period(asked: Asked) -> str:
    return f"ended {_day(asked.since)} – {_day(asked.as_of)}, running as of {asked.as_of:%H:%M} UTC on the last day"


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment:%b %Y}"


def _figures(clock: ClockKind, asked: Asked, summary: Summary) -> dict[str, Any]:
    """Tiles, distribution and trend."""
    weeks = reading.weeks(clock, asked)
    line = Line(clock, summary, "", "")
    return {
        "summary": summary,
        "line": line,
        "kept": wording.MISSING if summary.kept_share is None else wording.percent(summary.kept_share),
        "distribution": charts.bars(_bars(clock, summary), f"{clock.title}: how many ended by how long they took"),
        "trend": _trend(clock, weeks),
        "weeks": [
            (week, told(clock.unit, week.median), told(clock.unit, week.p90),
             wording.MISSING if week.kept_share is None else wording.percent(week.kept_share))
            for week in reversed(weeks)
        ],
    }  # fmt: skip


def _bars(clock: ClockKind, summary: Summary) -> list[Bar]:
    edges = clock.unit.edges
    starts = (0, *edges)
    names = [f"{start:,} to {end:,}" for start, end in zip(starts, edges, strict=False)] + [f"{edges[-1]:,} and more"]
    return [
        Bar(f"{name} {clock.unit.short}", count, wording.number(count))
        for name, count in zip(names, summary.buckets, strict=True)
    ]


def _trend(clock: ClockKind, weeks: list[Week]) -> str:
    if len(weeks) < 2:
        return ""
    values = [round(week.median, 1) for week in weeks]
    return charts.sparkline(values, f"Median by week, {clock.unit.label}", width=320, height=56)


def _page(request: Request, clock: ClockKind, asked: Asked, view: str, summary: Summary) -> dict[str, Any]:
    """The table of a page, its tabs, and the way to its neighbours."""
    given = request.GET.get("page", "")
    number = max(1, int(given)) if given.isdecimal() and len(given) < 6 else 1
    rows = _rows(clock, asked, view, limit=PAGE + 1, offset=(number - 1) * PAGE)
    counts = {"running": summary.running, "near": summary.near, "late": summary.late, "ended": summary.ended}
    return {
        "rows": rows[:PAGE],
        "tabs": [
            {"label": label, "url": edited(request.GET, view=name, page=None), "current": name == view,
             "count": counts[name]}
            for name, (label, _) in VIEWS.items()
        ],
        "previous_url": edited(request.GET, page=number - 1) if number > 1 else "",
        "next_url": edited(request.GET, page=number + 1) if len(rows) > PAGE else "",
    }  # fmt: skip


def _rows(clock: ClockKind, asked: Asked, view: str, *, limit: int | None = None, offset: int = 0) -> list[Row]:
    if view == "ended":
        found = reading.ended(clock, asked, limit=limit, offset=offset)
    else:
        found = reading.running(clock, asked, VIEWS[view][1], limit=limit, offset=offset)
    return [Row(clock, one) for one in found]


# -- files ---------------------------------------------------------------------------------------------------------

FILES = ("csv", "xlsx")


def _file(
    request: Request, form: str, title: str, heads: list[Column], rows: Iterable[Any], asked: Asked
) -> HttpResponseBase:
    """A table with unrounded figures; that it was taken is in the trail."""
    filters = f"legal entity: {asked.legal_entity}" if asked.legal_entity else "none"
    record.event(
        "console.list.exported",
        by=request.user,
        object_type="screen",
        object_id=request.path,
        label=title,
        filters=f"{filters}, {_period(asked)}",
        columns=[column.name for column in heads],
        format=form,
    )
    name = f"{'-'.join(title.lower().replace(',', '').split())}-{asked.as_of:%Y%m%d-%H%M%S}.{form}"
    about = [("title", title), ("filters", filters), ("period", _period(asked))]
    if form == "xlsx":
        file = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
        write_xlsx(file, heads, rows, about=about, as_of=asked.as_of)
        file.seek(0)
        return FileResponse(file, as_attachment=True, filename=name, content_type=XLSX)
    heading = " · ".join(f"{what}: {value}" for what, value in about)
    lines = csv_lines(heads, rows, heading=f"{heading} · as of {asked.as_of:%Y-%m-%dT%H:%M:%SZ}")
    response: HttpResponse | StreamingHttpResponse = StreamingHttpResponse(
        lines, content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
