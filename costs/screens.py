"""What costs put into the console: menu, words of status, sentences of the timeline."""

from integration_hub.console import badges, links, menu, timeline


def register() -> None:
    """Fill the console's registries."""
    item = menu.MenuItem
    menu.add(item("Costs", "Costs of work", "costs:cost-list", "coins", "costs.view_cost", 10))
    menu.add(item("Costs", "Cost journals", "costs:posting-list", "book", "costs.view_costposting", 20))
    menu.add(item("Costs", "Purchases", "costs:purchase-list", "file-invoice", "costs.view_purchase", 30))
    links.to("costs.purchase", "costs:purchase-decide")
    badges.words("warning", "alert-triangle", "undecided")
    badges.words("success", "circle-check", "recharge")
    badges.words("neutral", "check", "covers_time", "absorbed")
    badges.words("neutral", "minus", "nil")
    for action, icon, sentence in _SENTENCES:
        timeline.tell(action, icon, sentence)


_SENTENCES = (
    ("costs.cost.counted", "coins", "counted what work on {label} costs"),
    ("costs.purchase.seen", "file-invoice", "recorded the purchase {label}"),
    ("costs.purchase.decided", "file-invoice", "decided what becomes of the purchase {label}"),
    ("costs.posting.planned", "book", "sent the cost journal {label}"),
    ("costs.posting.posted", "circle-check", "posted the cost journal {label}"),
    ("costs.posting.rejected", "ban", "refused the cost journal {label}"),
    ("costs.posting.withdrawn", "arrow-back-up", "withdrew the cost journal {label}"),
)
