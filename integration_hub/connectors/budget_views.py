"""The budget of a connection's account: a card on its page, and the decision about its limits."""

from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from integration_hub.connectors import policies, queries
from integration_hub.connectors.actions import accounts
from integration_hub.connectors.forms import LimitsForm
from integration_hub.connectors.limits import Priority
from integration_hub.connectors.models import Account, Connection
from integration_hub.connectors.views import SEE, find, page_of
from integration_hub.console import charts, wording
from integration_hub.console.badges import Tone
from integration_hub.console.decisions import Confirm, decide
from integration_hub.console.facts import Fact, known
from integration_hub.console.http import Request
from integration_hub.console.screens import screen
from integration_hub.console.templatetags.console import when

TONES: dict[Priority, Tone] = {
    Priority.POSTING: "success",
    Priority.CORRECTION: "info",
    Priority.SYNC: "progress",
    Priority.BACKFILL: "warning",
}


def card(connection: Connection, request: Request) -> SafeString:
    """The card on the page of a connection."""
    if connection.vendor == "filedrop":
        return SafeString("")
    standing = queries.standing(connection)
    context = {
        "standing": standing,
        "windows": [(_title(gone), _picture(gone), gone) for gone in standing.windows],
        "facts": facts(standing),
        "change_url": reverse("connectors:connection-budget", args=[connection.code]),
        "may_change": policies.can_set_up(request.user),
    }
    return mark_safe(render_to_string("connectors/_budget.html", context, request))  # noqa: S308 - a template escapes


def _title(gone: queries.Gone) -> str:
    span = "the rolling day" if gone.is_day else f"any {gone.window.seconds} s"
    limit = f" of {gone.limit:,}" if gone.limit is not None else ", no limit known"
    return f"Calls in {span}: {gone.used:,}{limit}"


def _picture(gone: queries.Gone) -> SafeString:
    bars = [charts.Bar(priority.label, calls, f"{calls:,}", TONES[priority]) for priority, calls in gone.calls]
    if gone.limit is not None:
        free = max(gone.limit - gone.used, 0)
        bars.append(charts.Bar("Free", free, f"{free:,}"))
    return charts.stacked(bars, _title(gone))


def facts(standing: queries.Standing) -> list[Fact]:
    """The budget in facts."""
    account, here = standing.account, standing.terms
    others = ", ".join(f"{one['name']} {one['percent']} %" for one in account.outside)
    if not others and here.declared.outside:
        others = f"{here.declared.outside} %, as the connector says"
    quota = None
    if account.quota_limit:
        quota = f"{account.quota_used or 0:,} of {account.quota_limit:,} used by everybody"
    return known(
        ("Calls under way", f"{standing.under_way} of {here.concurrency}" if here.concurrency else None),
        ("Today's quota", quota),
        ("Quota as of", when(account.quota_at) if account.quota_at else None),
        ("Left to others", others or None),
        ("Vendor asked us to wait", when(account.quiet_until) if standing.quiet and account.quiet_until else None),
        ("Lowered after a refusal", _lowered(standing) if standing.is_lowered else None),
        ("Shared with", ", ".join(str(one) for one in standing.shared_with) or None),
    )


def _lowered(standing: queries.Standing) -> str:
    latest = max(filter(None, (standing.account.learnt_at, standing.account.learnt_concurrency_at)), default=None)
    since = f" {wording.ago(latest)}" if latest else ""
    return f"The vendor refused{since}; the limit rises again by itself."


@screen(permission=SEE, methods=["GET", "POST"])
def connection_budget(request: Request, code: str) -> HttpResponse:
    """Set what the vendor allows the account, who else uses it, and which connections share it."""
    connection = find(request, code)
    standing = queries.standing(connection)
    account, declared = standing.account, standing.terms.declared
    form = LimitsForm(
        request.POST or None,
        accounts=Account.objects.filter(vendor=connection.vendor).exclude(code=connection.code),
        initial={
            "version": connection.version,
            "account_version": account.version,
            "calls": account.calls,
            "seconds": account.seconds,
            "daily": account.daily,
            "concurrency": account.concurrency,
            "outside": "\n".join(f"{one['name']} {one['percent']}" for one in account.outside),
            "account": account.pk if account.code != connection.code else "",
        },
    )
    confirm = Confirm(
        title=f"Limits of {connection}",
        verb="Save",
        back=page_of(connection),
        form=form,
        facts=known(
            ("In force", _said(declared.calls, declared.seconds, declared.daily, declared.concurrency)),
            *facts(standing),
        ),
        consequence="They hold for every connection of the account. What was learnt from refusals is forgotten.",
        decision=policies.can_set_up(request.user),
    )

    @transaction.atomic
    def act(data: Any) -> Connection:
        chosen = int(data["account"]) if data["account"] else None
        shared = accounts.share(
            connection_id=connection.pk, account_id=chosen, by=request.user, seen_version=data["version"]
        )
        if shared.account_id == account.pk:
            accounts.set_limits(
                account_id=account.pk, limits=form.limits(), by=request.user, seen_version=data["account_version"]
            )
        return shared

    return decide(request, confirm, act, done="Saved.")


def _said(calls: int, seconds: int, daily: int, concurrency: int) -> str:
    said = [
        f"{calls:,} calls per {seconds} s" if calls else "",
        f"{daily:,} calls a day" if daily else "",
        f"{concurrency} calls at once" if concurrency else "",
    ]
    return ", ".join(part for part in said if part) or "no limit known: learnt from refusals"
