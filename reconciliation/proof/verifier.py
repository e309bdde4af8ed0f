#!/usr/bin/env python3
"""Check a Throughline invoice proof without Throughline: `python verify_invoice.py proof.json [--json] [--digest HEX]`.

Nothing but Python's standard library is needed, no network, no account. The script adds every figure of the invoice up
again from the work it bills, recomputes every hash, and says what does not agree. It exits with 0 when everything
agrees, with 1 when something does not, with 2 when the file is no such proof.

What it cannot know by itself is whether the file is the one that was issued: ask the issuer for the digest it has on
record, and give it with `--digest`.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

FORMAT = "throughline-invoice-proof/1"
Finding = tuple[str, bool, str]
Content = dict[str, Any]


def canonical(value: Any) -> bytes:
    """The bytes a hash is made of: JSON with sorted keys, without spaces, in UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sha256(value: Any) -> str:
    """SHA-256 of the canonical JSON of a value."""
    return hashlib.sha256(canonical(value)).hexdigest()


def money(value: Any) -> Decimal:
    """An amount; nothing counts as zero."""
    return Decimal(value) if value is not None else Decimal(0)


def total(values: Iterator[Any]) -> Decimal:
    """The sum of amounts."""
    return sum((money(value) for value in values), Decimal(0))


def same(name: str, left: Decimal, right: Decimal) -> Finding:
    """Two sums that must be equal to the last digit."""
    return name, left == right, "" if left == right else f"{left} against {right}"


def document(content: Content) -> Iterator[Finding]:
    """The figures at the head follow from the lines."""
    head, lines = content["document"], content["lines"]
    yield same("net is the sum of the lines", money(head["net"]), total(row["net"] for row in lines))
    yield same("tax is the sum of the lines' tax", money(head["tax"]), total(row["tax"] for row in lines))
    yield same("gross is net and tax", money(head["gross"]), money(head["net"]) + money(head["tax"]))
    unit = Decimal(1).scaleb(-int(head["minor_units"]))
    odd = [row["number"] for row in lines if any(money(row[part]) % unit for part in ("net", "tax"))]
    yield "every line is in whole units of the currency", not odd, f"lines {odd}" if odd else ""
    numbers = [row["number"] for row in lines]
    yield "lines are numbered without a gap", numbers == list(range(1, len(numbers) + 1)), f"{numbers}"


def shares(content: Content) -> Iterator[Finding]:
    """Each line is the work in it, rounded once."""
    unit = Decimal(1).scaleb(-int(content["document"]["minor_units"]))
    known = {row["id"] for row in content["work"]}
    for line in content["lines"]:
        inside = [row for row in content["pieces"] if row["line"] == line["number"]]
        name = f"line {line['number']}"
        if line["kind"] in ("retention", "deposit"):  # off other lines, released or billed ahead: no work of its own
            continue
        yield same(f"{name} is the sum of its work", money(line["net"]), total(row["net"] for row in inside))
        exact = total(row["amount"] for row in inside)
        # Half a unit by rounding; a unit or two more where a limit took the rest.
        close = abs(exact - money(line["net"])) <= unit * 2
        yield f"{name} is its exact value, rounded", close, f"{exact} became {line['net']}"
    strangers = [row["id"] for row in content["pieces"] if row["work"] not in known]
    yield "every part names work that is here", not strangers, f"{strangers}" if strangers else ""
    lines = {line["number"] for line in content["lines"]}
    homeless = [row["id"] for row in content["pieces"] if row["line"] not in lines]
    yield "every part is in a line", not homeless, f"{homeless}" if homeless else ""


def work(content: Content) -> Iterator[Finding]:
    """No more was billed of any work than was delivered, by approved records that are as they came."""
    for row in content["work"]:
        billed = [part for part in content["pieces"] if part["work"] == row["id"] and money(part["amount"]) >= 0]
        name = f"work {row['key']}"
        if row["minutes"] is not None:
            minutes = total(part["minutes"] for part in billed)
            yield f"{name}: no more time than was worked", minutes <= money(row["minutes"]), f"{minutes} minutes"
        yield f"{name}: approved", row["approval"] == "approved", row["approval"]
        source = row["source"]
        if source is not None and "payload" in source:
            text = canonical(source["payload"])
            found = hashlib.sha256(b"deleted:" + text if source["deleted"] else text).hexdigest()
            yield f"{name}: the source record is as it came", found == source["hash"], found
    twice = [row["key"] for row in content["work"]]
    yield "no work is here twice", len(set(twice)) == len(twice), ""


def approval(content: Content) -> Iterator[Finding]:
    """People other than the preparer approved exactly these figures."""
    said, head = content["approval"], content["document"]
    people = [row["by"] for row in said["approvals"]]
    yield "somebody approved it", bool(people), ""
    yield "each approver counts once", len(set(people)) == len(people), f"{people}"
    yield "who prepared it did not approve it", said["prepared_by"] not in people, said["prepared_by"]
    stray = [row["by"] for row in said["approvals"] if row["content_hash"] != said["content_hash"]]
    yield "all approved the same content", not stray, f"{stray}" if stray else ""
    shown = said["content"]
    if shown is None:
        yield "what was approved can be shown", False, "its content is not in the file"
        return
    yield "what was approved has the approved hash", sha256(shown) == said["content_hash"], sha256(shown)
    for part in ("net", "tax", "gross"):
        yield same(f"{part} was approved", money(shown[part]), money(head[part]))
    approved = [[money(row[3]), money(row[4])] for row in shown["lines"]]
    printed = [[money(row["net"]), money(row["tax"])] for row in content["lines"]]
    yield "the lines were approved", approved == printed, ""


