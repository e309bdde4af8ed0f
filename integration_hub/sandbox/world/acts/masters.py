"""Before anything is sold: companies, terms, people, customers, and where hints go."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal

from .. import calendar
from ..book import ROLES
from ..model import Customer, Entity
from ..stage import Stage
from ..vendors.http import Json

FIXINGS = (("EUR", "USD", Decimal("1.0850")), ("GBP", "USD", Decimal("1.2700")), ("EUR", "GBP", Decimal("0.8540")))
"""What one unit of the first is in the second, about."""
DUPLICATES = 0.2
"""Share of hints that the relay sends twice."""
TALKATIVE = "kantata"


def companies(stage: Stage) -> None:
    """The firm's companies in the ERP: the account's own subsidiaries take our codes and names."""
    symbols = {
        row["symbol"]: row["id"] for row in stage.netsuite.suiteql("SELECT id, symbol FROM currency ORDER BY id")
    }
    rows = stage.netsuite.suiteql("SELECT id, externalid, country FROM subsidiary ORDER BY id")
    for entity in stage.world.entities:
        if any(row.get("externalid") == entity.code for row in rows):
            continue
        values = _subsidiary(entity, str(symbols[entity.currency]))
        seeded = next((row for row in rows if row.get("externalid") == entity.country), None)
        if seeded:
            stage.netsuite.update("subsidiary", str(seeded["id"]), values)
        else:
            stage.netsuite.create("subsidiary", values)
        stage.count("subsidiaries", 1)
    ours = {entity.code for entity in stage.world.entities} | {entity.country for entity in stage.world.entities}
    for row in rows:
        if row.get("externalid") not in ours:
            stage.netsuite.update("subsidiary", str(row["id"]), {"isInactive": True})


def _subsidiary(entity: Entity, currency: str) -> Json:
    return {
        "externalId": entity.code,
        "name": entity.name,
        "legalName": entity.name,
        "country": entity.country,
        "tranPrefix": entity.code,
        "currency": {"id": currency},
    }


def terms(stage: Stage) -> None:
    """Payment terms and accounting periods: the account has most of them; what is missing is added."""
    known = {row["name"] for row in stage.netsuite.suiteql("SELECT id, name FROM term ORDER BY id")}
    for term in stage.world.payment_terms:
        if term.name not in known:
            stage.netsuite.create("term", {"name": term.name, "daysUntilNetDue": term.days})
    query = "SELECT id, periodname FROM accountingperiod WHERE isposting = 'T' ORDER BY id"
    periods = {row["periodname"] for row in stage.netsuite.suiteql(query)}
    for period in stage.world.periods:
        if period.name not in periods:
            dates = {"startDate": period.first.isoformat(), "endDate": period.last.isoformat()}
            stage.netsuite.create("accountingPeriod", {"periodName": period.name, "isPosting": True, **dates})


def people(stage: Stage, through: date) -> None:
    """Roles, and everybody who has joined by a day, as users of the PSA."""
    rows = stage.kantata.rows("roles", order="created_at:asc")
    roles = {row["name"]: row["id"] for row in rows}
    missing = [name for name in ROLES if name not in roles]
    roles |= dict(zip(missing, stage.kantata.create("roles", [{"name": name} for name in missing]), strict=True))
    known = stage.users()
    joining = [person for person in stage.world.people if person.joins <= through and person.key not in known]
    users = [
        {
            "full_name": person.name,
            "email_address": person.email,
            "role_id": roles[person.role],
            "cost_center": person.cost_centre,
            "headline": person.role,
        }
        for person in joining
    ]
    stage.kantata.create("users", users)
    stage.count("people", len(users))


def customers(stage: Stage) -> None:
    """Accounts in the CRM, parents first, and customers in the ERP, except the one that somebody forgot."""
    rows = stage.salesforce.query("SELECT Id, AccountNumber FROM Account WHERE AccountNumber != null")
    known = {row["AccountNumber"]: row["Id"] for row in rows}
    for generation in (False, True):
        new = [c for c in stage.world.customers if bool(c.parent) is generation and c.code not in known]
        ids = stage.salesforce.create("Account", [_account(customer, known) for customer in new])
        known |= dict(zip((customer.code for customer in new), ids, strict=True))
        stage.count("accounts", len(new))
    _erp_customers(stage)


def _account(customer: Customer, known: dict[str, str]) -> Json:
    account = {
        "Name": customer.name,
        "AccountNumber": customer.code,
        "Type": "Customer - Direct",
        "CurrencyIsoCode": customer.currency,
        "BillingStreet": customer.street,
        "BillingCity": customer.city,
        "BillingState": customer.region or None,
        "BillingPostalCode": customer.postal_code,
        "BillingCountry": customer.country,
        "Tax_Id__c": customer.tax_id,
    }
    return account | ({"ParentId": known[customer.parent]} if customer.parent else {})


def _erp_customers(stage: Stage) -> None:
    netsuite = stage.netsuite
    symbols = {row["symbol"]: row["id"] for row in netsuite.suiteql("SELECT id, symbol FROM currency ORDER BY id")}
    term_ids = {row["name"]: row["id"] for row in netsuite.suiteql("SELECT id, name FROM term ORDER BY id")}
    rows = netsuite.suiteql("SELECT id, externalid FROM customer WHERE externalid IS NOT NULL ORDER BY id")
    known = {row["externalid"] for row in rows}
    wanted = [customer for customer in stage.world.customers if customer.in_erp and customer.code not in known]
    for customer in sorted(wanted, key=lambda c: bool(c.parent)):
        values: Json = {
            "companyName": customer.name,
            "isPerson": False,
            "subsidiary": {"externalId": customer.entity},
            "currency": {"id": str(symbols[customer.currency])},
            "terms": {"id": str(term_ids[customer.terms])},
            "vatRegNumber": customer.tax_id,
            "defaultAddress": f"{customer.street}\n{customer.postal_code} {customer.city}\n{customer.country}",
        }
        if customer.parent:
            values["parent"] = {"externalId": customer.parent}
        netsuite.put("customer", customer.code, values)
        stage.count("erp customers", 1)


def rates(stage: Stage, month: date) -> None:
    """The treasury's weekly fixings; of the Swiss franc it has none."""
    days = [month + timedelta(days=n) for n in range(calendar.month_end(month).day)]
    stage.hub.record_rates(
        [_rate(stage, day, pair) for day in days if day.weekday() == 0 for pair in range(len(FIXINGS))]
    )


