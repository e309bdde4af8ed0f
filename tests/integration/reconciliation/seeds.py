"""Breaks seeded in the systems' own records, pair by pair: each class that can occur on the pair, and its correction.

`seed()` leaves what is young when the first reconciliation runs; `found` is what a later one calls it; `correct()` is
what people do in the other systems; what they leave as it is (`stands`) is explained.
"""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from billing.actions import recognition, revenue_journals, schedules, work
from billing.actions.recognition import Measure
from billing.models import BillableEvent, RevenuePosting, ScheduleItem
from contracts.actions import cost_rates, references
from contracts.actions.cost_rates import CostRateIn
from contracts.models import Customer, LegalEntity
from costs.actions import posting, reimbursing
from costs.models import CostPosting, Reimbursement, ReimbursementJournal
from integration_hub.effects.actions import again
from integration_hub.effects.models import Effect
from integration_hub.intake.models import Feed, FeedDay, SourceVersion
from integration_hub.kernel.clock import now
from integration_hub.mapping.actions import mappings
from integration_hub.people.models import Role
from integration_hub.work.inprocess import drain_once
from tests import factories, money
from tests.integration.costs import spending

MARCH, MAY = date(2026, 3, 2), date(2026, 5, 4)


class Seeds:
    """The breaks of one pair in a landscape. `name_of` says by which name a break was seeded."""

    pair = ""
    found: dict[str, str] = {}
    stands: frozenset[str] = frozenset()

    def __init__(self, landscape):
        self.landscape = landscape
        self.fiona, self.conrad = factories.user(Role.FINANCE), factories.user(Role.FINANCE)

    def seed(self):
        raise NotImplementedError

    def correct(self):
        """Nothing is corrected elsewhere: all of it is mended here."""

    def name_of(self, identity):
        return identity.rpartition("-")[2]


class Records(Seeds):
    """A side that a feed brings: its records, and which entity of which role they are."""

    role = ""
    entities: dict[str, dict[str, str]] = {}
    """The fields of each entity: "" for words."""

    def __init__(self, landscape):
        super().__init__(landscape)
        self.connection = landscape.connections[self.role]
        self.versions = 0
        default = {"entities": {name: {"rules": _rules(fields)} for name, fields in self.entities.items()}}
        mappings.install_default(connection=self.connection.code, default=default, by="system:test")
        for entity in self.entities:
            feed = Feed.objects.create(connection=self.connection, entity=entity, last_ok_at=now())
            FeedDay.objects.create(feed=feed, day=now().date() - timedelta(days=1), verdict="complete", basis="ids",
                                   expected=1, seen=1)  # fmt: skip

    def record(self, entity, source_id, body, *, fate="applied", deleted=False):
        self.versions += 1
        return SourceVersion.objects.create(
            connection=self.connection, entity=entity, source_id=source_id, version=str(self.versions),
            hash=str(self.versions), payload=body, status=fate, deleted=deleted,
        )  # fmt: skip


def _rules(fields):
    return [{"target": name, "source": name} | ({"kind": kind} if kind else {}) for name, kind in fields.items()]


class Work(Records):
    """Time and expenses: their changes were refused on their way, and are taken again."""

    pair, role = "work", "psa"
    entities = {
        "time_entry": {"project_id": "", "resource_id": "", "approval": "", "minutes": "decimal", "worked_on": "date"},
        "expense": {"project_id": "", "approval": "", "currency": "", "amount": "decimal", "spent_on": "date"},
    }  # fmt: skip
    found = {
        **{name: name for name in ("missing_in_a", "missing_in_b", "amount", "rounding", "wrong_period", "details")},
        "fx": "fx",
        "changed_here": "amount",
    }
    changed = {
        "amount": {"minutes": "300"}, "rounding": {"minutes": "480.03"}, "wrong_period": {"worked_on": "2026-05-04"},
        "details": {"project_id": "G"},
    }  # fmt: skip
    time = {
        "project_id": "P",
        "resource_id": "ann",
        "approval": "approved",
        "minutes": "480",
        "worked_on": "2026-03-02",
    }
    spent = {"project_id": "P", "approval": "approved", "currency": "USD", "amount": "120", "spent_on": "2026-03-02"}

    def seed(self):
        contract = money.contract_in(self.landscape, "C-W")
        abroad = factories.contract_active("C-G", entity=factories.legal_entity("GB01", currency="GBP", country="GB"))
        for source_id, row in (("P", factories.project_of(contract)), ("G", factories.project_of(abroad))):
            references.note(connection=self.connection, entity="project", source_id=source_id, row=row)
        references.note(connection=self.connection, entity="resource", source_id="ann", row=factories.resource())
        for name in ("healthy", "missing_in_a", "changed_here", *self.changed):
            came = self.record("time_entry", f"E-{name}", self.time)
            key = f"psa:time_entry:E-{name}"
            factories.time_entry(contract, key=key, source_version_id=came.pk, decide=False)
            if name in self.changed:
                self.record("time_entry", f"E-{name}", self.time | self.changed[name], fate="refused")
        self.record("time_entry", "E-missing_in_a", self.time, fate="refused", deleted=True)
        self.record("time_entry", "E-missing_in_b", self.time, fate="parked")
        BillableEvent.objects.filter(work_key="psa:time_entry:E-changed_here").update(minutes=300)
        came = self.record("expense", "E-fx", self.spent)
        key = "psa:expense:E-fx"
        factories.expense(contract, amount="120", key=key, source_version_id=came.pk, decide=False)
        self.record("expense", "E-fx", self.spent | {"currency": "EUR"}, fate="refused")


