"""What a printed line is taxed and booked as, by tables that people edit (billing.md R7, §3.1 questions 16 and 28).

As delivered both tables say nothing: the tax engine and the ERP do as they are set up. A rule may also say that nothing
is determined; then the document is not ready, and nothing is guessed.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from billing.engine.charging import METHODS
from integration_hub.kernel.errors import Problem
from integration_hub.rules.tables import Input, Inputs, Kind, NoRule, Output, RuleSpec, Table

AS_SET_UP, NOT_DETERMINED = "as_set_up", "not_determined"
INPUTS = (
    Input("kind", "What the line bills", values=("time", "usage", "expense", "milestone", "fee", "passed_on")),
    Input("method", "How its contract line bills", values=METHODS),
    Input("line", "Name of its contract line"),
    Input("legal_entity", "Code of the legal entity"),
    Input("seller_country", "Country of the legal entity, like US"),
    Input("customer", "Code of the customer who pays"),
    Input("customer_country", "Country of that customer"),
    Input("customer_region", "Region of that customer"),
    Input("customer_has_tax_id", "Whether that customer has a tax id", "bool"),
    Input("place_country", "Country of the place of supply: of the contract, else of the customer"),
    Input("place_region", "Region of the place of supply"),
    Input("invoice_date", "Date of the document", "day"),
)
BOOKED = ("account", "department", "class", "location")
"""What the revenue of a line is booked to, in the words of the ERP."""


def _sound(says: Sequence[str], what: str) -> Any:
    def problems(rules: Sequence[RuleSpec]) -> Iterable[Problem]:
        for number, rule in enumerate(rules, 1):
            answer, named = rule.outputs.get("answer", ""), [name for name in says if rule.outputs.get(name)]
            if answer == says[0] and says[0] not in named:
                yield Problem(f"Rule {number}", f"It names no {what}.", f"Name one, or answer {AS_SET_UP}.")
            if answer == NOT_DETERMINED and named:
                yield Problem(f"Rule {number}", f"It determines nothing and names {', '.join(named)}.", "Leave it out.")
            if answer == AS_SET_UP and says[0] in named:
                yield Problem(f"Rule {number}", f"It leaves the {what} as it is set up and names one.", "Leave it out.")

    return problems


TAX = Kind(
    name="billing.tax_codes",
    title="Tax codes of lines",
    about=(
        "Which tax code the tax engine is asked about for a line. As set up: the code the connection names for lines "
        "without one. Not determined: the candidate waits with TAX_MISSING until a rule takes the line."
    ),
    inputs=INPUTS,
    outputs=(
        Output("answer", "It has", ("tax_code", AS_SET_UP, NOT_DETERMINED)),
        Output("tax_code", "Tax code, as the tax engine names it", required=False),
    ),
    delivered=(RuleSpec("", {"answer": AS_SET_UP, "tax_code": ""}, "As the tax engine is set up"),),
    proved=_sound(("tax_code",), "tax code"),
)
REVENUE = Kind(
    name="billing.revenue_mapping",
    title="Revenue mapping of lines",
    about=(
        "What the ERP books a line to. As set up: what the connection names. Not determined: the candidate waits with "
        "ERP_MAPPING until a rule takes the line. Ids are the ERP's own; in NetSuite the account is that of an item."
    ),
    inputs=INPUTS,
    outputs=(
        Output("answer", "It is booked to", ("account", AS_SET_UP, NOT_DETERMINED)),
        Output("account", "Id of the account, or of the item that has it", required=False),
        *(Output(name, f"Id of the {name}", required=False) for name in BOOKED[1:]),
    ),
    delivered=(
        RuleSpec("", {"answer": AS_SET_UP, **dict.fromkeys(BOOKED, "")}, "As the connection to the ERP is set up"),
    ),
    proved=_sound(BOOKED, "account"),
)


def answer(table: Table, inputs: Inputs) -> dict[str, object]:
    """What a table says of a line, as plain JSON with table, version and rule. What no rule takes is not determined."""
    try:
        return table.decide(inputs).facts()
    except NoRule as error:
        said = {"answer": NOT_DETERMINED, "note": str(error)}
        return {**said, "table": table.name, "version": table.version, "rule": 0}


def tax_code(assigned: Mapping[str, Any]) -> str:
    """The code in what was assigned to a line; empty: as the engine is set up."""
    return str(assigned.get("tax", {}).get("tax_code", ""))


def booked_to(assigned: Mapping[str, Any]) -> dict[str, str]:
    """What of `BOOKED` was assigned to a line."""
    said = assigned.get("revenue", {})
    return {name: str(said[name]) for name in BOOKED if said.get(name)}
