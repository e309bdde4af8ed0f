"""What a token may be used for. A scope narrows what its person may do; it never widens it."""

SCOPES: dict[str, str] = {
    "contracts:read": "Read customers, legal entities, contracts, projects, milestones, rates of exchange and cost",
    "contracts:write": "Record rates of exchange and cost, and who pays for a contract",
    "billing:read": "Read delivered work, holds, billing runs, candidates, invoices, payments and credit memos",
    "billing:write": "Start billing runs; check, approve, return, post and dissolve candidates",
    "costs:read": "Read what work cost and the journals that say so",
    "costs:write": "Post costs to the ERP",
    "holds:write": "Place and release holds",
    "cases:read": "Read exceptions",
    "cases:write": "Assign, comment, snooze, resolve and retry exceptions",
    "clocks:read": "Read how long things take, against their targets",
    "notices:read": "Read what one was told",
    "notices:write": "Mark what one was told as read",
    "connections:read": "Read connections, feeds and their runs",
    "connections:write": "Have feeds read now",
    "effects:read": "Read effects with their proof",
    "effects:write": "Retry effects",
    "processes:read": "Read processes and their steps",
    "replay:read": "Read replay plans with their forecasts and outcomes",
    "replay:write": "Plan replays; approve, pause, resume and cancel them",
    "trace:read": "Follow a number from contract to cash",
    "status:read": "Read whether work flows, what is stuck and what was let overtake",
    "lanes:write": "Approve, decline and withdraw that items of a lane overtake",
    "reconciliation:read": "Read tie-outs, reconciliations and closes",
    "reconciliation:write": "Run tie-outs, reconcile, decide on breaks and matches",
}

READ_ONLY: tuple[str, ...] = tuple(scope for scope in SCOPES if scope.endswith(":read"))
