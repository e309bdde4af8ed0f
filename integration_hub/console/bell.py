"""The bell of the top bar: what is new for the person. A room above rings it; without one there is no bell."""

from dataclasses import dataclass

from integration_hub.kernel.registry import Registry
from integration_hub.people.models import User


@dataclass(frozen=True, slots=True)
class Bell:
    """`url_name` is the screen it leads to, `part_url_name` answers with what stands beside it: how many are new.

    The part is asked for by the page that is open, now and then: what has no page to answer to costs none a query.
    """

    label: str
    url_name: str
    part_url_name: str
    permission: str


BELLS: Registry[Bell] = Registry("bell")


def for_user(user: User) -> Bell | None:
    """The bell of a person, if there is one he may hear."""
    return next((bell for _, bell in BELLS if user.has_perm(bell.permission)), None)
