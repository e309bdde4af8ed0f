"""Verbs of what happens: work arrives and changes, holds come and go, terms are amended, milestones are accepted."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from billing.actions import decisions, holds, prepaid, work
from billing.actions.work import Draft
from billing.models import BillableEvent, BillingRun, Hold
from billing.scenarios.reading import BadScenario, Unsupported, Words, words
from billing.scenarios.world import DAY, FIRST_DAY, World, contract_of, line_of, part
from contracts.actions import amendments, delivery
from contracts.actions import progress as measuring
from contracts.models import AccountingPeriod, Amendment, Contract, Milestone, Project, Resource, RetroMode
from integration_hub import canonical
from integration_hub.intake.versions import Incoming, Known, Verdict, classify
from integration_hub.kernel.ids import content_hash
from integration_hub.kernel.money import ZERO

BY = "system:scenario"
LATER = date(2199, 12, 31)
KINDS = {"time": "time", "usage": "usage", "expense": "expense", "charge": "fee"}
SOURCE = {
    Verdict.APPLY: "applied",
    Verdict.UNCHANGED: "duplicate",
    Verdict.STALE: "stale",
    Verdict.CONFLICT: "conflict",
}


def decide(world: World) -> None:
    """Decide the work of every contract, as the lanes would by now."""
    for contract in world.contracts.values():
        decisions.decide_contract(contract_id=contract.pk, caused_by="scenario")


def entries(world: World, said: Words) -> None:
    """Work as a source states it now; the same id again is a later version."""
    drafts, arrived = [], {}
    for values in said.rows("items"):
        with words("entry", values) as item:
            if (day := item.day("recorded")) is not None:
                arrived[str(values["id"])] = day
            drafts.append(_draft(world, item))
    work.record(drafts=drafts, by=BY, caused_by="scenario", correct_posted=True)
    for key, day in arrived.items():
        BillableEvent.objects.filter(work_key=key, is_current=True).update(
            recorded_at=datetime.combine(day, time(), tzinfo=UTC)
        )


def ingest(world: World, said: Words) -> dict[str, Any]:
    """Messages in the order they arrive, each with its version; what became of each."""
    known: dict[str, list[Known]] = {}
    results = []
    for values in said.rows("messages"):
        with words("message", values) as message:
            results.append(_message(world, message, known))
    return {"results": results}


def _message(world: World, said: Words, known: dict[str, list[Known]]) -> str:
    source, key, version = str(said.need("source")), str(said.need("key")), str(said.need("version"))
    deleted = said.one_of("kind", {"upsert": False, "delete": True}, "upsert")
    payload: Mapping[str, Any] = said.take("payload", {})
    digest = content_hash({str(name): str(value) for name, value in payload.items()})
    incoming = Incoming(f"{source}:{key}", version, digest, payload, "", deleted=deleted)
    stored = known.setdefault(incoming.source_id, [])
    [judged] = classify([incoming], known, lambda _: False).judged
    if judged.verdict == Verdict.APPLY:
        stored.append(Known(len(stored), incoming.source_id, version, digest, "applied", deleted, None, "", ""))
        if deleted:
            _delete(key)
        else:
            with words("payload", {"id": key, **payload}) as item:
                work.record(drafts=[_draft(world, item)], by=BY, caused_by="scenario", correct_posted=True)
    return SOURCE[judged.verdict]


def _delete(key: str) -> None:
    row = BillableEvent.objects.filter(work_key=key, is_current=True).first()
    if row is not None:
        work.record(drafts=[_as_draft(row, is_deleted=True)], by=BY, caused_by="scenario", correct_posted=True)


def _as_draft(row: BillableEvent, **changed: Any) -> Draft:
    return Draft(**{**{one.name: getattr(row, one.name) for one in fields(Draft)}, **changed})


def _draft(world: World, said: Words) -> Draft:
    line = line_of(world, said.need("line"))
    kind = said.one_of("type", KINDS, "time")
    name, person, role = said.take("project"), said.take("resource"), str(said.take("role", ""))
    minutes = said.number("minutes")
    if (hours := said.number("hours")) is not None:
        minutes = hours * 60
    amount = (said.number("cost") or ZERO) if kind == "expense" else said.number("amount")
    quantity = said.number("qty") if kind == "usage" else said.number("units")
    return Draft(
        work_key=str(said.need("id")),
        kind=kind,
        service_date=said.on("date"),
        approval="approved" if said.take("approved", True) else "submitted",
        legal_entity_id=line.contract.legal_entity_id,
        contract_id=line.contract_id,
        project_id=_project(line.contract, str(name)).pk if name else None,
        line_id=line.pk,
        resource_id=_resource(str(person)).pk if person else None,
        role=role,
        category=str(said.take("category", "")),
        task_code=str(said.take("item", "")),
        minutes=minutes if kind == "time" else None,
        quantity=quantity,
        amount=amount if kind in ("expense", "fee") else None,
        includes_tax=bool(said.take("cost_includes_tax", False)),
        chargeable=bool(said.take("chargeable", True)),
        currency=str(said.take("currency", line.contract.currency)) if kind in ("expense", "fee") else "",
    )


def _project(contract: Contract, name: str) -> Project:
    return Project.objects.get_or_create(code=name, defaults={"name": name, "contract": contract})[0]


def _resource(name: str) -> Resource:
    return Resource.objects.get_or_create(code=name, defaults={"name": name})[0]


def approve(world: World, said: Words) -> None:
    """Entries are approved."""
    for name in said.rows("items"):
        row = _entry(str(name))
        work.record(drafts=[_as_draft(row, approval="approved")], by=BY, caused_by="scenario", correct_posted=True)


def _entry(name: str) -> BillableEvent:
    row = BillableEvent.objects.filter(work_key=name, is_current=True).first()
    if row is None:
        raise BadScenario(f"There is no entry {name!r}.")
    return row


def close(world: World, said: Words) -> None:
    """Accounting periods are closed through a date; the time after it is open."""
    through = said.on("through")
    AccountingPeriod.objects.all().delete()
    for entity in world.entities.values():
        for name, first, last, status in (
            ("closed", FIRST_DAY, through, AccountingPeriod.Status.CLOSED),
            ("open", through + DAY, LATER, AccountingPeriod.Status.OPEN),
        ):
            AccountingPeriod.objects.create(
                legal_entity=entity, module="ar", name=name, starts_on=first, ends_on=last, status=status
            )


def hold(world: World, said: Words) -> None:
    """A hold is placed."""
    scope, target = str(said.need("scope")), str(said.need("target"))
    rows: dict[str, Callable[[], tuple[str, str]]] = {
        "entry": lambda: ("event", _entry(target).work_key),
        "project": lambda: ("project", str(Project.objects.get(code=target).pk)),
        "line": lambda: ("line", str(line_of(world, target).pk)),
        "contract": lambda: ("contract", str(contract_of(world, target).pk)),
        "customer": lambda: ("customer", str(world.customers[target].pk)),
    }
    if scope not in rows:
        raise Unsupported(f"holds on a {scope}")
    ours, row = rows[scope]()
    placed = holds.place(scope=ours, target=row, code=str(said.need("code")), by=BY, reason=str(said.need("id")))
    decide(world)
    Hold.objects.filter(pk=placed.pk).update(target_label=placed.reason)


def release(world: World, said: Words) -> None:
    """A hold is released."""
    row = Hold.objects.get(target_label=str(said.need("id")), status=Hold.Status.OPEN)
    holds.release(hold_id=row.pk, by=BY, seen_version=row.version, note="scenario")


def amend(world: World, said: Words) -> None:
    """A signed amendment of each contract it changes, in force from its effective day."""
    signed, effective = said.on("signed"), said.on("effective")
    mode = said.one_of("retro_mode", {mode: mode for mode in ("", *RetroMode.values)}, "")
    for values in said.rows("changes"):
        with words("change", values) as change:
            change.one_of("target", {"rate": 1, "cap": 1}, "")
            kind = "cap" if "limit" in values else "rate"
            terms = _new_limit(world, change) if kind == "cap" else _new_rate(change, effective)
            contract = contract_of(world, terms.pop("contract"))
            if mode:
                terms["retro_mode"] = mode
            line = world.caps[terms.pop("cap")].line if kind == "cap" else None
            amendment = Amendment.objects.create(
                contract=contract, number=str(contract.amendments.count() + 1), kind=kind, signed_on=signed,
                effective_on=effective, changes=terms,
            )  # fmt: skip
            amendments.apply(amendment=amendment, line=line, by=BY)
    _arrive()


def _arrive() -> None:
    """The amendments are known everywhere: what waited for that is released."""
    for row in Hold.objects.filter(code="AMENDMENT_PROPAGATING", status=Hold.Status.OPEN):
        holds.release(hold_id=row.pk, by=BY, seen_version=row.version, note="scenario")


def _new_limit(world: World, said: Words) -> dict[str, Any]:
    name = str(said.need("id"))
    if name not in world.caps:
        raise BadScenario(f"There is no cap {name!r}.")
    cap = world.caps[name]
    return {
        "contract": cap.contract.number,
        "cap": name,
        "cap_kind": cap.kind,
        "cap_period": cap.period,
        "new_limit": str(said.amount("limit")),
    }


def _new_rate(said: Words, effective: date) -> dict[str, Any]:
    """An amendment moves the price of a role, or of everybody, of one contract for good."""
    said.one_of("scope", {"contract": 1}, "")
    said.take("currency")
    said.take("default")
    if said.on("from") != effective:
        raise Unsupported("a price that starts on another day than its amendment")
    return {"contract": said.need("ref"), "role": str(said.take("role", "")), "new_rate": str(said.amount("rate"))}


def top_up(world: World, said: Words) -> None:
    """More is to be paid into a prepaid retainer; it is there once its invoice is posted."""
    name = str(said.need("retainer"))
    if name not in world.prepaid:
        raise BadScenario(f"There is no retainer {name!r}.")
    line, amount, on = world.prepaid[name], said.amount("amount"), said.on("date")
    prepaid.top_up(line=line, amount=amount, on=on, by=BY, because="scenario")


def milestone(world: World, said: Words) -> None:
    """A milestone is accepted, or its acceptance withdrawn, at a percentage of the price of its line."""
    line, done, percent = line_of(world, said.need("line")), said.take("done"), said.number("percent")
    known = world.milestones.get((line.name, str(said.need("milestone"))))
    if known is None:
        raise BadScenario(f"{line.name} has no such milestone.")
    known.refresh_from_db()
    if percent is not None:
        known.amount = part(line, percent)
        known.save()
    if done is not None:
        reach(known, done=bool(done))


def reach(known: Milestone, *, done: bool = True) -> None:
    """The client accepts a milestone today, or takes its acceptance back."""
    record = canonical.Milestone(
        source_id=str(known.pk), version="1", project_id="scenario", name=known.name,
        status="accepted" if done else "in_progress", accepted_on=next_day() if done else None,
        accepted_by="Client" if done else "", evidence="Protocol" if done else "",
    )  # fmt: skip
    delivery.move_milestone(record=record, milestone=known, by=BY)


def progress(world: World, said: Words) -> None:
    """Lines are measured: each value is the part of the whole line that was done by now, 0 to 1."""
    for name, value in dict(said.need("values")).items():
        measured = measuring.MeasureIn(
            as_of=next_day(), percent=Decimal(str(value)) * 100, measured_by="Client", evidence="Protocol"
        )
        measuring.measure(line_id=line_of(world, name).pk, said=measured, by=BY)


def next_day() -> date:
    """The day after the last run: what happens between two runs happens then."""
    last = BillingRun.objects.order_by("-through").first()
    return last.through + timedelta(days=1) if last else FIRST_DAY
