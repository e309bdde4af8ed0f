"""Fencing: whoever writes for a lane proves first, under the lane's row lock, that the lane is still his."""

from integration_hub.work.models import Lane
from integration_hub.work.registry import Job, Superseded


def hold(job: Job) -> Lane:
    """Lock the lane's row for the rest of the transaction; raise `Superseded` when another worker took it since."""
    lane = Lane.objects.select_for_update(no_key=True).get(key=job.lane)
    if not is_current(lane, job):
        raise Superseded(f"Lane {job.lane} moved on: token {job.token} is old, {lane.token} is current.")
    return lane


def is_current(lane: Lane, job: Job) -> bool:
    """Whether the job's token is the lane's."""
    return lane.token == job.token
