"""Why the engine's tax and the tax on the lines differ: told from figures, only when they do."""

from decimal import Decimal

import pytest

from billing import taxes
from billing.models import Candidate, CandidateLine, TaxDetermination
from tests import factories
from tests.integration.billing.screens import signed_in, text
from tests.worlds import shared

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:No directory at")]


@shared
def candidate() -> Candidate:
    """Two lines of 100.05 net at 10 %: 20.01 of tax rounded once, 20.02 rounded on each."""
    made = factories.candidate_ready(factories.contract_active("C-TAX"))
    line = made.lines.get()
    CandidateLine.objects.filter(pk=line.pk).update(net=Decimal("100.05"), tax=Decimal("10.01"))
    line.pk, line.number, line.net, line.tax = None, 2, Decimal("100.05"), Decimal("10.00")
    line.save()
    return made


def why(candidate: Candidate, *, engine: str, lines: str = "20.01") -> str:
    TaxDetermination.objects.filter(candidate=candidate).update(tax=Decimal(engine), estimate=Decimal(lines))
    return taxes.difference(taxes.of_candidate(candidate.pk))


def test_the_same_figures_need_no_word(candidate):
    assert why(candidate, engine="20.01") == ""
    assert taxes.difference(None) == ""


def test_rounding_on_each_line_is_told_from_the_figures(candidate):
    told = why(candidate, engine="20.02")
    assert told.startswith("They differ by 0.01 USD because of rounding: on the lines the tax is rounded once per rate")
    assert "the engine's figure is rounded on each line and added up" in told
    assert "They differ by 0.01 USD" in text(signed_in().get(f"/billing/candidates/{candidate.pk}/"))


def test_the_other_way_round(candidate):
    told = why(candidate, engine="20.01", lines="20.02")
    assert "on the lines the tax is rounded on each line" in told


def test_what_neither_rounding_gives_is_not_explained_by_one(candidate):
    assert "which rounding on 2 lines can make" in why(candidate, engine="20.00", lines="20.02")
    assert why(candidate, engine="20.50") == "They differ by 0.49 USD, which is more than rounding explains."
