"""The pack as a workbook: one sheet for each part of it. Text is never a formula, amounts are numbers."""

from decimal import Decimal
from typing import IO, Any

from integration_hub.console.export import bold, safe
from reconciliation.models import ClosePack

Row = list[Any]


def write(file: IO[bytes], pack: ClosePack) -> None:
    """Write it."""
    from openpyxl import Workbook  # late: for whoever writes a workbook

    book = Workbook(write_only=True)
    for title, heads, rows in _sheets(pack):
        sheet = book.create_sheet(title)
        sheet.freeze_panes = "A2"
        sheet.append([bold(sheet, head) for head in heads])
        for row in rows:
            sheet.append([value if isinstance(value, Decimal | int) else safe(value) for value in row])
    book.save(file)


def _sheets(pack: ClosePack) -> list[tuple[str, Row, list[Row]]]:
    kept = pack.content
    totals = kept["control_totals"] or {"arrows": []}
    return [
        ("Signatures", ["What", "Value"], _signatures(pack)),
        ("Checklist", ["Check", "Owner", "Due", "State", "Count", "Money", "Words", "Accepted by", "Reason"],
         [_check(row) for row in kept["checks"]]),
        ("Readiness", ["Currency", "Due, net", "Posted, net", "Stopped, net", "Stopped hours without a price"],
         [[row["currency"], Decimal(row["due"]), Decimal(row["posted"]), Decimal(row["stopped"]),
           Decimal(row["unpriced_minutes"]) / 60] for row in kept["readiness"]]),
        ("Control totals", ["Left", "Amount", "Right", "Amount", "Currency", "Agrees"],
         [[row["left_name"], Decimal(row["left"]), row["right_name"], Decimal(row["right"]), row["currency"],
           "yes" if row["agrees"] else "no"] for row in totals["arrows"]]),
        ("Pairs", ["Pair", "Run", "At", "Verdict", "Digest of the outcome"],
         [[row["pair"], row["run"], row["at"], row["verdict"], row["digest"]] for row in kept["pairs"]]),
    ]  # fmt: skip


def _signatures(pack: ClosePack) -> list[Row]:
    kept = pack.content
    return [
        ["Legal entity", kept["legal_entity"]],
        ["Period", f"{kept['period']['from']} to {kept['period']['to']}"],
        ["As of", kept["as_of"]],
        ["State", pack.get_state_display()],
        ["First signature", f"{pack.first_by}, {pack.first_at:%Y-%m-%dT%H:%M:%SZ}"],
        ["Second signature", f"{pack.second_by}, {pack.second_at:%Y-%m-%dT%H:%M:%SZ}" if pack.second_at else ""],
        ["SHA-256 of the content", pack.digest],
        ["Last seal of the trail", (kept["seal"] or {}).get("hash", "")],
    ]


def _check(row: dict[str, Any]) -> Row:
    found, accepted = row["found"], row["accepted"] or {}
    money = ", ".join(f"{amount} {currency}" for currency, amount in found["money"].items())
    return [row["title"], row["owner"], row["due_on"], row["state"], found["count"], money, "; ".join(found["words"]),
            accepted.get("by", ""), accepted.get("reason", "")]  # fmt: skip
