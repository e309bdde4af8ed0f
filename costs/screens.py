"""What costs put into the console: menu, words of status, sentences of the timeline."""

from integration_hub.console import badges, links, menu, timeline


def register() -> None:
    """Fill the console's registries."""
    item = menu.MenuItem
    menu.add(item("Costs", "Costs of work", "costs:cost-list", "coins", "costs.view_cost", 10))
    menu.add(item("Costs", "Cost journals", "costs:posting-list", "book", "costs.view_costposting", 20))
    menu.add(item("Costs", "Purchases", "costs:purchase-list", "file-invoice", "costs.view_purchase", 30))
    menu.add(
        item("Costs", "Reimbursements", "costs:reimbursement-list", "receipt-refund", "costs.view_reimbursement", 40)
    )
    menu.add(
        item("Costs", "Between legal entities", "costs:intercompany-list", "arrows-exchange",
             "costs.view_intercompanycharge", 50)
    )  # fmt: skip
    links.to("costs.reimbursement", "costs:reimbursement-detail")
    links.to("costs.purchase", "costs:purchase-decide")
    badges.words("warning", "alert-triangle", "undecided")
    badges.words("success", "circle-check", "recharge")
    badges.words("neutral", "check", "covers_time", "absorbed")
    badges.words("neutral", "minus", "nil")
    badges.words("warning", "clock", "due")
    badges.words("info", "clock", "payable")
    badges.words("success", "circle-check", "told")
    badges.words("neutral", "arrow-back-up", "reversed")
    for action, icon, sentence in _SENTENCES:
        timeline.tell(action, icon, sentence)


_SENTENCES = (
    ("costs.cost.counted", "coins", "counted what work on {label} costs"),
    ("costs.intercompany.charged", "arrows-exchange", "charged what was lent to {label}"),
    ("costs.purchase.seen", "file-invoice", "recorded the purchase {label}"),
    ("costs.purchase.decided", "file-invoice", "decided what becomes of the purchase {label}"),
    ("costs.posting.planned", "book", "sent the cost journal {label}"),
    ("costs.posting.posted", "circle-check", "posted the cost journal {label}"),
    ("costs.posting.rejected", "ban", "refused the cost journal {label}"),
    ("costs.posting.withdrawn", "arrow-back-up", "withdrew the cost journal {label}"),
    ("costs.reimbursement.gathered", "receipt-refund", "gathered {label} from approved expenses"),
    ("costs.reimbursement.withdrawn", "arrow-back-up", "withdrew {label}: nothing of it is owed"),
    ("costs.reimbursement.accepted", "check", "accepted what stopped {label}"),
    ("costs.reimbursement.posted", "send", "sent {label} to the ERP"),
    ("costs.reimbursement.payable", "book", "booked {label} as payable"),
    ("costs.reimbursement.rejected", "ban", "refused {label}"),
    ("costs.reimbursement.paid", "circle-check", "paid {label}"),
    ("costs.reimbursement.unpaid", "alert-triangle", "took the payment of {label} back"),
    ("costs.reimbursement.told", "circle-check", "took note of what became of {label}"),
    ("costs.reimbursement.not_told", "ban", "did not take note of what became of {label}"),
    ("costs.reimbursement.taken_back", "arrow-back-up", "took back what of {label} is not owed any more"),
    ("costs.reimbursement.reversed", "book", "booked what {label} took back"),
)
