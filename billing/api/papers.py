"""REST: a document as PDF, and the time and expenses behind it; long ones are asked for, then fetched."""

from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from billing.actions import papers
from billing.models import Candidate, Invoice, Paper
from billing.papers import figures
from integration_hub.api.views import Nouns, person

WORK = "billing.view_piece"


class PdfRenderer(JSONRenderer):
    """Lets a caller ask for `application/pdf`; what is not a file, an error, is JSON all the same."""

    media_type = "application/pdf"
    format = "pdf"


class ZipRenderer(PdfRenderer):
    """The same for a document in several files."""

    media_type = "application/zip"
    format = "zip"


FILES = [JSONRenderer, PdfRenderer, ZipRenderer]
FILE = {(200, "application/pdf"): OpenApiTypes.BINARY, (200, "application/zip"): OpenApiTypes.BINARY}


class PaperSerializer(serializers.ModelSerializer[Paper]):
    """How far a long document is. `ready`: fetch it from the same address."""

    class Meta:
        model = Paper
        fields = ("kind", "state", "entries", "parts_total", "parts_done", "error")


class Papers(Nouns):
    """Addresses of the files of a candidate or its invoice, below its own."""

    @extend_schema(methods=["GET"], responses=FILE)
    @extend_schema(methods=["POST"], request=None, responses={202: PaperSerializer})
    @action(detail=True, methods=["get", "post"], renderer_classes=FILES)
    def document(self, request: Request, pk: str) -> Any:
        """The invoice or credit memo as PDF/A, a draft before it is posted. POST has one of very many lines set."""
        return self._file(request, Paper.Kind.DOCUMENT)

    @extend_schema(methods=["GET"], responses=FILE)
    @extend_schema(methods=["POST"], request=None, responses={202: PaperSerializer})
    @action(detail=True, methods=["get", "post"], renderer_classes=FILES)
    def backup(self, request: Request, pk: str) -> Any:
        """The time and expenses behind it as PDF/A. POST has one of more than some hundred entries set; 409 till then.

        Several parts come in one ZIP.
        """
        if not person(request).has_perm(WORK):
            raise PermissionDenied(f"The work behind a document needs the permission {WORK}.")
        return self._file(request, Paper.Kind.BACKUP)

    def _file(self, request: Request, kind: str) -> Any:
        row = self.get_object()
        key = row.candidate_id if isinstance(row, Invoice) else row.pk
        draft = papers.draft_of(Candidate.objects.select_related(*figures.PARTS).get(pk=key), kind)
        if request.method == "POST":
            paper = papers.order(draft=draft, by=person(request))
            return Response(PaperSerializer(paper).data, status=202, content_type="application/json")
        file = papers.hand_out(draft=draft, by=person(request))
        answer = HttpResponse(file.body, content_type=file.content_type)
        answer["Content-Disposition"] = f'attachment; filename="{file.name}"'
        return answer
