"""What verbs have in common that post a document a person asked for."""

from typing import Any

from billing.actions import checks, quotes
from billing.models import Candidate
from billing.scenarios.reading import BadScenario
from billing.scenarios.running import PARTS, confirm
from billing.scenarios.world import World


def checked(asked: Candidate, answer: dict[str, Any] | None = None) -> Candidate:
    """A candidate with its tax that passed its checks. Raises BadScenario for one that did not."""
    if answer is not None:
        quotes.keep(asked, answer)
    checks.run(candidate_id=asked.pk)
    candidate = Candidate.objects.select_related(*PARTS).get(pk=asked.pk)
    if candidate.status != Candidate.Status.READY:
        raise BadScenario(f"{candidate.number} is stopped: {', '.join(candidate.codes)}.")
    return candidate


def posted(world: World, asked: Candidate, answer: dict[str, Any] | None = None) -> Candidate:
    """The same, posted; a credit memo takes no `answer`, its tax is that of what it credits."""
    candidate = checked(asked, answer)
    confirm(world, "asked", candidate)
    candidate.refresh_from_db()
    return candidate
