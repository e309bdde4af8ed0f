"""Do something for real and take it back: what it brought is told, nothing of it is left."""

from collections.abc import Callable
from typing import Generic, TypeVar

from django.db import OperationalError, connection, transaction

from integration_hub.kernel.errors import NotReady

Told = TypeVar("Told")
_HURRY = "SET LOCAL lock_timeout = '2s'; SET LOCAL statement_timeout = '15s'"


class _TakenBack(Exception, Generic[Told]):
    """Carries what was found out of the savepoint that is rolled back."""

    def __init__(self, found: Told) -> None:
        super().__init__()
        self.found = found


def undone(find: Callable[[], Told]) -> Told:
    """What `find` finds, all that it did taken back. Raises NotReady when somebody works on the same rows.

    Locks are those of what it does, held as long as it takes and waited for two seconds at most.
    """
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(_HURRY)
            raise _TakenBack(find())
    except _TakenBack as back:
        found: Told = back.found
        return found
    except OperationalError as error:
        raise NotReady("Its contract is being worked on now. Look again in a moment.") from error
