"""A decision told to a finance reader: what was delivered, under which terms, why this line, this price, this state.

Reads the trace that the engine wrote; what the trace names by id (lines, caps) is named here. Nothing is decided here.
"""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from billing import outcomes
from billing.models import Decision, Hold, Piece
from billing.price_words import before, day, hours, moment, money, rate_how, sum_of
from contracts.models import BillTo, Cap, ContractLine, ContractVersion
from integration_hub.console.wording import number


@dataclass(frozen=True, slots=True)
class Considered:
    """One alternative that was looked at: accepted or not, and why."""

    name: str
    value: str
    detail: str
    accepted: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Limit:
    """A cap before and after this work."""

    name: str
    kind: str
    limit: str
    before: str
    taken: str
    after: str
    binding: bool


@dataclass(frozen=True, slots=True)
class Explanation:
    """The trace as a story in steps. Empty parts were not asked."""

    facts: list[tuple[str, str]]
    terms: list[tuple[str, str]]
    lines: list[Considered]
    line_how: str
    charge: str
    rates: list[Considered]
    rate_how: str
    corrected: list[str]
    sums: list[str]
    retainer: list[tuple[str, str]]
    limits: list[Limit]
    holds: list[tuple[str, str, str]]
    results: list[str]
    rounding: str
    printed: list[str] = field(default_factory=list)
    approved: list[str] = field(default_factory=list)
    documents: list[tuple[str, str]] = field(default_factory=list)


def explain(decision: Decision, pieces: list[Piece]) -> Explanation:
    """The story of one decision, up to the ERP's document.

    Three queries, however long the trace is, and four more where pieces of it are in a candidate.
    """
    trace = decision.trace
    currency = trace.get("contract", {}).get("currency") or trace.get("facts", {}).get("currency") or ""
    names = _Names(decision)
    outcome = outcomes.of(pieces)
    return Explanation(
        facts=_facts(trace),
        terms=_terms(trace, decision.contract_version),
        lines=_lines(trace, names),
        line_how=_HOW.get(trace.get("eligibility", {}).get("how", ""), ""),
        charge=_charge(trace),
        rates=_rates(trace),
        rate_how=rate_how(trace, currency),
        corrected=_corrected(trace, names, currency),
        sums=[
            *(sum_of(step, currency) for step in trace.get("steps", ())),
            *(_set_aside(step, currency) for step in trace.get("disposals", ())),
            *_shared(trace, names),
        ],
        retainer=_retainer(trace),
        limits=_limits(trace, names, currency),
        holds=names.holds(trace.get("holds", ())),
        results=[_result(piece) for piece in pieces],
        rounding=str(trace.get("rounding", "")).replace("half_", "half "),
        printed=outcome.printed,
        approved=outcome.approved,
        documents=outcome.documents,
    )


class _Names:
    """Names for the ids in a trace."""

    def __init__(self, decision: Decision) -> None:
        contract = decision.trace.get("contract", {}).get("id")
        self._lines = (
            {line.pk: str(line) for line in ContractLine.objects.filter(contract=contract)} if contract else {}
        )
        rows = Cap.objects.select_related("line", "bill_to__customer")
        caps = rows.filter(contract=contract) if contract else []
        self._caps = {cap.pk: f"{cap.line or 'whole contract'}{cap.whose}" for cap in caps}

    def line(self, pk: Any) -> str:
        return self._lines.get(pk, f"line {pk}") if pk else "no line"

    def cap(self, pk: Any) -> str:
        return self._caps.get(pk, f"limit {pk}")

    def payers(self, facts: Any) -> str:
        """`Client 62.5 % and what rounding leaves, Parent 37.5 %`; the contract's own bill-to where nobody shares."""
        rows = BillTo.objects.select_related("customer").in_bulk([fact["payer"] for fact in facts or ()])
        told = [
            f"{rows[fact['payer']].customer.name} {fact['percent']} %"
            + (" and what rounding leaves" if fact.get("rest") else "")
            for fact in facts or ()
        ]
        return ", ".join(told) or "the bill-to of the contract"

    def holds(self, facts: Any) -> list[tuple[str, str, str]]:
        """Code, what it is on, and what it stops."""
        known = {hold.pk: hold for hold in Hold.objects.filter(pk__in=[fact["id"] for fact in facts])} if facts else {}
        return [
            (
                fact["code"],
                known[fact["id"]].target_label if fact["id"] in known else f"{fact['scope']} {fact['target']}",
                "keeps it out of candidates" if fact["effect"] == "no_bill" else "lets it be built, not posted",
            )
            for fact in facts
        ]


