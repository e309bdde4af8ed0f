"""Whether what a feed brought can prove anything: it was read to its end, in time, and its days are whole."""

from datetime import datetime, timedelta

from integration_hub.intake.models import Feed, FeedDay


def refusals(feed: Feed, moment: datetime) -> list[str]:
    """Why nothing can be certified on what a feed brought until `moment`; three queries."""
    if not feed.is_active or feed.connection.is_paused:
        return [f"{feed} is paused, so nothing of it may be missing here or there."]
    told = []
    if feed.last_ok_at is None or moment - feed.last_ok_at > timedelta(seconds=feed.late_after_seconds):
        since = f"since {feed.last_ok_at:%Y-%m-%d %H:%M} UTC" if feed.last_ok_at else "yet"
        told.append(f"{feed} was not read to its end {since}.")
    days = FeedDay.objects.filter(feed=feed)
    short = days.filter(verdict=FeedDay.Verdict.SHORT).order_by("day").first()
    if short is not None:
        told.append(f"{feed} is not whole: on {short.day} {short.reason}")
    newest = days.order_by("-day").first()
    if newest is None:
        told.append(f"{feed} has no certificate of completeness.")
    elif newest.verdict == FeedDay.Verdict.UNPROVABLE:
        told.append(f"{feed} is not proved whole on {newest.day}: {newest.reason}")
    return told
