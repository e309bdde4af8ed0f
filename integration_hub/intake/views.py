"""Downloads of intake."""

from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from integration_hub.intake.filedrop import report
from integration_hub.intake.models import FileDrop


@require_safe
@login_required
@permission_required("hub_intake.view_filedrop", raise_exception=True)
def file_errors(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    """What is wrong with the rows of a file, as CSV."""
    drop = get_object_or_404(FileDrop, pk=pk)
    response = StreamingHttpResponse(report.lines(drop), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="file-{drop.pk}-errors.csv"'
    response["Cache-Control"] = "no-store"
    return response
