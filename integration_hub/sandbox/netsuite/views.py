"""The tables SuiteQL sees, as views over the stored records: lower-case columns, 'T'/'F', sortable dates."""

# ruff: noqa: S608 -- table and column names come from declarations, values are always parameters

from __future__ import annotations

from .schema import TYPES


def _text(path: str) -> str:
    return f"json_extract(body, '$.{path}')"


def _ref(path: str) -> str:
    return f"CAST(json_extract(body, '$.{path}.id') AS INTEGER)"


def _flag(path: str) -> str:
    return f"CASE WHEN json_extract(body, '$.{path}') THEN 'T' ELSE 'F' END"


def _stamp(path: str) -> str:
    return f"replace(replace(json_extract(body, '$.{path}'), 'T', ' '), 'Z', '')"


def _view(view: str, of: str, /, **columns: str) -> tuple[str, str]:
    shared = {"id": "id", "externalid": _text("externalId"), "lastmodifieddate": _stamp("lastModifiedDate")}
    shared |= {"datecreated": _stamp("createdDate")}
    listed = ", ".join(f"{sql} AS {column}" for column, sql in (shared | columns).items())
    return view, f'SELECT {listed} FROM "{TYPES[of].table}"'


_ENTITY = {
    "entityid": _text("entityId"),
    "email": _text("email"),
    "subsidiary": _ref("subsidiary"),
    "currency": _ref("currency"),
    "isinactive": _flag("isInactive"),
}

_KINDS = {
    # record type: (type, partner field, sign of the total, total field, paid field, left field)
    "invoice": ("CustInvc", "entity", "", "total", "amountPaid", "amountRemaining"),
    "creditMemo": ("CustCred", "entity", "-", "total", "applied", "unapplied"),
    "customerPayment": ("CustPymt", "customer", "", "payment", "applied", "unapplied"),
    "journalEntry": ("Journal", "entity", "", "total", "none", "none"),
}


def _transaction(of: str) -> str:
    kind, partner, sign, total, paid, left = _KINDS[of]
    columns = {
        "id": "id",
        "externalid": _text("externalId"),
        "type": f"'{kind}'",
        "recordtype": f"'{of.lower()}'",
        "tranid": _text("tranId"),
        "trandate": _text("tranDate"),
        "duedate": _text("dueDate"),
        "entity": _ref(partner),
        "job": _ref("job"),
        "subsidiary": _ref("subsidiary"),
        "currency": _ref("currency"),
        "exchangerate": _text("exchangeRate"),
        "postingperiod": _ref("postingPeriod"),
        "posting": "CASE WHEN json_extract(body, '$.approvalStatus.id') = '1' THEN 'F' ELSE 'T' END",
        "approvalstatus": _ref("approvalStatus"),
        "status": f"CASE json_extract(body, '$.status.id') {_status_cases()} END",
        "foreigntotal": f"{sign}{_text(total)}",
        "taxtotal": _text("taxTotal"),
        "foreignamountpaid": _text(paid),
        "foreignamountunpaid": _text(left),
        "otherrefnum": _text("otherRefNum"),
        "memo": _text("memo"),
        "createddate": _stamp("createdDate"),
        "lastmodifieddate": _stamp("lastModifiedDate"),
    }
    return f'SELECT {", ".join(f"{sql} AS {name}" for name, sql in columns.items())} FROM "{TYPES[of].table}"'


def _status_cases() -> str:
    letters = {"open": "A", "paidInFull": "B", "pendingApproval": "D", "fullyApplied": "B", "deposited": "C"}
    return " ".join(f"WHEN '{key}' THEN '{letter}'" for key, letter in letters.items()) + " ELSE 'A'"


def _lines(of: str, sign: str) -> str:
    """The main line (0) and the item lines. Amounts are signed as in the books: debits positive, income negative."""
    main = (
        "SELECT id AS \"transaction\", 0 AS id, 0 AS linesequencenumber, 'T' AS mainline, 'F' AS taxline, NULL AS item,"
        f" NULL AS quantity, NULL AS rate, {'-' if sign else ''}{_text('total')} AS foreignamount,"
        f" {_text('memo')} AS memo, NULL AS custcol_hub_line, {_ref('subsidiary')} AS subsidiary,"
        f' {_ref("entity")} AS entity FROM "{TYPES[of].table}"'
    )

    def item(path: str) -> str:
        return f"json_extract(line.value, '$.{path}')"

    opposite = "" if sign else "-"
    items = (
        f"SELECT doc.id, {item('line')}, {item('line')}, 'F', 'F', CAST({item('item.id')} AS INTEGER),"
        f" {opposite}{item('quantity')}, {item('rate')}, {opposite}{item('amount')}, {item('description')},"
        f" {item('custcol_hub_line')}, CAST(json_extract(doc.body, '$.subsidiary.id') AS INTEGER),"
        f" CAST(json_extract(doc.body, '$.entity.id') AS INTEGER)"
        f" FROM \"{TYPES[of].table}\" doc, json_each(doc.body, '$.item') line"
    )
    return f"{main} UNION ALL {items}"


