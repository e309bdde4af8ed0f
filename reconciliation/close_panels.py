"""What closes put into menu, home and timeline, and the tick that opens them."""

from django.urls import reverse

from integration_hub.console import home, menu, timeline
from integration_hub.console.home import Panel, Waiting, WaitingRow
from integration_hub.people.models import Role, User
from integration_hub.work.registry import TICKS, Tick
from reconciliation.actions import closes
from reconciliation.close_tables import state_of, visible_to
from reconciliation.models import ClosePack
from reconciliation.policies import SEE_CLOSE

TOP = 5
TICK_SECONDS = 3600


def unsigned(user: User) -> Waiting:
    """Closes that two people have not signed yet, the first cut-off first."""
    rows = visible_to(user).exclude(pack_state=ClosePack.State.SIGNED).order_by("cut_off_on", "legal_entity")
    first = list(rows[: TOP + 1])
    shown = [
        WaitingRow(str(row), f"cut-off {row.cut_off_on}", url=reverse("reconciliation:close-detail", args=[row.pk]),
                   when=row.created_at, badge=state_of(row))
        for row in first[:TOP]
    ]  # fmt: skip
    count = rows.count() if len(first) > TOP else len(first)
    oldest = first[0].created_at if first else None
    return Waiting(count=count, oldest=oldest, url=reverse("reconciliation:close-list"), rows=shown)


def register() -> None:
    """Fill the registries; called once by the app."""
    menu.add(menu.MenuItem("Trace", "Closes", "reconciliation:close-list", "lock", SEE_CLOSE, weight=25))
    home.PANELS.register(
        "reconciliation.closes",
        Panel("Periods to close", unsigned, frozenset({Role.FINANCE}), weight=32, permission=SEE_CLOSE, icon="lock",
              empty="Every period that was opened is signed."),
    )  # fmt: skip
    for verb, icon, told in (
        ("opened", "lock-open", "opened the close of {label}"),
        ("accepted", "circle-check", "accepted the findings of “{check}” for {label}: {reason}"),
        ("withdrawn", "arrow-back-up", "took back what was accepted of “{check}” for {label}"),
        ("proposed", "writing-sign", "signed {label} as the first; a second person has to sign"),
        ("signed", "shield-check", "signed {label} as the second: it is closed"),
        ("reopened", "arrow-back-up", "reopened {label}: {reason}"),
        ("exported", "file-certificate", "took pack {pack} of {label} along"),
    ):
        timeline.tell(f"reconciliation.close.{verb}", icon, told)
    TICKS.register(closes.KIND, Tick(closes.KIND, TICK_SECONDS, closes.monthly))
