"""Billing is measured as it says: small, in the database of the tests instead of one of its own."""

from contextlib import nullcontext

import pytest

from billing.models import Piece
from integration_hub.operations.bench import Figure, billing, scratch

pytestmark = pytest.mark.django_db(transaction=True)


def test_work_is_decided_billed_and_corrected_beside_limit_and_peer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "database", nullcontext)
    monkeypatch.setattr(billing, "CONTRACTS", 2)
    monkeypatch.setattr(billing, "SLOW", 5)
    figures: list[Figure] = []

    billing.run(360, figures.append)

    assert sum(bool(figure.verdict) for figure in figures) == 7
    kinds = [figure.step.partition(":")[0] for figure in figures]
    assert kinds.count("limit") == 2
    assert kinds.count("peer") == 1
    assert any(figure.step.endswith("360 identical") for figure in figures)
    pieces = Piece.objects.filter(is_current=True)
    assert pieces.filter(state="posted").count() == 360
    moved = pieces.filter(event__service_date__gte=billing.MOVED, corrects__isnull=False).count()
    assert moved == pieces.filter(state="billable", corrects__isnull=True).count() > 0