class Contracts(Records):
    """Agreements of the CRM: what it lacks or says twice or otherwise is corrected there."""

    pair, role = "contracts", "crm"
    entities = {
        "contract": dict.fromkeys(("number", "name", "customer_id", "legal_entity", "currency", "status"), "")
        | dict.fromkeys(("starts_on", "ends_on", "signed_on"), "date")
    }
    found = {name: name for name in ("missing_in_a", "missing_in_b", "duplicate", "fx", "wrong_period", "details")}
    stands = frozenset({"missing_in_a"})
    changed = {
        "fx": {"currency": "EUR"},
        "wrong_period": {"starts_on": "2026-03-01"},
        "details": {"customer_id": "other"},
    }

    def seed(self):
        client, other = factories.customer("CUST-1"), factories.customer("CUST-2")
        for source_id, row in (("one", client), ("other", other)):
            references.note(connection=self.connection, entity="customer", source_id=source_id, row=row)
        for name in ("healthy", "missing_in_a", "duplicate", *self.changed):
            factories.contract_signed(f"C-{name}", client=client)
            if name != "missing_in_a":
                self.agreed(name, **self.changed.get(name, {}))
        self.agreed("duplicate", "twice")
        self.agreed("missing_in_b", fate="parked")

    def agreed(self, name, source_id="", *, fate="applied", deleted=False, **changes):
        body = {
            "number": f"C-{name}", "name": "Advisory", "customer_id": "one", "legal_entity": "US01", "currency": "USD",
            "status": "signed", "starts_on": "2026-01-01", "ends_on": "2026-12-31", "signed_on": "2026-01-01",
        }  # fmt: skip
        self.record("contract", source_id or name, body | changes, fate=fate, deleted=deleted)

    def correct(self):
        for name in self.changed:
            self.agreed(name)
        self.agreed("duplicate", "twice", deleted=True)


class Customers(Records):
    """Accounts of the ERP: opened, closed and merged there."""

    pair, role = "customers", "erp"
    entities = {"customer_account": {"code": "", "name": "", "inactive": "boolean"}}
    found = {"missing_in_a": "missing_in_a", "missing_in_b": "missing_in_b", "duplicate": "duplicate"}

    def seed(self):
        for name in ("healthy", *self.found):
            factories.contract_active(client=factories.customer(f"CU-{name}"))
            if name != "missing_in_b":
                self.account(name)
        self.account("duplicate", "twice")
        Customer.objects.filter(code="CU-missing_in_a").update(status=Customer.Status.INACTIVE)

    def account(self, name, source_id="", **changes):
        body = {"code": f"CU-{name}", "name": name, "inactive": False, **changes}
        self.record("customer_account", source_id or name, body)

    def correct(self):
        self.account("missing_in_b")
        self.account("missing_in_a", inactive=True)
        self.account("duplicate", "twice", inactive=True)


class Schedules(Seeds):
    """Fees that were changed behind the back of their schedule are entered again as it says."""

    pair = "schedules"
    found = {
        name: name
        for name in ("amount", "rounding", "fx", "wrong_period", "details", "missing_in_b", "missing_in_a", "duplicate")
    }

    def seed(self):
        contract = factories.contract_active(method="fixed_schedule", amount="12000")
        abroad = factories.legal_entity("GB01", currency="GBP", country="GB")
        schedules.raise_due(contract=contract, through=factories.END)
        rows = list(ScheduleItem.objects.order_by("sequence"))
        self.names = {str(row.pk): name for row, name in zip(rows, self.found, strict=False)}
        self.items = {name: ScheduleItem.objects.get(pk=pk) for pk, name in self.names.items()}
        self.entered("amount", amount=Decimal(900))
        self.entered("rounding", amount=Decimal("1000.03"))
        self.entered("fx", currency="EUR")
        self.entered("wrong_period", service_date=self.items["wrong_period"].due_on + timedelta(days=62))
        self.entered("details", legal_entity=abroad)
        self.entered("missing_in_b", is_deleted=True)
        ScheduleItem.objects.filter(pk=self.items["missing_in_a"].pk).update(status="skipped", reason="Cancelled")
        once = work.deleted(BillableEvent.objects.get(schedule_item=self.items["duplicate"], is_current=True))
        once.work_key, once.is_deleted = "schedule:twice", False
        work.record(drafts=[once], by="system:test", caused_by="test")

    def entered(self, name, **changes):
        BillableEvent.objects.filter(schedule_item=self.items[name]).update(**changes)

    def name_of(self, identity):
        return self.names[identity]


