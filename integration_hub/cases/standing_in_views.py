"""Standing in for the owner of an exception: let somebody, and end it."""

from django.http import HttpResponse

from integration_hub.cases import policies, queries
from integration_hub.cases.actions import standing_in
from integration_hub.cases.forms import DelegateForm, start_of
from integration_hub.cases.views import SEE, decision
from integration_hub.console.forms import DecisionForm
from integration_hub.console.http import Request
from integration_hub.console.screens import screen


@screen(permission=SEE, methods=["GET", "POST"])
def case_delegate(request: Request, pk: int) -> HttpResponse:
    """Let somebody stand in for oneself."""
    people = queries.handlers().exclude(pk=request.user.pk)
    return decision(
        request, pk, title="Let somebody stand in", verb="Let them stand in",
        form=lambda case: DelegateForm(request.POST or None, people=people, initial={"version": case.version}),
        act=lambda data: standing_in.delegate(case_id=pk, to=data["to"], until=start_of(data["until"]),
                                              reason=data["reason"], by=request.user, seen_version=data["version"]),
        done=lambda case: f"{case.delegate.label} stands in for you.",
        may=lambda case: policies.can_delegate(case, request.user),
        consequence="It stays yours and its clock goes on. Both of you are told of it, and what the other does with it "
        "is kept as done for you.",
    )  # fmt: skip


@screen(permission=SEE, methods=["GET", "POST"])
def case_take_back(request: Request, pk: int) -> HttpResponse:
    """End that somebody stands in."""
    return decision(
        request, pk, title="End that somebody stands in", verb="End it",
        form=lambda case: DecisionForm(request.POST or None, initial={"version": case.version}),
        act=lambda data: standing_in.take_back(case_id=pk, by=request.user, seen_version=data["version"]),
        done="It is its owner's alone again.", may=lambda case: policies.can_take_back(case, request.user),
    )  # fmt: skip
