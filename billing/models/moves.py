"""How candidates and invoices move from status to status."""

from integration_hub.kernel.transitions import Transitions

CANDIDATE_MOVES = Transitions(
    noun="candidate",
    initial="building",
    moves={
        "building": {"ready": "all checks pass", "needs_attention": "a check stops it", "dissolved": "dissolve"},
        "needs_attention": {"ready": "checks pass now", "dissolved": "dissolve", "building": "work left it"},
        "ready": {
            "approved": "approved by enough people",
            "returned": "returned with a reason",
            "needs_attention": "a check stops it now",
            "building": "work left it",
            "dissolved": "dissolve",
        },
        "returned": {
            "ready": "figures moved",
            "needs_attention": "a check stops it now",
            "building": "work left it",
            "dissolved": "dissolve",
        },
        "approved": {
            "posting": "post",
            "returned": "returned with a reason",
            "ready": "figures moved, approval lapsed",
            "needs_attention": "a check stops it now",
            "building": "work left it",
            "dissolved": "dissolve",
        },
        "posting": {"posted": "ERP confirmed", "rejected": "ERP said no"},
        "rejected": {
            "posting": "sent again",
            "approved": "corrected, same figures",
            "posted": "sent again and confirmed",
            "ready": "figures moved, approval lapsed",
            "needs_attention": "a check stops it now",
            "building": "work left it",
            "dissolved": "dissolve",
        },
        "posted": {},
        "dissolved": {},
    },
)
INVOICE_MOVES = Transitions(
    noun="invoice",
    initial="posted",
    moves={
        "posted": {"part_paid": "part payment", "paid": "payment in full", "credited": "credited in full"},
        "part_paid": {
            "paid": "rest paid or credited",
            "posted": "payment reversed",
            "credited": "payment reversed, credited in full",
        },
        "paid": {
            "part_paid": "payment reversed",
            "posted": "payment reversed",
            "credited": "payment reversed, credited in full",
        },
        "credited": {
            "posted": "credit withdrawn",
            "part_paid": "credit withdrawn, part paid",
            "paid": "credit withdrawn, paid",
        },
        "written_off": {},
    },
)
