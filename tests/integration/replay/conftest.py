"""A ledger with refused and lost effects, a way to freeze them, and lanes worked as if all waits were over."""

import pytest

from integration_hub.effects.models import Effect
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.people.models import Role
from integration_hub.replay.actions import plans
from integration_hub.work import engine
from integration_hub.work.models import Item, Lane
from tests import factories
from tests.integration.effects.conftest import heard, ledger, plan, work

__all__ = ["heard", "ledger", "plan", "work"]


@pytest.fixture
def maker(db):
    return factories.user(Role.BILLING_ANALYST, entities=("US",))


@pytest.fixture
def approver(db):
    return factories.user(Role.FINANCE, entities=("US",))


@pytest.fixture
def refused(plan, work, ledger):
    """`refused("A", "B")`: effects the target has refused."""

    def make(*references, safety="K", **more):
        for _ in references:
            ledger.vices.append(Failed(FailureClass.REJECTED, "no such customer"))
        made = [plan(safety, reference, **more) for reference in references]
        work()
        assert {effect.state for effect in Effect.objects.filter(pk__in=[e.pk for e in made])} == {"rejected"}
        return made

    return make


@pytest.fixture
def freeze(maker):
    """`freeze(rows, …)`: a plan over a query, forecast to its end."""

    def make(rows=None, *, kind="effect", by=None, forecast=True, **more):
        rows = Effect.objects.filter(state="rejected") if rows is None else rows
        options = {"title": "Rate card", "reason": "Customer was created", "told": "State: Rejected"}
        made = plans.freeze(kind=kind, rows=rows, by=by or maker, **{**options, **more})
        if forecast:
            bulk()
        made.refresh_from_db()
        return made

    return make


def bulk(rounds=1):
    """Work the bulk stage until nothing is left there, `rounds` times as if every wait were over."""
    for _ in range(rounds):
        Item.objects.filter(state="ready").update(not_before=None)
        Lane.objects.update(next_at="2000-01-01T00:00Z", leased_until=None)
        engine.drain("bulk", max_items=200)


def prospects(made):
    return dict(made.items.order_by("number").values_list("label", "prospect"))


def outcomes(made):
    return {label.split(" ")[0]: outcome for label, outcome in made.items.values_list("label", "outcome")}
