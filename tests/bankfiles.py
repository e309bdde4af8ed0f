"""Bank statements as banks write them, camt.053 and BAI2, small or long."""

from collections.abc import Iterable
from decimal import Decimal

IBAN = "NL91ABNA0417164300"


def entry(
    amount: str = "100.00", direction: str = "CRDT", *, currency: str = "EUR", version: str = "08", ref: str = "",
    status: str = "BOOK", reversal: bool = False, details: str = "", on: str = "2026-06-01",
) -> str:  # fmt: skip
    """One entry; `details` are the parts of its NtryDtls."""
    sts = status if version == "02" else f"<Cd>{status}</Cd>"
    parts = [
        f'<Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{direction}</CdtDbtInd>',
        "<RvslInd>true</RvslInd>" if reversal else "",
        f"<Sts>{sts}</Sts><BookgDt><Dt>{on}</Dt></BookgDt><ValDt><Dt>{on}</Dt></ValDt>",
        f"<AcctSvcrRef>{ref}</AcctSvcrRef>" if ref else "",
        f"<NtryDtls>{details}</NtryDtls>" if details else "",
    ]
    return f"<Ntry>{''.join(parts)}</Ntry>"


def balance(code: str, amount: Decimal | str, currency: str = "EUR") -> str:
    """A balance, overdrawn where it is below zero."""
    value = Decimal(amount)
    side = "CRDT" if value >= 0 else "DBIT"
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="{currency}">{abs(value)}</Amt>'
        f"<CdtDbtInd>{side}</CdtDbtInd><Dt><Dt>2026-06-01</Dt></Dt></Bal>"
    )


def statement(
    *entries: str, opening: str = "0.00", closing: str, number: str = "105", account: str = IBAN, currency: str = "EUR",
    extra: str = "",
) -> str:  # fmt: skip
    """One statement of one account."""
    return (
        f"<Stmt><Id>{number}</Id>{extra if extra.startswith('<StmtPgntn') else ''}"
        f"<Acct><Id><IBAN>{account}</IBAN></Id><Ccy>{currency}</Ccy></Acct>"
        f"{balance('OPBD', opening, currency)}{balance('CLBD', closing, currency)}"
        f"{extra if extra.startswith('<TxsSummry') else ''}{''.join(entries)}</Stmt>"
    )


def camt(*statements: str, version: str = "08", message: str = "M-1", encoding: str = "UTF-8") -> bytes:
    """A whole file."""
    text = (
        f'<?xml version="1.0" encoding="{encoding}"?>\n<Document'
        f' xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}"><BkToCstmrStmt>'
        f"<GrpHdr><MsgId>{message}</MsgId><CreDtTm>2026-06-02T05:00:00</CreDtTm></GrpHdr>{''.join(statements)}</BkToCstmrStmt></Document>"
    )
    return text.encode(encoding)


def bai(
    *records: str, account: str = "00112233", currency: str = "USD", summaries: str = "", date: str = "260601",
    modifier: str = "2", total: int | None = None,
) -> bytes:  # fmt: skip
    """A file of one account with trailers that agree, unless a control `total` is given."""
    amounts = [int(record.split(",")[2] or 0) for record in records if record.startswith("16,")]
    amounts += [int(part or 0) for part in summaries.split(",")[1::4]] if summaries else []
    said = sum(amounts) if total is None else total
    lines = [
        "01,BANKX,HUBCO,260602,0713,1,,,2/",
        f"02,HUBCO,BANKX,1,{date},2340,{currency},{modifier}/",
        f"03,{account},{currency},{summaries or ',,,'}/",
        *records,
        f"49,{said},{len(records) + 2}/",
        f"98,{said},1,{len(records) + 4}/",
        f"99,{said},1,{len(records) + 6}/",
    ]
    return ("\r\n".join(lines) + "\r\n").encode()


def payments(parts: Iterable[str], *, currency: str = "EUR", said: int | None = None) -> str:
    """The details of a batch: a payment for each amount."""
    rows = [f'<TxDtls><Amt Ccy="{currency}">{part}</Amt></TxDtls>' for part in parts]
    return f"<Btch><NbOfTxs>{len(rows) if said is None else said}</NbOfTxs></Btch>{''.join(rows)}"
