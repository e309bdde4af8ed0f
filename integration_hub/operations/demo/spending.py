"""What the demo's people spent, on its way back to them: posted by finance, paid in the ERP up to the last month.

Switched on once the world is played, by the same actions and calls as people and systems use. Of the last month
nothing is posted yet, so that somebody can. Approvals are known here when the world is played, months after the days
of the expenses, so no report is too old.
"""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

from contracts.actions import configuration
from contracts.models import LegalEntity, Resource
from costs.actions import reimbursing
from costs.models import Reimbursement, ReimbursementItem
from integration_hub.mapping.actions import values
from integration_hub.people.models import User
from integration_hub.sandbox import Landscape
from integration_hub.sandbox.world.calendar import FIRST_MONTH

SUBSIDIARIES = {"US01": "1", "UK01": "2", "DE01": "3"}
ACCOUNTS = {"14": "expense", "13": "employee_payable"}
"""Travel and Expenses, Accounts Payable."""
RECEIPT_ABOVE = Decimal(25)


def play(landscape: Landscape, *, by: User, admin: User, settle: Callable[[str], None]) -> None:
    """Reimburse what was spent before the last month that something was spent in, unless that is done."""
    if Reimbursement.objects.exclude(posted_by="").exists():
        return
    values.install(connection="netsuite", name="cost_account", when_unknown="refuse", rows=ACCOUNTS, by=admin)
    _employees(landscape)
    entities = list(LegalEntity.objects.filter(code__in=SUBSIDIARIES).order_by("code"))
    for entity in entities:
        entity.reimburse_from, entity.receipt_above, entity.expenses_within_days = FIRST_MONTH, RECEIPT_ABOVE, None
        configuration.save_legal_entity(row=entity, by=by)
    settle("what people spent")
    last = ReimbursementItem.objects.order_by("-spent_on").values_list("spent_on", flat=True).first()
    if last is None:
        return
    _post(entities, through=last.replace(day=1) - timedelta(days=1), by=by)
    settle("what people are owed")
    _pay(landscape, before=last.replace(day=1))
    settle("what people got")


def _employees(landscape: Landscape) -> None:
    """Who works for the firm is an employee in the ERP, in the company of their cost centre."""
    known = {row.get("email") for row in landscape.records("netsuite", "employee")}
    people = [person for person in Resource.objects.exclude(email="").order_by("pk") if person.email not in known]
    rows = [
        {
            "firstName": person.name.partition(" ")[0],
            "lastName": person.name.rpartition(" ")[2],
            "email": person.email,
            "subsidiary": {"id": SUBSIDIARIES.get(f"{person.cost_centre[:2]}01", "1")},
        }
        for person in people
    ]
    landscape.load("netsuite", "employee", rows)


def _post(entities: list[LegalEntity], *, through: date, by: User) -> None:
    for entity in entities:
        reimbursing.post_all(legal_entity=entity, through=through, by=by)


def _pay(landscape: Landscape, *, before: date) -> None:
    """The ERP pays what it owes, but for the last of each legal entity, which waits for the next payment run."""
    employees = {row["email"]: row["id"] for row in landscape.records("netsuite", "employee") if row.get("email")}
    journals = {row.get("externalId"): row for row in landscape.records("netsuite", "journalEntry")}
    payable = Reimbursement.objects.filter(status="payable", items__spent_on__lt=before).distinct()
    for entity in SUBSIDIARIES:
        for row in payable.filter(legal_entity__code=entity).order_by("-pk").select_related("resource")[1:]:
            booked = journals[row.journals.get(amount__gt=0).number]
            payment = {
                "entity": {"id": employees[row.resource.email]},
                "subsidiary": booked["subsidiary"],
                "currency": booked["currency"],
                "tranDate": booked["tranDate"],
                "apply": {"items": [{"doc": {"id": booked["id"]}, "apply": True}]},
            }
            landscape.load("netsuite", "vendorPayment", [payment])
