"""Whether work is charged at all: chargeable, complimentary, included or not chargeable (billing.md §1.2).

The line that takes it is agreed per contract (`eligibility`); this is what follows, by a table that people edit.
Complimentary work is printed at nothing; included and not chargeable work is not printed.
"""

from integration_hub.rules.tables import Input, Kind, Output, RuleSpec, delivered

ANSWERS = ("chargeable", "complimentary", "included", "non_chargeable")
METHODS = (
    "", "tm", "milestone", "retainer_hours", "retainer_prepaid", "recurring", "fixed_schedule", "expense", "included",
    "usage", "commitment",
)  # fmt: skip
EXPENSE_RULES = ("", "at_cost", "markup", "multiplier", "unit_price", "disbursement", "non_billable")


def _answer(condition: str, answer: str, note: str) -> RuleSpec:
    return RuleSpec(condition, {"answer": answer}, note)


KIND = Kind(
    name="billing.chargeability",
    title="Chargeability of work",
    about=(
        "Whether delivered work is charged, printed at nothing, covered by a fixed price or fee, or left out. It "
        "reaches work that is not billed yet. Complimentary is for time alone."
    ),
    inputs=(
        Input("kind", "What was delivered", values=("time", "usage", "expense", "milestone", "fee")),
        Input("source_charges", "Whether its source says that it is charged", "bool"),
        Input("agreed", "What the contract's map says of it", values=("", "chargeable", "included", "non_chargeable")),
        Input("method", "How its contract line bills", values=METHODS),
        Input("expense_rule", "How its line charges expenses of its category", values=EXPENSE_RULES),
        Input("role", "Role"),
        Input("task", "Code of the task"),
        Input("category", "Category"),
        Input("resource", "Code of the person"),
        Input("service_date", "Day of the work", "day"),
    ),
    outputs=(Output("answer", "It is", ANSWERS),),
    delivered=(
        _answer("!source_charges", "non_chargeable", "Its source does not charge it"),
        _answer("agreed == 'non_chargeable'", "non_chargeable", "The contract's map leaves it out"),
        _answer(
            "kind in ['time', 'usage', 'expense'] && (agreed == 'included' || method == '')",
            "included",
            "The contract's map includes it",
        ),
        _answer(
            "kind in ['time', 'usage'] && method in ['milestone', 'recurring', 'fixed_schedule', 'included']",
            "included",
            "A fixed price or fee covers it",
        ),
        _answer("kind == 'expense' && expense_rule == 'non_billable'", "non_chargeable", "The line charges none"),
        _answer(
            "kind == 'expense' && expense_rule == '' && !(method in ['tm', 'expense'])",
            "included",
            "The price of the line covers expenses",
        ),
        _answer("", "chargeable", "Agreed"),
    ),
)
DELIVERED = delivered(KIND)
