"""What notices put into the top bar, the pages of exceptions, the timeline and the ticker."""

from django.urls import reverse

from integration_hub.cases.models import Case
from integration_hub.console import bell, offers, timeline
from integration_hub.console.buttons import Button
from integration_hub.console.http import Request
from integration_hub.notices import queries
from integration_hub.notices.actions import deadlines, telling
from integration_hub.notices.policies import SEE
from integration_hub.work.registry import TICKS, Tick

TELL_SECONDS, DEADLINE_SECONDS = 2, 60


def on_case(request: Request, case: Case) -> list[Button]:
    """Watch it, or stop. It is harmless and can be undone, so it acts at once."""
    watches = queries.watches(request.user, case.pk)
    name, label = ("case-unwatch", "Stop watching") if watches else ("case-watch", "Watch")
    icon = "x" if watches else "eye"
    return [Button(label, reverse(f"notices:{name}", args=[case.pk]), icon=icon, version=case.version)]


def register() -> None:
    """Fill the registries; called once by the app."""
    bell.BELLS.register("notices", bell.Bell("Notices", "notices:notice-list", "notices:bell", SEE))
    offers.DETAILS.register("case", on_case)
    timeline.tell("cases.case.near", "clock", "saw its deadline come near: {due}", "warning")
    timeline.tell("cases.case.missed", "alert-octagon", "saw it miss its deadline, {due}", "danger")
    timeline.tell("notices.case.watched", "eye", "watches it")
    timeline.tell("notices.case.unwatched", "x", "no longer watches it")
    TICKS.register("notices.deadlines", Tick("notices.deadlines", DEADLINE_SECONDS, deadlines.look))
    TICKS.register("notices.tell", Tick("notices.tell", TELL_SECONDS, telling.tell))