_SETTLED = (
    "(SELECT coalesce(sum(json_extract(paid.body, '$.amount')), 0) FROM netsuite_application paid"
    ' WHERE paid.invoice = posting."transaction")'
)
_OWED = (
    "posting.account IN (SELECT CAST(id AS TEXT) FROM netsuite_account WHERE"
    " json_extract(body, '$.acctType') = 'AcctPay')"
)
_POSTED = (
    f'SELECT {_text("transaction")} AS "transaction", id AS transactionline,'
    f" CAST({_text('account')} AS INTEGER) AS account, CAST({_text('debit')} AS REAL) AS debit,"
    f" CAST({_text('credit')} AS REAL) AS credit,"
    f" CAST({_text('debit')} AS REAL) - CAST({_text('credit')} AS REAL) AS amount,"
    f" CASE WHEN {_OWED} THEN {_SETTLED} ELSE 0 END AS amountpaid,"
    f" CASE WHEN {_OWED} THEN CAST({_text('credit')} AS REAL) - {_SETTLED} ELSE 0 END AS amountunpaid,"
    " 'T' AS posting FROM netsuite_posting AS posting"
)
_APPLIED = (
    f"SELECT {_text('source')} AS payment, {_text('invoice')} AS invoice, {_text('amount')} AS amount"
    " FROM netsuite_application"
)
VIEWS: dict[str, str] = dict(
    [
        _view(
            "customer",
            "customer",
            **_ENTITY,
            companyname=_text("companyName"),
            isperson=_flag("isPerson"),
            terms=_ref("terms"),
            parent=_ref("parent"),
            vatregnumber=_text("vatRegNumber"),
        ),
        _view(
            "job",
            "job",
            **_ENTITY,
            companyname=_text("companyName"),
            customer=_ref("parent"),
            parent=_ref("parent"),
            startdate=_text("startDate"),
            enddate=_text("endDate"),
            scheduledenddate=_text("scheduledEndDate"),
            jobbillingtype=_text("jobBillingType.id"),
            entitystatus=_text("entityStatus.id"),
            projectmanager=_ref("projectManager"),
            percentcomplete=_text("percentComplete"),
        ),
        _view(
            "employee",
            "employee",
            **_ENTITY,
            firstname=_text("firstName"),
            lastname=_text("lastName"),
            title=_text("title"),
        ),
        _view(
            "subsidiary",
            "subsidiary",
            name=_text("name"),
            legalname=_text("legalName"),
            country=_text("country"),
            currency=_ref("currency"),
            tranprefix=_text("tranPrefix"),
            isinactive=_flag("isInactive"),
        ),
        _view("currency", "currency", name=_text("name"), symbol=_text("symbol"), exchangerate=_text("exchangeRate")),
        _view("term", "term", name=_text("name"), daysuntilnetdue=_text("daysUntilNetDue")),
        _view(
            "account",
            "account",
            acctnumber=_text("acctNumber"),
            accountsearchdisplayname=_text("acctName"),
            accttype=_text("acctType"),
        ),
        _view("item", "serviceSaleItem", itemid=_text("itemId"), displayname=_text("displayName")),
        _view(
            "accountingperiod",
            "accountingPeriod",
            periodname=_text("periodName"),
            startdate=_text("startDate"),
            enddate=_text("endDate"),
            closed=_flag("closed"),
            alllocked=_flag("allLocked"),
            arlocked=_flag("arLocked"),
            aplocked=_flag("apLocked"),
            isadjust=_flag("isAdjust"),
            isposting=_flag("isPosting"),
            isquarter=_flag("isQuarter"),
            isyear=_flag("isYear"),
            parent=_ref("parent"),
        ),
        _view(
            "charge",
            "charge",
            billto=_ref("billTo"),
            project=_ref("project"),
            chargedate=_text("chargeDate"),
            chargetype=_text("chargeType.id"),
            stage=_text("stage.id"),
            use=_text("use.id"),
            quantity=_text("quantity"),
            rate=_text("rate"),
            amount=_text("amount"),
            currency=_ref("currency"),
            subsidiary=_ref("subsidiary"),
            invoice=_ref("invoice"),
            invoiceline=_text("invoiceLine"),
            runid=_text("runId"),
            memo=_text("memo"),
        ),
        ("transaction", " UNION ALL ".join(_transaction(of) for of in _KINDS)),
        ("transactionline", f"{_lines('invoice', '')} UNION ALL {_lines('creditMemo', '-')}"),
        ("transactionaccountingline", _POSTED),
        ("paymentapplication", _APPLIED),
    ]
)


def ddl() -> str:
    """Drop and create all views; they hold no data, so each start brings them up to date."""
    return "\n".join(f'DROP VIEW IF EXISTS "{name}"; CREATE VIEW "{name}" AS {sql};' for name, sql in VIEWS.items())
