"""What reconciliations of pairs put into menu, home and timeline, and the work they have done."""

from django.urls import reverse

from integration_hub.console import home, menu, timeline
from integration_hub.console.home import Panel, Waiting, WaitingRow
from integration_hub.people.models import Role, User
from integration_hub.work.registry import HANDLERS, TICKS, Handler, Tick
from reconciliation import pair_queries
from reconciliation.actions import pair_runs
from reconciliation.matching.pairs import PAIRS
from reconciliation.policies import SEE

TOP = 5
TICK_SECONDS = 600


def standing(user: User) -> Waiting:
    """Breaks that nobody has explained, the oldest first."""
    rows = pair_queries.standing(user)
    first = list(rows.order_by("found_at", "pk")[: TOP + 1])
    url = reverse("reconciliation:pair-list")
    shown = [
        WaitingRow(
            f"{PAIRS.get(row.pair).title}: {row.get_kind_display()}",
            f"{row.legal_entity} {row.identity}".strip(),
            url=reverse("reconciliation:break-detail", args=[row.pk]),
            when=row.found_at,
            badge="broken",
        )
        for row in first[:TOP]
    ]
    count = rows.count() if len(first) > TOP else len(first)
    return Waiting(count=count, oldest=first[0].found_at if first else None, url=url, rows=shown)


def register() -> None:
    """Fill the registries; called once by the app."""
    menu.add(menu.MenuItem("Trace", "Reconciliation", "reconciliation:pair-list", "arrows-exchange", SEE, weight=15))
    home.PANELS.register(
        "reconciliation.breaks",
        Panel("Breaks between systems", standing, frozenset({Role.FINANCE, Role.BILLING_ANALYST, Role.AUDITOR}),
              weight=35, permission=SEE, icon="scale", empty="All pairs agree as far as they were reconciled."),
    )  # fmt: skip
    for verb, icon, told in (
        ("requested", "scale", "asked for a reconciliation: {label}"),
        ("done", "circle-check", "reconciled {label}: {verdict}"),
        ("failed", "alert-octagon", "could not reconcile {label}: {error}"),
        ("verified", "shield-check", "performed the reconciliation of {label} again"),
    ):
        timeline.tell(f"reconciliation.pair_run.{verb}", icon, told)
    for verb, icon, told in (
        ("mended", "refresh", "had the break {label} mended"),
        ("explained", "edit", "explained the break {label}"),
        ("proposed", "edit", "explained the break {label}; a second person has to confirm"),
        ("confirmed", "circle-check", "confirmed the explanation of {label}"),
        ("reopened", "arrow-back-up", "took back the explanation of {label}"),
    ):
        timeline.tell(f"reconciliation.break.{verb}", icon, told)
    for verb, icon, told in (
        ("accepted", "circle-check", "accepted the match {label}"),
        ("proposed", "circle-check", "accepted the match {label}; a second person has to accept it"),
        ("rejected", "circle-x", "rejected the match {label}"),
    ):
        timeline.tell(f"reconciliation.match.{verb}", icon, told)
    HANDLERS.register(
        pair_runs.KIND,
        Handler(pair_runs.work, local=False, title="Reconcile a pair", skippable=True, parked=pair_runs.parked),
    )
    TICKS.register(pair_runs.KIND, Tick(pair_runs.KIND, TICK_SECONDS, pair_runs.daily))
