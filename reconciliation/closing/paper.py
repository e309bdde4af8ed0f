"""The pack as a PDF that auditors can file: the same bytes for the same pack."""

from decimal import Decimal
from pathlib import Path
from typing import Any

from integration_hub.console.typesetting import set_pdf
from integration_hub.kernel.money import show
from integration_hub.people.models import Role
from reconciliation.models import ClosePack

TEMPLATE = Path(__file__).parent / "templates" / "pack.typ"
STATES = {"clear": "Clear", "accepted": "Accepted", "open": "Open"}


def set_pack(pack: ClosePack) -> bytes:
    """The PDF, dated as the first signature. Raises TypesettingError when it cannot be set."""
    return set_pdf(TEMPLATE, data(pack), on=pack.first_at.date())


def data(pack: ClosePack) -> dict[str, Any]:
    """What the template shows, all of it text."""
    kept = pack.content
    roles = dict(Role.choices)
    return {
        "title": f"Close of {kept['legal_entity']}, {kept['period']['from']} to {kept['period']['to']}",
        "state": pack.get_state_display(),
        "void": pack.state == ClosePack.State.VOID,
        "facts": [
            ["As of", kept["as_of"]],
            ["First signature", f"{pack.first_by}, {pack.first_at:%Y-%m-%d %H:%M} UTC"],
            ["Second signature", f"{pack.second_by}, {pack.second_at:%Y-%m-%d %H:%M} UTC" if pack.second_at else ""],
            ["SHA-256 of the content", pack.digest],
            ["Last seal of the trail", (kept["seal"] or {}).get("hash", "none")],
        ],
        "checks": [
            [row["title"], str(roles.get(row["owner"], row["owner"])), STATES[row["state"]], _found(row["found"]),
             f"{row['accepted']['by']}: {row['accepted']['reason']}" if row["accepted"] else ""]
            for row in kept["checks"]
        ],
        "readiness": [
            [show(Decimal(row[name]), row["currency"]) for name in ("due", "posted", "stopped")]
            for row in kept["readiness"]
        ],
        "totals": [
            [row["left_name"], _amount(row["left"], row["currency"]), row["right_name"],
             _amount(row["right"], row["currency"]), "yes" if row["agrees"] else "no"]
            for row in (kept["control_totals"] or {"arrows": []})["arrows"]
        ],
        "pairs": [[row["pair"], str(row["run"]), row["verdict"], row["digest"][:16]] for row in kept["pairs"]],
    }  # fmt: skip


def _found(found: dict[str, Any]) -> str:
    parts = [f"{found['count']:,}"] if found["count"] else []
    parts += [
        f"{show(Decimal(amount), currency)} {found['basis']}".strip() for currency, amount in found["money"].items()
    ]
    if found["minutes"]:
        parts.append(f"{Decimal(found['minutes']) / 60:,.2f} h")
    return ", ".join([*parts, *found["words"]]) or "nothing"


def _amount(value: str, currency: str) -> str:
    return show(Decimal(value), currency) if currency else f"{Decimal(value):,.2f}"
