"""What notices put into the top bar, the pages of exceptions, the timeline and the ticker."""

from django.urls import reverse

from integration_hub.cases.models import Case
from integration_hub.connectors import secrets
from integration_hub.console import badges, bell, links, menu, offers, timeline
from integration_hub.console.buttons import Button
from integration_hub.console.http import Request
from integration_hub.notices import queries
from integration_hub.notices.actions import bundling, deadlines, delivering, rooms, telling, trouble
from integration_hub.notices.policies import SEE
from integration_hub.work.registry import HANDLERS, TICKS, Handler, Tick

TELL_SECONDS, BUNDLE_SECONDS, DEADLINE_SECONDS = 2, 5, 60
MESSAGES = "hub_notices.view_message"


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
    TICKS.register("notices.bundle", Tick("notices.bundle", BUNDLE_SECONDS, bundling.bundle))
    HANDLERS.register(
        delivering.KIND,
        Handler(delivering.deliver, local=False, title="Send a notice", skippable=True, parked=delivering.parked),
    )
    menu.add(menu.MenuItem("Administration", "Messages", "notices:message-list", "mail", MESSAGES, weight=60))
    links.to("hub_notices.message", "notices:message-detail")
    badges.words("success", "circle-check", "sent")
    badges.words("progress", "send", "sending")
    timeline.tell("notices.message.failed", "alert-triangle", "could not send the {label}", "danger")
    timeline.tell("notices.message.unknown", "help", "does not know whether the {label} left", "warning")
    timeline.tell("notices.message.resent", "send", "had the {label} sent again")
    timeline.tell("notices.preferences.set", "settings", "chose how to be told")
    timeline.tell("notices.default.set", "settings", "set how a role is told: {label}")
    timeline.tell("notices.default.removed", "settings", "took back how a role is told: {label}")
    timeline.tell("notices.room.saved", "message", "opened or changed the chat room {label}")
    secrets.RESEALERS.register("notices.rooms", secrets.Resealer("chat rooms", rooms.reseal))
    trouble.register()
