"""Whether what a case of intake says is still so: asked before a person may call it mended."""

from django.db.models import Q

from integration_hub.intake import horizon, poll, queries
from integration_hub.intake.models import Delivery, Feed, FeedDay, FileDrop, Rejection, Run
from integration_hub.kernel.clock import now

SIGN_IN = "sign-in"


def _feeds(root_cause: str) -> Q:
    """The feeds behind `<connection>:<entity>`, or behind `<connection>:sign-in`."""
    connection, _, entity = root_cause.partition(":")
    return Q(connection__code=connection) & (Q() if entity == SIGN_IN else Q(entity=entity))


def feed_late(root_cause: str) -> bool:
    """A feed was not read to its end for too long."""
    moment = now()
    return any(queries.is_late(feed, moment) for feed in poll.watched().filter(_feeds(root_cause)))


def feed_failing(root_cause: str) -> bool:
    """A feed could not be read the last time, or its account could not sign in."""
    failing = Feed.objects.filter(_feeds(root_cause), failures_in_row__gt=0)
    return (failing.filter(last_error_class="auth") if root_cause.endswith(f":{SIGN_IN}") else failing).exists()


def feed_empty(root_cause: str) -> bool:
    """The last reading of a feed that had records found none."""
    connection, _, entity = root_cause.partition(":")
    runs = Run.objects.filter(feed__connection__code=connection, feed__entity=entity, state=Run.State.DONE)
    last = runs.order_by("pk").last()
    return last is not None and not last.read


def horizon_near(root_cause: str) -> bool:
    """A feed was not read for most of the time its vendor tells of deletions."""
    feeds = Feed.objects.filter(_feeds(root_cause)).select_related("connection")
    return any(horizon.near(feed, now()) for feed in feeds)


def feed_short(root_cause: str) -> bool:
    """A day of a feed lacks records that its source counts."""
    return FeedDay.objects.filter(_days(root_cause), verdict=FeedDay.Verdict.SHORT).exists()


def feed_silent(root_cause: str) -> bool:
    """Nothing came on the last day of a feed that was compared."""
    last = FeedDay.objects.filter(_days(root_cause)).order_by("day").last()
    return last is not None and not last.arrived


def _days(root_cause: str) -> Q:
    connection, _, entity = root_cause.partition(":")
    return Q(feed__connection__code=connection, feed__entity=entity)


def webhooks_refused(root_cause: str) -> bool:
    """No valid webhook arrived on a connection since the last one that was refused."""
    deliveries = Delivery.objects.filter(connection__code=root_cause)
    broken = deliveries.filter(status=Delivery.Status.REFUSED).order_by("received_at").last()
    unsigned = Rejection.objects.filter(connection__code=root_cause).order_by("last_at").last()
    refused = [row.received_at for row in [broken] if row] + [row.last_at for row in [unsigned] if row]
    good = deliveries.filter(status=Delivery.Status.HANDLED).order_by("received_at").last()
    return bool(refused) and (good is None or good.received_at < max(refused))


def _newest(root_cause: str) -> FileDrop | None:
    connection, entity, name = (*root_cause.split(":", 2), "", "")[:3]
    files = FileDrop.objects.filter(connection__code=connection, entity=entity, name__startswith=name)
    return files.order_by("pk").last()


def file_refused(root_cause: str) -> bool:
    """No readable file of the name was loaded since."""
    newest = _newest(root_cause)
    return newest is None or newest.state == FileDrop.State.REFUSED


def file_unbalanced(root_cause: str) -> bool:
    """The newest file of the name does not add up to its manifest."""
    newest = _newest(root_cause)
    run = Run.objects.filter(file=newest).order_by("pk").last() if newest else None
    return run is not None and bool(run.control_totals.get("problems"))
