"""Who may be told, what a person was told, and who follows what."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import QuerySet

from integration_hub.notices.audience import Readers
from integration_hub.notices.models import Channel, Notice, Watch
from integration_hub.notices.policies import SEE
from integration_hub.people import roles
from integration_hub.people.models import User
from integration_hub.people.scope import scoped


def readers() -> Readers:
    """Everybody at work here who may see exceptions; one query."""
    return Readers(roles.holders(SEE))


def inbox(user: User) -> QuerySet[Notice]:
    """What a person was told in the console, of legal entities that he works for now."""
    return scoped(Notice.objects.filter(person=user, channel=Channel.APP), user, "legal_entity")


def unread(user: User) -> QuerySet[Notice]:
    """What of it he has not read."""
    return inbox(user).filter(read_at__isnull=True)


def followers(case_ids: Iterable[int]) -> dict[int, dict[int, datetime]]:
    """Who watches each of these cases, and since when, by ids; one query."""
    found: dict[int, dict[int, datetime]] = {}
    rows = Watch.objects.filter(case__in=list(case_ids)).values_list("case_id", "person_id", "since")
    for case, person, since in rows:
        found.setdefault(case, {})[person] = since
    return found


def watches(user: User, case_id: int) -> bool:
    """Whether a person watches a case."""
    return Watch.objects.filter(person=user, case=case_id).exists()
