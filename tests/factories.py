"""States that tests start from, built by the same actions that build them in life; small functions, keyword arguments.

Nothing here calls another system: legal entities have no routes until `erp` or `tax` gives them one, their connections
have no credentials, and runs are worked with a tax engine of this module (`ten_percent`).
"""

from contextlib import AbstractContextManager
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from typing import Any
from unittest.mock import patch

from django.db import transaction

from billing.actions import approvals, cash, checks, holds, posting, quotes, runs, work
from billing.actions.work import Draft
from billing.models import BillableEvent, BillingRun, Candidate, CreditMemo, Hold, Invoice, Payment
from contracts.actions import agreements, delivery, parties, rates, references
from contracts.actions.agreements import Parties
from contracts.models import Contract, ContractLine, Customer, LegalEntity, Project, Resource, Route
from integration_hub import canonical
from integration_hub.api.actions import tokens
from integration_hub.api.scopes import SCOPES
from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import TAX_ENGINES
from integration_hub.effects.actions import effects
from integration_hub.effects.models import Effect
from integration_hub.intake.models import SourceVersion
from integration_hub.kernel.clock import now
from integration_hub.people import roles
from integration_hub.people.models import Role, User
from integration_hub.work.inprocess import drain_once

BY = "system:test"
START = date(2026, 1, 1)
END = date(2026, 12, 31)
PASSWORD = "correct horse battery staple"
ERP_VENDOR, TAX_VENDOR = "netsuite", "avatax"
LOCAL = ["ingest"]
"""The stage whose work calls nobody."""

_numbers = count(1)


def next_number() -> int:
    """A number no other call of this test run got."""
    return next(_numbers)


# -- people ------------------------------------------------------------------------------------------------------


def user(
    role: str = Role.FINANCE, *, name: str = "", entities: tuple[str, ...] = ("US01",), everything: bool = False
) -> User:
    """A person with a role's rights, working for these legal entities, or for all with `everything`."""
    person = User.objects.create_user(
        name or f"{role}-{next_number()}",
        email="",
        password=PASSWORD,
        legal_entities=list(entities),
        all_legal_entities=everything,
    )
    roles.give(user=person, role=Role(role))
    return User.objects.get(pk=person.pk)


def token(person: User, *scopes: str) -> str:
    """The secret of a token of this person; every scope unless some are named."""
    _token, secret = tokens.issue(user=person, name=f"test {next_number()}", scopes=scopes or SCOPES, by=BY)
    return secret


# -- parties and connections -------------------------------------------------------------------------------------


def legal_entity(code: str = "US01", *, currency: str = "USD", country: str = "US") -> LegalEntity:
    """A legal entity; the same one when called again."""
    record = canonical.LegalEntity(
        source_id=code, version="1", code=code, name=f"{code} Inc.", currency=currency, country=country
    )
    return parties.save_legal_entity(record=record, by=BY)


def customer(code: str = "", *, name: str = "Brightwater", complete: bool = True) -> Customer:
    """A customer; without an address when it is not `complete`."""
    code = code or f"CUST-{next_number()}"
    address = {"country": "US", "region": "NY", "city": "New York", "street": "1 Broadway", "postal_code": "10004"}
    record = canonical.Customer(source_id=code, version="1", code=code, name=name, **(address if complete else {}))
    return parties.save_customer(record=record, parent=None, by=BY)


def connection(vendor: str = ERP_VENDOR, *, code: str = "") -> Connection:
    """A connection without credentials: nothing can be sent through it."""
    code = code or vendor
    return Connection.objects.get_or_create(code=code, defaults={"vendor": vendor, "name": code.title()})[0]


def erp(entity: LegalEntity, *customers: Customer) -> Connection:
    """An ERP for a legal entity that knows it and these customers."""
    there = _route(Route.Role.ERP, entity, connection(ERP_VENDOR))
    references.note(connection=there, entity="legal_entity", source_id=f"LE-{entity.code}", row=entity)
    for one in customers:
        references.note(
            connection=there, entity="customer_account", source_id=f"C-{one.code}", row=one, number=one.code
        )
    return there


def tax(entity: LegalEntity) -> Connection:
    """A tax engine for a legal entity; see `quoting`."""
    return _route(Route.Role.TAX, entity, connection(TAX_VENDOR))


