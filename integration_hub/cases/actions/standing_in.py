"""Standing in for the owner of a case for a while. The case stays his; what the other does is kept as done for him."""

from datetime import datetime, timedelta

from django.db import transaction

from integration_hub.cases import policies
from integration_hub.cases.actions.handling import told
from integration_hub.cases.models import Case
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import BadInput, Problem
from integration_hub.people.models import User

LONGEST = timedelta(days=30)


@transaction.atomic
def delegate(*, case_id: int, to: User, until: datetime, reason: str, by: User, seen_version: int) -> Case:
    """Let somebody who handles exceptions stand in for oneself until an instant, thirty days away at most.

    Raises Denied, BadInput, Stale.
    """
    case = Case.objects.get(pk=case_id)
    policies.can_delegate(case, by, to).or_raise()
    problems = []
    if until <= now():
        problems.append(Problem("until", "lies in the past.", "Choose a later day."))
    elif until > now() + LONGEST:
        problems.append(Problem("until", f"is more than {LONGEST.days} days away.", "Choose an earlier day."))
    if not reason.strip():
        problems.append(Problem("reason", "is empty.", "Say why."))
    if problems:
        raise BadInput(str(case), problems)
    Case.objects.transition(case.pk, seen_version=seen_version, delegate=to, delegate_until=until)
    case.refresh_from_db()
    told("cases.case.delegated", case, by, reason.strip(), delegate=to.username, until=until.date().isoformat())
    return case


@transaction.atomic
def take_back(*, case_id: int, by: User, seen_version: int) -> Case:
    """End it before its time: the owner, or who stands in for him. Raises Denied, Stale."""
    case = Case.objects.get(pk=case_id)
    policies.can_take_back(case, by).or_raise()
    before = case.delegate.username if case.delegate else ""
    Case.objects.transition(case.pk, seen_version=seen_version, delegate=None, delegate_until=None)
    case.refresh_from_db()
    told("cases.case.taken_back", case, by, delegate=before)
    return case