def ledgers(content: Content) -> Iterator[Finding]:
    """Limits and retainers add up, entry by entry."""
    for cap in content["limits"]:
        used, steps = Decimal(0), True
        for row in cap["entries"]:
            used += money(row["amount"])
            steps = steps and used == money(row["used"])
        yield f"limit {cap['name']}: its ledger adds up", steps, f"{used}"
    for account in content["retainers"]:
        left, steps = Decimal(0), True
        for row in account["entries"]:
            steps = steps and money(row["before"]) == left
            left += money(row["amount"])
            steps = steps and money(row["after"]) == left
        yield f"retainer {account['line']}: its ledger adds up", steps and left == money(account["balance"]), f"{left}"
        if account["floor"] is not None:
            yield f"retainer {account['line']}: never below its floor", left >= money(account["floor"]), f"{left}"
    head = content["document"]
    yield "no more was drawn than is due", money(head["drawdown"]) <= money(head["gross"]), head["drawdown"]


def tax(content: Content) -> Iterator[Finding]:
    """The tax is what the engine said: it may round otherwise, by a unit a line and five in all."""
    said, head = content["tax"], content["document"]
    if said is not None:
        yield same("net is what the tax engine was asked about", money(said["net"]), money(head["net"]))
        room = Decimal(1).scaleb(-int(head["minor_units"])) * min(5, len(content["lines"]))
        close = abs(money(said["tax"]) - money(head["tax"])) <= room
        yield "tax is what the tax engine said", close, f"{said['tax']} against {head['tax']}"


def erp(content: Content) -> Iterator[Finding]:
    """One write with a permanent key made the document, and the ERP has the same figures."""
    said, head = content["erp"], content["document"]
    key = hashlib.sha256("|".join(str(part) for part in said["key_of"]).encode()).hexdigest()
    yield "the key of the write follows from what it is for", key == said["key"], key
    yield "what was sent has the recorded hash", sha256(said["sent"]) == said["sent_hash"], sha256(said["sent"])
    yield "it was sent for this document", head["our_number"] in said["key_of"], f"{said['key_of']}"
    yield "the ERP's number is on the document", said["number"] == head["number"], said["number"]
    for part in ("net", "tax", "gross"):
        if part in said["said"]:
            yield same(f"the ERP has the same {part}", money(said["said"][part]), money(head[part]))


def cash(content: Content) -> Iterator[Finding]:
    """What is paid and credited follows from payments and credits."""
    head, said = content["document"], content["cash"]
    yield same("paid is the sum of the payments", money(head["paid"]), total(row["amount"] for row in said["payments"]))
    yield same(
        "credited is the sum of the credits", money(head["credited"]), total(row["amount"] for row in said["credits"])
    )
    left = money(head["gross"]) - money(head["paid"]) - money(head["credited"])
    yield "no more is settled than was invoiced", left >= 0, f"{left}"


CHECKS: tuple[Callable[[Content], Iterator[Finding]], ...] = (
    document, shares, work, approval, ledgers, tax, erp, cash,
)  # fmt: skip


def findings(proof: dict[str, Any], digest: str = "") -> Iterator[Finding]:
    """Everything that is checked of a proof: what, whether it agrees, and what was found."""
    try:
        found = sha256(proof["content"])
    except ValueError as error:  # half a character: no text that anybody wrote
        yield "the content can be read", False, f"{type(error).__name__}: {error}"
        return
    yield "the digest is that of the content", found == proof.get("digest"), found
    if digest:
        yield "the digest is the one that was issued", found == digest, found
    for check in CHECKS:
        try:
            yield from check(proof["content"])
        except (KeyError, TypeError, ValueError, IndexError, AttributeError, InvalidOperation) as error:
            yield f"the part {check.__name__!r} can be read", False, f"{type(error).__name__}: {error}"


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of the file; a name that stands twice could show a reader one figure and this script another."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands in it twice")
    return found


def unreadable(word: str) -> Any:
    """No figure of a proof is NaN or infinite."""
    raise ValueError(f"{word} is no figure")


def main(arguments: list[str]) -> int:
    """Read the file, check it, say what was found."""
    parser = argparse.ArgumentParser(description="Check an invoice proof offline.")
    parser.add_argument("file")
    parser.add_argument("--json", action="store_true", help="the findings as JSON")
    parser.add_argument("--digest", default="", help="the digest the issuer has on record")
    given = parser.parse_args(arguments)
    try:
        with open(given.file, encoding="utf-8") as opened:
            proof = json.load(opened, object_pairs_hook=once, parse_constant=unreadable)
        if not isinstance(proof, dict) or proof.get("format") != FORMAT or not isinstance(proof.get("content"), dict):
            raise ValueError(f"its format is not {FORMAT}")
    except (OSError, ValueError) as error:
        print(f"{given.file} is no invoice proof: {error}", file=sys.stderr)
        return 2
    said = list(findings(proof, given.digest))
    wrong = [finding for finding in said if not finding[1]]
    if given.json:
        print(json.dumps({"checked": len(said), "wrong": [{"what": a, "found": c} for a, _, c in wrong]}, indent=1))
    else:
        for what, _, found in wrong:
            print(f"WRONG  {what}{f' ({found})' if found else ''}")
        print(f"{len(said)} checks, {len(wrong)} wrong: {'it does not hold' if wrong else 'it holds'}.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
