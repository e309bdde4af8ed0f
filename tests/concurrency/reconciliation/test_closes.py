"""Two people at one close at once: one signs, the other is told; the guard with its control."""

import pytest
from django.db import IntegrityError

from integration_hub.kernel.errors import Stale
from reconciliation.actions import closes
from reconciliation.closing import pack as packs
from reconciliation.models import ClosePack, PeriodClose
from tests.integration.reconciliation.closing import close, conrad, contract, fiona, fresh, nothing_else

__all__ = ["close", "conrad", "contract", "fiona", "nothing_else"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]


def both_sign(close, fiona, conrad, interleave):
    """Both saw the same page and press at once: the first is about to freeze the figures when the second comes."""
    seen = fresh(close).version

    def sign(by):
        return lambda: closes.sign(close_id=close.pk, seen_version=seen, by=by)

    return interleave(sign(fiona), sign(conrad), at=(packs, "content"))


def test_of_two_who_sign_at_once_the_second_is_told(close, fiona, conrad, nothing_else, interleave):
    nothing_else()
    errors = both_sign(close, fiona, conrad, interleave)
    assert errors[0] is None
    assert isinstance(errors[1], Stale)
    assert list(ClosePack.objects.values_list("state", "first_by")) == [("proposed", "fiona")]


def test_without_the_lock_the_database_keeps_one_pack(close, fiona, conrad, nothing_else, interleave, monkeypatch):
    """The control: both get as far as the pack, and only the constraint stands between them."""
    nothing_else()

    def unlocked(close_id, seen_version):
        found = PeriodClose.objects.get(pk=close_id)
        return found, packs.of(found)

    monkeypatch.setattr(closes, "_locked", unlocked)
    errors = both_sign(close, fiona, conrad, interleave)
    assert sum(isinstance(error, IntegrityError) for error in errors) == 1
    assert ClosePack.objects.count() == 1
