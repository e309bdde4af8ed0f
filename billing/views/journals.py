"""Posting what is open of a legal entity up to a day, the same question for costs, revenue and reimbursements."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Protocol

from django.http import HttpResponse

from billing.forms import PostThroughForm
from contracts.models import LegalEntity
from contracts.queries import entity_of
from integration_hub.console.decisions import Confirm, decide
from integration_hub.console.forms import posted
from integration_hub.console.http import Request
from integration_hub.kernel.decision import Decision
from integration_hub.people.models import User


class Post(Protocol):
    """Sends what is open; what was made. Raises Denied, NotReady, BadInput."""

    def __call__(self, *, legal_entity: LegalEntity, through: date, by: User) -> Sequence[Any]: ...


def post_through(
    request: Request,
    post: Post,
    *,
    what: str,
    back: str,
    consequence: str,
    decision: Decision,
    done: Callable[[int], str],
) -> HttpResponse:
    """The whole view. `what` is what is posted, in the plural: `costs`; `done` says how many were made."""
    confirm = Confirm(
        title=f"Post {what}",
        verb="Post",
        form=PostThroughForm(posted(request), user=request.user, initial=PostThroughForm.last_month()),
        back=back,
        consequence=consequence,
        decision=decision,
    )
    return decide(
        request,
        confirm,
        lambda data: post(
            legal_entity=entity_of(data["legal_entity"], record=f"{what.capitalize()} to post"),
            through=data["through"],
            by=request.user,
        ),
        done=lambda made: done(len(made)),
    )