_HOW = {
    "named": "The work names its line.",
    "only_line": "Only one line of the contract takes this kind of work.",
    "rule": "A rule of the contract says which line takes it.",
}


def _facts(trace: dict[str, Any]) -> list[tuple[str, str]]:
    facts, filing = trace.get("facts", {}), trace.get("filing", {})
    told = [("Service date", day(facts.get("service_date")))]
    if facts.get("minutes") is not None:
        told.append(("Worked", hours(facts["minutes"])))
    if charged := trace.get("increment"):
        how = {"up": "up", "down": "down", "nearest": "to the nearest"}[charged["mode"]]
        of = {"entry": "this entry", "day": "the person's day", "task": "the person's day on the task"}[charged["pool"]]
        told.append(("Charged", f"{hours(charged['charged'])}: {of} rounded {how} to {number(charged['unit'])} min"))
    if facts.get("quantity") is not None:
        told.append(("Units", number(facts["quantity"])))
    if facts.get("amount") is not None:
        told.append(("Amount", money(facts["amount"], facts.get("currency", ""))))
    if filing.get("role"):
        origin = {"entry": "named by the entry", "resource": "the person's usual role"}.get(filing.get("role_from"), "")
        told.append(("Role", f"{filing['role']}{', ' + origin if origin else ''}"))
    told += [
        (label, str(filing[key])) for key, label in (("task", "Task"), ("category", "Category")) if filing.get(key)
    ]
    told.append(("Approval", str(facts.get("approval", "–")).capitalize()))
    if late := trace.get("late"):
        told.append(("Arrived", f"{late['days']} days after its day; the client takes work of {late['bar']} days"))
    if not facts.get("chargeable", True):
        told.append(("Source says", "not chargeable"))
    if not facts.get("evidence", True):
        told.append(("Proof", "missing"))
    if Decimal(str(facts.get("locked_minutes", 0))):
        told.append(("Of it billed before", hours(facts["locked_minutes"])))
    elif Decimal(str(facts.get("locked_amount", 0))):
        told.append(("Of it billed before", money(facts["locked_amount"], facts.get("currency", ""))))
    return told


def _terms(trace: dict[str, Any], version: ContractVersion | None) -> list[tuple[str, str]]:
    terms = trace.get("contract", {})
    if not terms.get("id"):
        return [("Contract", "none covers this work")]
    return [
        ("Version", f"v{terms['version']}"),
        *([("Known since", moment(version.recorded_at))] if version else []),
        ("Status", str(terms["status"]).replace("_", " ").capitalize()),
        ("Signed", day(terms["signed_on"])),
        ("Runs", f"{day(terms['starts_on'])} to {day(terms['ends_on'])}"),
        ("Currency", terms["currency"]),
        ("Rule set", terms["rules"]),
    ]


def _lines(trace: dict[str, Any], names: _Names) -> list[Considered]:
    place = trace.get("eligibility", {})
    seen = [
        Considered(
            names.line(row.get("line")),
            str(row.get("chargeability", "")).replace("_", " "),
            f"rule {row['id']}" if row.get("id") else "",
            bool(row["accepted"]),
            row["reason"],
        )
        for row in place.get("considered", ())
    ]
    if not seen and place.get("line"):
        seen = [Considered(names.line(place["line"]), place.get("chargeability", ""), "", True, "its own line")]
    return seen


def _rates(trace: dict[str, Any]) -> list[Considered]:
    scopes = {"contract": "contract's own", "customer": "customer's", "legal_entity": "standard"}
    return [
        Considered(
            row["for"],
            f"{money(row['rate'], row['currency'])} per {row['unit']}",
            f"{scopes.get(row['scope'], row['scope'])}, {day(row['valid_from'])} to "
            f"{before(row['valid_to'])}{', from ' + row['source'] if row.get('source') else ''}",
            bool(row["accepted"]),
            row["reason"],
        )
        for row in trace.get("rate", {}).get("considered", ())
    ]


def _charge(trace: dict[str, Any]) -> str:
    """Whether it is charged, and by which rule of which version; empty for what was decided before there were rules."""
    said = trace.get("charge")
    if not said:
        return ""
    answer = str(said["answer"]).replace("_", " ").replace("non ", "not ").capitalize()
    if said.get("table") is None:
        return f"{answer}, {said['note']}."
    version = f"version {said['version']}" if said["version"] else "as delivered"
    note = f" ({said['note']})" if said.get("note") else ""
    return f"{answer}, by rule {said['rule']} of {said['table']}, {version}{note}."