def _rate(stage: Stage, day: date, pair: int) -> Json:
    base, quote, _ = FIXINGS[pair]
    rate = _fixing(stage, day, pair)
    return {"base": base, "quote": quote, "day": day.isoformat(), "rate": rate, "note": "Treasury"}


def _fixing(stage: Stage, day: date, pair: int) -> str:
    """Within one and a half per cent of the usual; the same for a seed, a day and a pair."""
    moved = random.Random(f"{stage.world.seed} {day} {pair}").randint(-150, 150)  # noqa: S311 - no secret hangs on it
    return str((FIXINGS[pair][2] * (10_000 + moved) / 10_000).quantize(Decimal("0.0001")))


def hints(stage: Stage) -> None:
    """Point the relay of every vendor that has a hook at the hub; it repeats itself and mixes up the order."""
    for vendor, hook in stage.hub.hooks.items():
        stage.control.relay(
            vendor, url=hook.url, secret=hook.secret, enabled=True, duplicate_probability=DUPLICATES, shuffle=True
        )


def quiet(stage: Stage) -> None:
    """A month of work is written in seconds; the PSA's hints about each entry would only measure the web server.

    Meanwhile the hub finds the PSA's changes by polling, as it does when a relay is down.
    """
    if TALKATIVE in stage.hub.hooks:
        stage.control.relay(TALKATIVE, enabled=False)