def quoting() -> AbstractContextManager[Any]:
    """While it lasts, tax is quoted by `ten_percent` instead of by the vendor."""
    return patch.dict(TAX_ENGINES._entries, {TAX_VENDOR: ten_percent})


def ten_percent(_connection: Connection, request: dict[str, Any]) -> dict[str, Any]:
    """What the tax engine of the tests answers: 10 % on every line."""
    rate = Decimal("0.1")
    nets = {line["number"]: Decimal(line["amount"]) for line in request["lines"]}
    lines = [
        {"number": number, "tax": str(net * rate), "rate": str(rate), "taxable": str(net)}
        for number, net in nets.items()
    ]
    total = sum(nets.values(), Decimal(0))
    return {"net": str(total), "tax": str(total * rate), "lines": lines, "details": []}


def _route(role: str, entity: LegalEntity, there: Connection) -> Connection:
    Route.objects.get_or_create(role=role, legal_entity=entity, defaults={"connection": there})
    return there


# -- agreements --------------------------------------------------------------------------------------------------


def contract_signed(
    number: str = "",
    *,
    entity: LegalEntity | None = None,
    client: Customer | None = None,
    method: str = "tm",
    rate: str = "150",
    rate_role: str = "",
    amount: str | None = None,
    cap: str | None = None,
    milestones: tuple[str, ...] = (),
    po_number: str = "",
    po_amount: str | None = None,
    line_terms: dict[str, Any] | None = None,
    **terms: Any,
) -> Contract:
    """A signed contract with one line; T&M lines with one price, milestone lines with their milestones."""
    number, entity, client = number or f"C-{next_number()}", entity or legal_entity(), client or customer()
    agreed: dict[str, Any] = {
        "name": "Advisory",
        "status": "signed",
        "signed_on": START,
        "starts_on": START,
        "ends_on": END,
        "tax_jurisdiction": "US-NY",
        **terms,
    }
    record = canonical.Contract(
        source_id=number, version="1", number=number, customer_id=client.code, legal_entity=entity.code,
        currency=entity.currency, po_number=po_number, po_amount=_decimal(po_amount), **agreed,
    )  # fmt: skip
    contract = agreements.save_contract(record=record, parties_=Parties(client, entity, None), existing=None, by=BY)
    row = line(contract, method=method, amount=amount or _sum(milestones), cap=cap, **(line_terms or {}))
    if method == "tm":
        price(contract, rate, role=rate_role)
    for sequence, value in enumerate(milestones, start=1):
        term = canonical.MilestoneTerm(
            source_id=f"{number}-m{sequence}", version="1", line_id=str(row.pk), name=f"Milestone {sequence}",
            sequence=sequence, amount=Decimal(value), due_on=START + timedelta(days=30 * sequence),
        )  # fmt: skip
        agreements.save_milestone_term(record=term, line=row, by=BY)
    return contract


def line(
    contract: Contract,
    *,
    number: int = 1,
    method: str = "tm",
    amount: str | None = None,
    cap: str | None = None,
    **more: Any,
) -> ContractLine:
    """A contract line; monthly where its method has periods."""
    monthly = {"frequency": "monthly"} if method in {"retainer_hours", "fixed_schedule"} else {}
    record = canonical.ContractLine(
        source_id=f"{contract.number}-{number}", version="1", contract_id=contract.number, number=number,
        method=method, amount=_decimal(amount), cap_amount=_decimal(cap),
        **{"name": f"Line {number}", **monthly, **more},
    )  # fmt: skip
    return agreements.save_line(record=record, contract=contract, existing=None, by=BY)


def price(contract: Contract, rate: str, *, role: str = "", since: date = START) -> None:
    """A price per hour; for everybody unless a role is named."""
    record = canonical.RateItem(
        source_id=f"{contract.number}-{role}", version="1", contract_id=contract.number, role=role, rate=Decimal(rate),
        currency=contract.currency, valid_from=since,
    )  # fmt: skip
    rates.save_rate(record=record, contract=contract, source=f"test:{contract.number}:{role}:{since}", by=BY)


def contract_active(number: str = "", **agreed: Any) -> Contract:
    """A contract that went through activation: project, schedule and revenue plan exist. See `contract_signed`."""
    contract = contract_signed(number, **agreed)
    with patch("billing.workflows.activation_steps.route", return_value=None):
        drain_once(LOCAL)
    contract.refresh_from_db()
    assert contract.status == Contract.Status.ACTIVE, f"{contract.number} is {contract.status}"
    return contract


