"""What contracts put into the console: menu, words of status, sentences of the timeline."""

from contracts import finding
from integration_hub.console import badges, links, menu, timeline
from integration_hub.console.search import SEARCH


def register() -> None:
    """Fill the console's registries."""
    item = menu.MenuItem
    menu.add(
        item("Contracts", "Contracts", "contracts:contract-list", "contract", "contracts.view_contract", 10, key="c")
    )
    menu.add(
        item("Contracts", "Projects", "contracts:project-list", "briefcase", "contracts.view_project", 20, key="p")
    )
    menu.add(
        item("Contracts", "Customers", "contracts:customer-list", "building", "contracts.view_customer", 30, key="u")
    )
    menu.add(
        item(
            "Contracts",
            "Exchange rates",
            "contracts:exchange-rate-list",
            "arrows-exchange",
            "contracts.view_exchangerate",
            40,
        )
    )
    menu.add(item("Contracts", "Cost rates", "contracts:cost-rate-list", "coins", "contracts.view_costrate", 50))
    menu.add(
        item("Contracts", "Standard prices", "contracts:standard-price-list", "list-details",
             "contracts.view_ratecard", 60)
    )  # fmt: skip
    menu.add(
        item("Contracts", "Transfer prices", "contracts:transfer-price-list", "arrows-exchange",
             "contracts.view_transferprice", 70)
    )  # fmt: skip
    SEARCH.register("contracts", finding.by_name)
    for noun in ("contract", "project", "customer"):
        links.to(f"contracts.{noun}", f"contracts:{noun}-detail")
    badges.words("warning", "player-pause", "suspended")
    badges.words("neutral", "check", "applied", "terminated", "ended", "undone")
    badges.words("success", "circle-check", "accepted", "verified")
    badges.words("progress", "loader", "compensating")
    badges.words("warning", "alert-triangle", "questioned")
    links.to("contracts.transferprice", "contracts:transfer-price-approve")
    for action, icon, sentence in _SENTENCES:
        timeline.tell(action, icon, sentence)


_SENTENCES = (
    ("contracts.contract.signed", "signature", "recorded the signature of {label}"),
    ("contracts.signature.open", "signature", "has {label} out for signature"),
    ("contracts.signature.signed", "signature", "has the signature of {label}"),
    ("contracts.signature.declined", "signature", "was declined the signature of {label}"),
    ("contracts.signature.voided", "signature", "voided the signature of {label}"),
    ("contracts.contract.activated", "player-play", "activated {label}"),
    ("contracts.exchange_rate.recorded", "arrows-exchange", "recorded {label}"),
    ("contracts.cost_rate.recorded", "coins", "recorded the cost rate of {label}"),
    ("contracts.transfer_price.proposed", "arrows-exchange", "proposed the transfer price {label}"),
    ("contracts.transfer_price.approved", "circle-check", "approved the transfer price {label}"),
    ("contracts.transfer_price.withdrawn", "arrow-back-up", "withdrew the transfer price {label}"),
    ("contracts.standard_price.recorded", "coins", "recorded the standard price of {label}"),
    ("contracts.capacity.recorded", "calendar", "recorded the capacity of {label}"),
    ("contracts.capacity.removed", "calendar", "removed the capacity of {label}"),
    ("contracts.holiday.recorded", "calendar", "recorded the holiday {label}"),
    ("contracts.holiday.removed", "calendar", "removed the holiday {label}"),
    ("contracts.absence.recorded", "calendar", "recorded an absence of {label}"),
    ("contracts.absence.removed", "calendar", "removed an absence of {label}"),
    ("contracts.cost_rate.withdrawn", "coins", "withdrew the cost rate of {label}"),
    ("contracts.payers.agreed", "building", "agreed who pays for {label}"),
    ("contracts.payers.stated", "building", "recorded the order or limit of a payer of {label}"),
    ("contracts.line.saved", "list-details", "recorded the line {label}"),
    ("contracts.rate.saved", "coins", "recorded the price {label}"),
    ("contracts.amendment.applied", "versions", "put amendment {label} in force"),
    ("contracts.amendment.propagated", "checks", "carried amendment {label} to every system"),
    ("contracts.milestone.agreed", "flag", "recorded the milestone {label}"),
    ("contracts.project.planned", "briefcase", "planned the project {label}"),
    ("contracts.project.linked", "link", "linked the project {label} to its contract"),
    ("contracts.project.seen", "briefcase", "read the project {label}"),
    ("contracts.contract.created", "contract", "recorded the contract {label}"),
    ("contracts.contract.changed", "contract", "changed the contract {label}"),
    ("contracts.milestone.planned", "flag", "moved the milestone {label} back to planned"),
    ("contracts.milestone.in_progress", "flag", "started the milestone {label}"),
    ("contracts.milestone.submitted", "flag", "submitted the milestone {label} for acceptance"),
    ("contracts.milestone.accepted", "flag", "accepted the milestone {label}"),
    ("contracts.progress.recorded", "chart-bar", "recorded the progress of {label}"),
    ("contracts.progress.questioned", "chart-bar", "recorded that progress fell: {label}"),
    ("contracts.progress.confirmed", "chart-bar", "confirmed that progress fell: {label}"),
    ("contracts.progress.declined", "chart-bar", "declined that progress fell: {label}"),
    ("contracts.milestone.cancelled", "flag", "cancelled the milestone {label}"),
    ("contracts.period.open", "lock-open", "opened the accounting period {label}"),
    ("contracts.period.closed", "lock", "closed the accounting period {label}"),
    ("contracts.customer.created", "building", "recorded the customer {label}"),
    ("contracts.customer.changed", "building", "changed the customer {label}"),
    ("contracts.legal_entity.created", "building-bank", "recorded the legal entity {label}"),
    ("contracts.legal_entity.changed", "building-bank", "changed the legal entity {label}"),
    ("contracts.legal_entity.configured", "settings", "set up the legal entity {label}"),
    ("contracts.route.added", "route", "added the route {label}"),
    ("contracts.route.changed", "route", "changed the route {label}"),
    ("contracts.route.removed", "route", "removed the route {label}"),
    ("contracts.eligibility_rule.added", "list-check", "added the rule {label}"),
    ("contracts.eligibility_rule.changed", "list-check", "changed the rule {label}"),
    ("contracts.eligibility_rule.removed", "list-check", "removed the rule {label}"),
    ("contracts.opportunity.won", "target", "recorded that {label} was won"),
    ("contracts.resource.seen", "user", "recorded the person {label}"),
)
