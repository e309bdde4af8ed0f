"""What lanes do for costs."""

from contracts.models import Project
from costs.actions import claims, counting, intercompany, owed
from integration_hub.work.registry import HANDLERS, Handler, Job


def _count(job: Job) -> None:
    project = Project.objects.select_related("contract__legal_entity").get(pk=job.payload["project"])
    caused_by = str(job.payload.get("caused_by", ""))
    counting.count(project=project, caused_by=caused_by)
    intercompany.derive(project=project, caused_by=caused_by)


def _reimburse(job: Job) -> None:
    owed.settle(resource=job.payload["resource"], caused_by=str(job.payload.get("caused_by", "")))


def register() -> None:
    """Fill the registry of handlers."""
    HANDLERS.register(counting.COUNT, Handler(_count, title="Count what work costs, and who lends it"))
    HANDLERS.register(claims.REIMBURSE, Handler(_reimburse, title="Gather what a person is owed"))
