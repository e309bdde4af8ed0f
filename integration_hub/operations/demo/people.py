"""The people of the demo. Their password is public, so production refuses to make them."""

from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.hashers import make_password

from integration_hub.kernel.errors import Denied
from integration_hub.people import roles
from integration_hub.people.models import Role, User

PASSWORD = "throughline-demo"  # noqa: S105  public on purpose: refused in production


@dataclass(frozen=True, slots=True)
class Person:
    """One login of the demo."""

    username: str
    first_name: str
    last_name: str
    role: Role
    superuser: bool = False
    entities: tuple[str, ...] = ()


CAST = (
    Person("fiona", "Fiona", "Hart", Role.FINANCE),
    Person("conrad", "Conrad", "Weiss", Role.FINANCE),
    Person("anna", "Anna", "Lind", Role.BILLING_ANALYST),
    Person("paula", "Paula", "Moreno", Role.PMO),
    Person("derek", "Derek", "Shaw", Role.DELIVERY_LEAD, entities=("UK01",)),
    Person("ines", "Ines", "Adler", Role.INTEGRATION_ADMIN),
    Person("aude", "Aude", "Martin", Role.AUDITOR),
    Person("admin", "Ada", "Min", Role.INTEGRATION_ADMIN, superuser=True),
)


def ensure() -> dict[str, User]:
    """Make the people of the demo unless they exist. Raises Denied in production."""
    if settings.PRODUCTION:
        raise Denied("The demo makes logins with a public password and does not run with production settings.")
    roles.sync()
    encoded = make_password(PASSWORD)  # once: hashing is made to take long, and there is no secret to protect
    return {person.username: _ensure(person, encoded) for person in CAST}


def _ensure(person: Person, encoded: str) -> User:
    user = User.objects.filter(username=person.username).first()
    if user is None:
        user = User.objects.create_user(
            person.username,
            f"{person.username}@meridian.example",
            first_name=person.first_name,
            last_name=person.last_name,
            is_superuser=person.superuser,
            all_legal_entities=not person.entities,
            legal_entities=list(person.entities),
        )
        user.password = encoded
        user.save(update_fields=["password"])
    roles.give(user=user, role=person.role)
    return user
