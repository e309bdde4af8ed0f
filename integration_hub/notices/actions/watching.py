"""Following an exception that somebody else works on."""

from django.db import transaction

from integration_hub.cases.models import Case
from integration_hub.notices import policies
from integration_hub.notices.models import Watch
from integration_hub.people.models import User
from integration_hub.trail import record


@transaction.atomic
def watch(*, case_id: int, by: User) -> None:
    """Be told of everything that happens to it. Raises Denied."""
    case = Case.objects.get(pk=case_id)
    policies.can_be_told(by, case).or_raise()
    _row, fresh = Watch.objects.get_or_create(case=case, person=by)
    if fresh:
        _event("watched", case, by)


@transaction.atomic
def unwatch(*, case_id: int, by: User) -> None:
    """Be told of it no longer; whoever owns it still is."""
    gone, _ = Watch.objects.filter(case=case_id, person=by).delete()
    if gone:
        _event("unwatched", Case.objects.get(pk=case_id), by)


def _event(verb: str, case: Case, by: User) -> None:
    record.event(
        f"notices.case.{verb}",
        by=by,
        object_type="case",
        object_id=case.pk,
        label=case.title,
        legal_entity=case.legal_entity,
    )