def _corrected(trace: dict[str, Any], names: _Names, currency: str) -> list[str]:
    """Why what is posted is credited: what it was billed on, and what holds now."""
    told = []
    for row in trace.get("correction", {}).get("because", ()):
        was, now = (_told(row["what"], row[when], names, currency) for when in ("was", "now"))
        told.append(f"{_WHAT.get(row['what'], row['what'].capitalize())}: billed on {was}, now {now}.")
    return told + _treated(trace.get("retro"), currency)


_TREATED = {
    "reverse_and_rebill": "What is posted is credited and billed anew",
    "delta": "What is posted stays, the difference is billed",
    "prospective": "What is posted keeps its price, the difference is not billed",
    "later": "Nothing is taken back before the difference is posted that is on its way",
}


def _treated(said: dict[str, Any] | None, currency: str) -> list[str]:
    """What becomes of work that was posted at another price."""
    if not said:
        return []
    short = sum((Decimal(part["short"]) for part in said["parts"]), Decimal(0))
    because = f" (agreed otherwise: {said['because']})" if said["agreed"] != said["applied"] else ""
    now, off = money(said["now"], currency), money(short, currency)
    return [f"Short of its price of {now}: {off}. {_TREATED[said['applied']]}{because}."]


_WHAT = {
    "rate": "Price per hour", "minutes": "Time", "amount": "Value", "withdrawn": "Taken back", "charge": "Charged",
    "payers": "Who pays", "approval": "Approval",
}  # fmt: skip


def _set_aside(step: dict[str, Any], currency: str) -> str:
    """What people took off it before it is billed, and where that is not what was approved."""
    some = f"{hours(step['minutes'])}, " if step["minutes"] is not None else ""
    told = f"{step['state'].replace('_', ' ').capitalize()}: {some}{money(step['amount'], currency)}"
    if step["approved"] is None or Decimal(step["approved"]) == Decimal(step["worth"]):
        return f"{told}."
    return f"{told}; worth {money(step['worth'], currency)} now, {money(step['approved'], currency)} was approved."


def _shared(trace: dict[str, Any], names: _Names) -> list[str]:
    """Who pays which part of it, where several do."""
    return [f"Shared by {names.payers(trace['payers'])}."] if "payers" in trace else []


def _told(what: str, value: Any, names: _Names, currency: str) -> str:
    if what in ("line", "payers"):
        return names.line(value) if what == "line" else names.payers(value)
    if value is None:
        return "nothing"
    if what in ("rate", "amount"):
        return money(value, currency)
    if what == "minutes":
        return hours(value)
    return day(value) if what == "service date" else str(value).replace("_", " ")


def _retainer(trace: dict[str, Any]) -> list[tuple[str, str]]:
    step = trace.get("retainer")
    if not step:
        return []
    month = date.fromisoformat(step["month"])
    return [
        ("Month", f"{month:%B %Y}"),
        ("Hours in the retainer", hours(step["available"])),
        *([("Of them carried in", hours(step["carried_in"]))] if Decimal(step.get("carried_in", "0")) else []),
        *([("Less what was owed", hours(step["owed"]))] if step.get("owed") else []),
        ("Used before", hours(step["before"])),
        ("Inside", hours(step["included"])),
        ("Beyond", hours(step["overage"])),
        ("Used after", hours(step["after"])),
    ]


def _limits(trace: dict[str, Any], names: _Names, currency: str) -> list[Limit]:
    return [
        Limit(
            names.cap(row["id"]) + (f", {date.fromisoformat(row['month']):%B %Y}" if row.get("month") else ""),
            row["kind"],
            money(row["limit"], currency),
            money(row["before"], currency),
            money(row["taken"], currency),
            money(row["after"], currency),
            bool(row.get("binding")),
        )
        for row in trace.get("caps", ())
    ]


def _result(piece: Piece) -> str:
    """`4.00 h × 210.00 EUR = 840.00 EUR, billable`."""
    parts = [hours(piece.minutes)] if piece.minutes is not None else []
    if piece.minutes is not None and piece.rate is not None and piece.amount:
        parts.append(f"× {money(piece.rate, piece.currency)}")
    if piece.amount is not None:
        parts.append(f"= {money(piece.amount, piece.currency)}" if parts else money(piece.amount, piece.currency))
    codes = f" ({', '.join(piece.codes)})" if piece.codes else ""
    whose = f", {piece.bill_to.customer.name}'s share" if piece.bill_to else ""
    return f"{' '.join(parts) or 'No amount'}: {piece.get_state_display().lower()}{whose}{codes}"