# -- work --------------------------------------------------------------------------------------------------------


def project_of(contract: Contract) -> Project:
    """The project that activation opened for a contract."""
    return Project.objects.get(code=contract.number)


def resource(name: str = "Ann Lee", *, role: str = "Consultant") -> Resource:
    """A person whose work is billed; the same one when called again."""
    code = f"{name.lower().replace(' ', '.')}@example.com"
    record = canonical.Resource(source_id=code, version="1", name=name, email=code, role=role)
    known = Resource.objects.filter(code=code).first()
    return delivery.save_resource(record=record, existing=known, fallback_code=code, by=BY)


def time_entry(
    contract: Contract,
    *,
    hours: str = "8",
    on: date = date(2026, 3, 2),
    approval: str = "approved",
    key: str = "",
    decide: bool = True,
    **more: Any,
) -> BillableEvent:
    """Delivered hours as a source states them, decided unless told otherwise; the same `key` again is a new version."""
    key = key or f"test:time_entry:{next_number()}"
    person = more.pop("by_whom", None) or resource()
    draft = Draft(
        work_key=key,
        kind="time",
        service_date=on,
        approval=approval,
        legal_entity_id=contract.legal_entity_id,
        contract_id=contract.pk,
        project_id=project_of(contract).pk,
        resource_id=person.pk,
        role=more.pop("role", person.role),
        minutes=Decimal(hours) * 60,
        **more,
    )
    work.record(drafts=[draft], by=BY, caused_by="test")
    if decide:
        drain_once(LOCAL)
    return BillableEvent.objects.get(work_key=key, is_current=True)


def expense(
    contract: Contract, *, amount: str, on: date = date(2026, 3, 2), key: str = "", decide: bool = True, **more: Any
) -> BillableEvent:
    """A cost in the contract's currency as a source states it, decided unless told otherwise."""
    key = key or f"test:expense:{next_number()}"
    draft = Draft(
        work_key=key,
        kind="expense",
        service_date=on,
        approval="approved",
        legal_entity_id=contract.legal_entity_id,
        contract_id=contract.pk,
        project_id=project_of(contract).pk,
        amount=Decimal(amount),
        currency=more.pop("currency", contract.currency),
        **more,
    )
    work.record(drafts=[draft], by=BY, caused_by="test")
    if decide:
        drain_once(LOCAL)
    return BillableEvent.objects.get(work_key=key, is_current=True)


def milestone_accepted(contract: Contract, sequence: int, *, on: date = date(2026, 3, 2)) -> BillableEvent:
    """A milestone of a contract's first line, accepted by the client and decided."""
    agreed = contract.lines.earliest("number").milestones.get(sequence=sequence)
    record = canonical.Milestone(
        source_id=f"{contract.number}-s{sequence}", version="1", project_id="any", name=agreed.name,
        status="accepted", accepted_on=on, accepted_by="Client", evidence="Protocol",
    )  # fmt: skip
    delivery.move_milestone(record=record, milestone=agreed, by=BY)
    drain_once(LOCAL)
    return BillableEvent.objects.get(milestone=agreed, is_current=True)


def hold(
    contract: Contract, *, code: str = "CLIENT_QUERY", by: User | str = BY, reason: str = "The client asks"
) -> Hold:
    """An open hold on a contract."""
    return holds.place(scope="contract", target=str(contract.pk), code=code, by=by, reason=reason)


# -- documents ---------------------------------------------------------------------------------------------------


def run_done(entity: LegalEntity, *, by: User, through: date = date(2026, 3, 31)) -> BillingRun:
    """A billing run that was worked, quotes and checks included."""
    run = runs.start(legal_entity=entity.code, through=through, invoice_date=through, by=by)
    drain_once(LOCAL)
    with quoting():
        for candidate in run.candidates.all():
            quotes.quote(candidate_id=candidate.pk)
            checks.run(candidate_id=candidate.pk)
    run.refresh_from_db()
    assert run.state == BillingRun.State.DONE, f"{run}: {run.state} {run.error}"
    return run


def candidate_ready(
    contract: Contract | None = None, *, hours: str = "8", prepared_by: User | None = None
) -> Candidate:
    """A candidate that passed its checks: quoted by the tax engine, known to the ERP."""
    contract = contract or contract_active()
    entity = contract.legal_entity
    erp(entity, contract.customer)
    tax(entity)
    time_entry(contract, hours=hours)
    run_done(entity, by=prepared_by or user(Role.BILLING_ANALYST, entities=(entity.code,)))
    candidate = Candidate.objects.filter(contract=contract).latest("pk")
    assert candidate.status == Candidate.Status.READY, f"{candidate.status} {candidate.codes}"
    return candidate


