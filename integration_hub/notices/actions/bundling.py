"""Gathering what is due for somebody into one message, and putting that to work: both in one transaction.

A notice is taken into a message once: the rows are locked, and who comes second passes over them.
"""

from django.db import transaction

from integration_hub.kernel.clock import now
from integration_hub.notices import policies
from integration_hub.notices.actions import delivering
from integration_hub.notices.models import Message, Notice
from integration_hub.people.models import User

PEOPLE = 200
MOST = 200
"""Notices of one message; more make another."""


def bundle() -> int:
    """The tick: a message for everybody for whom something is due; how many."""
    due = Notice.objects.filter(due_at__lte=now(), message__isnull=True, withheld="").order_by()
    people = list(due.values_list("person_id", flat=True).distinct()[:PEOPLE])
    return sum(_bundle(person) for person in people)


@transaction.atomic
def _bundle(person_id: int) -> int:
    due = Notice.objects.filter(person=person_id, due_at__lte=now(), message__isnull=True, withheld="")
    rows = list(due.select_for_update(no_key=True, skip_locked=True, of=("self",)).select_related("case")[:MOST])
    person = User.objects.get(pk=person_id)
    wanted = _still_allowed(rows, person)
    if not wanted:
        return 0
    message = Message.objects.create(channel=wanted[0].channel, person=person, address=person.email)
    Notice.objects.filter(pk__in=[row.pk for row in wanted]).update(message=message)
    delivering.enqueue(message)
    return 1


def _still_allowed(rows: list[Notice], person: User) -> list[Notice]:
    """Those the person may still be told of: between an act and its digest he may have lost the right."""
    wanted = []
    for row in rows:
        decision = policies.can_be_told(person, row.case)
        reason = decision.reason if not decision else "" if person.email else f"{person.label} has no address any more."
        if reason:
            Notice.objects.filter(pk=row.pk).update(withheld=reason[:200])
        else:
            wanted.append(row)
    return wanted
