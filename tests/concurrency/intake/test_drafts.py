"""Two people change the mapping of one field at the same moment: one draft comes of it, and the other one is told."""

import pytest

from integration_hub.intake import changes
from integration_hub.intake.actions import shapes
from integration_hub.kernel.errors import NotReady
from integration_hub.mapping.actions import mappings
from integration_hub.mapping.models import Mapping
from tests.integration.intake.test_drift import cost, costs, the_case
from tests.races import interleave, without_row_locks

__all__ = ["costs", "interleave"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]


@pytest.fixture
def drafting(transactional_db, costs):
    """`drafting(name)` is one person's press of the button, on the page that both have loaded."""
    costs.come(cost(1, day="28.03.2026"))
    cause = the_case().root_cause
    seen = changes.read(cause).seen
    return lambda name: lambda: shapes.draft(root_cause=cause, by=f"system:{name}", seen=seen)


def drafts():
    return Mapping.objects.filter(status="draft").count()


def test_of_two_who_press_at_once_one_makes_the_draft(drafting, interleave):
    raised = interleave(drafting("ines"), drafting("ivan"), at=(mappings, "_next_version"))
    assert [type(error) for error in raised] == [type(None), NotReady]
    assert drafts() == 1


def test_without_the_lock_of_the_mapping_both_make_one(drafting, interleave, monkeypatch):
    """Negative control: two drafts, and whichever is published last undoes the other."""
    without_row_locks(monkeypatch, Mapping)
    assert interleave(drafting("ines"), drafting("ivan"), at=(mappings, "_next_version")) == (None, None)
    assert drafts() == 2