class Costed(Seeds):
    """Work that changed without its costs: they are counted again."""

    pair = "costed"
    found = {name: name for name in ("amount", "rounding", "wrong_period", "details", "missing_in_a", "missing_in_b")}

    def seed(self):
        contract = cost_keeping(self.landscape, "C-C")
        abroad = factories.contract_active("C-G", entity=factories.legal_entity("GB01", currency="GBP", country="GB"))
        LegalEntity.objects.update(costs_from=date(2026, 1, 1))
        rate("GB01", "GBP")
        for name in ("healthy", *self.found):
            approval = "submitted" if name == "missing_in_b" else "approved"
            factories.time_entry(contract, key=f"W-{name}", approval=approval)
        self.work("amount", minutes=300)
        self.work("rounding", minutes=Decimal("480.03"))
        self.work("wrong_period", service_date=MAY)
        self.work("details", project=factories.project_of(abroad))
        self.work("missing_in_a", approval="submitted")
        self.work("missing_in_b", approval="approved")

    def work(self, name, **changes):
        BillableEvent.objects.filter(work_key=f"W-{name}").update(**changes)


class Journals(Seeds):
    """Journals that the ERP shows otherwise than they were sent, from the first or since; they are read there again."""

    shown = {
        "amount": {"debits": -10}, "rounding": {"debits": Decimal("0.03")}, "fx": {"currency": "EUR"},
        "wrong_period": {"date": "2027-03-01"},
    }  # fmt: skip
    since = ("manual_change", "missing_in_b")
    found = {name: name for name in (*shown, *since)}

    def seed(self):
        """Journals are planned and not sent; each gets the name of a class."""
        effects = list(self.planned().order_by("pk"))
        names = ("healthy", *self.found)
        assert len(effects) >= len(names)
        self.names = {effect.business_key: name for effect, name in zip(effects, names, strict=False)}
        by_name = {name: effect for effect, name in zip(effects, names, strict=False)}
        for name, other in self.shown.items():
            self.landscape.erp.shows[by_name[name].business_key] = self.otherwise(by_name[name], other)
        drain_once()
        changed, gone = (by_name[name] for name in self.since)
        self.landscape.erp.shows |= {
            changed.business_key: self.otherwise(changed, {"debits": -50}),
            gone.business_key: None,
        }
        for effect in (changed, gone):
            again.look(effect_id=effect.pk, by="system:test")
        drain_once()

    def planned(self):
        return Effect.objects.filter(effect_type__endswith=".journal.post", state="planned")

    def otherwise(self, effect, other):
        told = dict(other)
        if "debits" in told:
            told["debits"] = str(Decimal(effect.payload["total"]) + told["debits"])
        return told

    def correct(self):
        self.landscape.erp.shows.clear()

    def name_of(self, identity):
        return self.names[identity]


class CostJournals(Journals):
    """The costs of eight months, a journal for each."""

    pair = "journals"

    def seed(self):
        contract = cost_keeping(self.landscape, "C-J")
        for month in range(1, 9):
            factories.time_entry(contract, on=date(2026, month, 2))
        posting.post(legal_entity=self.landscape.entity, through=date(2026, 8, 31), by=self.fiona)
        assert CostPosting.objects.count() == 8
        super().seed()


class Revenue(Journals):
    """Eight recognised months of a contract."""

    pair = "revenue"

    def seed(self):
        contract = factories.contract_active(method="milestone", milestones=("40000",))
        for month in range(1, 9):
            measure = Measure(code="Build", price=Decimal(40000), progress=Fraction(month, 10), invoiced=Decimal(0))
            recognition.recognise(contract=contract, period=date(2026, month, 1), measures=[measure], by=self.fiona)
        revenue_journals.post(legal_entity=self.landscape.entity, through=date(2026, 8, 31), by=self.conrad)
        assert RevenuePosting.objects.count() == 8
        super().seed()


class Reimbursements(Journals):
    """What Ann is owed for eight reports."""

    pair = "reimbursements"

    def seed(self):
        spending.known(self.landscape, money.contract_in(self.landscape, "C-R"))
        spending.spend(self.landscape, *(spending.expense(f"E-{n}", report_id=f"R-{n}") for n in range(8)))
        for row in Reimbursement.objects.all():
            reimbursing.post(reimbursement=row, version=row.version, by=self.fiona)
        assert ReimbursementJournal.objects.count() == 8
        super().seed()


def cost_keeping(landscape, number):
    """A contract of a legal entity that keeps costs, with a rate."""
    contract = money.contract_in(landscape, number)
    LegalEntity.objects.update(costs_from=date(2026, 1, 1))
    rate("US01", "USD")
    return contract


def rate(entity, currency):
    given = CostRateIn(legal_entity=entity, currency=currency, role="Consultant", valid_from=date(2026, 1, 1),
                       source="test", rate=Decimal(62))  # fmt: skip
    cost_rates.record(rates=[given], by=factories.BY)
    drain_once(factories.LOCAL)


SEEDS = {
    seeds.pair: seeds
    for seeds in (Work, Contracts, Customers, Schedules, Costed, CostJournals, Revenue, Reimbursements)
}
