"""People: added with a role and the legal entities they work for."""

from collections.abc import Sequence

from django.db import transaction

from integration_hub.kernel.errors import BadInput, Problem
from integration_hub.people import roles
from integration_hub.people.models import Role, User


@transaction.atomic
def add(
    *, username: str, role: str, email: str = "", legal_entities: Sequence[str] = (), all_legal_entities: bool = False
) -> tuple[User, bool]:
    """A person with one role's rights, and whether they are new; whoever is there already stays as they are.

    A new person cannot sign in before somebody sets a password. Raises BadInput that names what is wrong.
    """
    known = User.objects.filter(username=username).first()
    if known is not None:
        return known, False
    problems = []
    if not username.strip() or len(username) > 150:
        problems.append(Problem("username", "is empty or too long.", "Give a name of at most 150 characters."))
    if role not in Role.values:
        problems.append(Problem("role", f"{role!r} is not a role.", f"Use one of: {', '.join(Role.values)}."))
    if not legal_entities and not all_legal_entities:
        problems.append(Problem("legal_entities", "is empty.", "Name legal entities, or say that all may be seen."))
    if problems:
        raise BadInput(f"Person {username}".strip(), problems)
    roles.sync()
    person = User.objects.create_user(
        username, email, None, legal_entities=list(legal_entities), all_legal_entities=all_legal_entities
    )
    roles.give(user=person, role=Role(role))
    return person, True