def candidate_approved(candidate: Candidate | None = None, **more: Any) -> Candidate:
    """A candidate that as many people as it takes have approved."""
    candidate = candidate or candidate_ready(**more)
    while candidate.status == Candidate.Status.READY:
        candidate = approvals.approve(
            candidate_id=candidate.pk,
            by=user(entities=(candidate.legal_entity.code,)),
            seen_version=candidate.version,
            seen_hash=candidate.content_hash,
        )
    return candidate


def invoice_posted(
    candidate: Candidate | None = None, *, number: str = "", due_on: date | None = None, **more: Any
) -> Invoice:
    """An invoice whose effect the ERP has confirmed."""
    candidate = candidate_approved(candidate, **more)
    effect = approvals.post(
        candidate_id=candidate.pk,
        by=user(entities=(candidate.legal_entity.code,)),
        seen_version=candidate.version,
    )
    confirm(effect, number=number or f"INV-{next_number()}", due_on=due_on)
    return Invoice.objects.get(candidate=candidate)


@transaction.atomic
def confirm(effect: Effect, *, number: str, due_on: date | None = None) -> None:
    """What the engine records when the ERP took an invoice and a read confirmed it."""
    candidate = Candidate.objects.get(number=effect.business_key)
    figures = {"net": str(candidate.net), "tax": str(candidate.tax), "gross": str(candidate.gross)}
    if due_on is not None:
        figures["due_on"] = due_on.isoformat()
    effects.move(effect, Effect.State.SENDING)
    effects.move(effect, Effect.State.SENT, remote_id=f"R-{number}")
    for place, (kind, outcome) in enumerate((("send", "sent"), ("confirm", "found")), start=1):
        effect.attempts.create(number=place, kind=kind, token=1, outcome=outcome, finished_at=now())
    effects.move(effect, Effect.State.CONFIRMED, remote_number=number, confirmed_at=now(), remote=figures)
    posting.confirmed(effect)


def payment(invoice: Invoice, *, amount: str, number: str = "", on: date = date(2026, 4, 15)) -> Payment:
    """Money received on one invoice, as the ERP reports it."""
    number = number or f"PAY-{next_number()}"
    there = invoice.effect.connection
    record = canonical.Payment(
        source_id=number, version="1", number=number, legal_entity_id=invoice.legal_entity.code, customer_id=None,
        received_on=on, amount=Decimal(amount), currency=invoice.currency,
    )  # fmt: skip
    return cash.receive(
        record=record,
        connection=there,
        source_version_id=_source_version(there, "payment", number).pk,
        applied=[(invoice, Decimal(amount))],
        legal_entity=invoice.legal_entity,
        customer=invoice.contract.customer,
    )


def credit_memo(
    invoice: Invoice, *, net: str, tax: str = "0", number: str = "", on: date = date(2026, 4, 20)
) -> CreditMemo:
    """A credit memo that reduces one invoice, as the ERP reports it."""
    number = number or f"CM-{next_number()}"
    there = invoice.effect.connection
    amounts = {"net": Decimal(net), "tax": Decimal(tax), "gross": Decimal(net) + Decimal(tax)}
    record = canonical.CreditMemo(
        source_id=number, version="1", number=number, legal_entity_id=invoice.legal_entity.code,
        customer_id=invoice.contract.customer.code, issued_on=on, currency=invoice.currency, **amounts,
        applications=(canonical.PaymentApplication(invoice_id=invoice.remote_id, amount=amounts["gross"]),),
    )  # fmt: skip
    return cash.receive_credit(
        record=record,
        connection=there,
        source_version_id=_source_version(there, "credit_memo", number).pk,
        applied=[(invoice, amounts["gross"])],
        legal_entity=invoice.legal_entity,
    )


def _source_version(there: Connection, entity: str, source_id: str) -> SourceVersion:
    return SourceVersion.objects.create(
        connection=there, entity=entity, source_id=source_id, version="1", hash=source_id, payload={}, status="applied"
    )


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _sum(texts: tuple[str, ...]) -> str | None:
    return str(sum((Decimal(text) for text in texts), Decimal(0))) if texts else None
