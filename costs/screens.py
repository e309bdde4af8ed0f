"""What costs put into the console: menu, words of status, sentences of the timeline."""

from integration_hub.console import badges, menu, timeline


def register() -> None:
    """Fill the console's registries."""
    item = menu.MenuItem
    menu.add(item("Costs", "Costs of work", "costs:cost-list", "coins", "costs.view_cost", 10))
    menu.add(item("Costs", "Cost journals", "costs:posting-list", "book", "costs.view_costposting", 20))
    badges.words("neutral", "minus", "nil")
    for action, icon, sentence in _SENTENCES:
        timeline.tell(action, icon, sentence)


_SENTENCES = (
    ("costs.cost.counted", "coins", "counted what work on {label} costs"),
    ("costs.posting.planned", "book", "sent the cost journal {label}"),
    ("costs.posting.posted", "circle-check", "posted the cost journal {label}"),
    ("costs.posting.rejected", "ban", "refused the cost journal {label}"),
    ("costs.posting.withdrawn", "arrow-back-up", "withdrew the cost journal {label}"),
)
