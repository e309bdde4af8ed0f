"""The firm: Meridian, three companies, forty people."""

from __future__ import annotations

from datetime import date

from ..calendar import FIRST_MONTH, month_end, month_name
from ..model import Entity, Letterhead, PaymentTerms, Period, Person

ENTITIES = (
    Entity("US01", "Meridian Consulting Inc.", "USD", "US"),
    Entity("UK01", "Meridian Consulting Ltd", "GBP", "GB"),
    Entity("DE01", "Meridian Consulting GmbH", "EUR", "DE"),
)

LETTERHEADS = (
    Letterhead(
        entity="US01", street="350 Harbor Street, Suite 1200", postal_code="10004", city="New York", region="NY",
        tax_id="EIN 00-7716204", registration="Incorporated in Delaware, file no. 0007716",
        remittance="Meridian Consulting Inc., First Example Bank\nACH routing 000000518, account 7716 2040 01",
    ),
    Letterhead(
        entity="UK01", street="18 Example Wharf", postal_code="E14 9ZZ", city="London", tax_id="GB 000 7716 25",
        registration="Registered in England and Wales, company no. 00077162",
        remittance="Meridian Consulting Ltd, Example Bank plc\nIBAN GB00 EXAM 0000 0077 1620 40, BIC EXAMGB00",
    ),
    Letterhead(
        entity="DE01", street="Beispielallee 42", postal_code="60313", city="Frankfurt am Main",
        tax_id="DE000771620", registration="Amtsgericht Frankfurt am Main, HRB 00771",
        remittance="Meridian Consulting GmbH, Beispielbank AG\nIBAN DE00 0000 0000 0077 1620 40, BIC EXAMDE00XXX",
    ),
)  # fmt: skip
"""Made up, and no number could be anybody's: their check digits are wrong."""

PAYMENT_TERMS = (PaymentTerms("Net 14", 14), PaymentTerms("Net 30", 30), PaymentTerms("Net 45", 45))

PERIODS = tuple(
    Period(month_name(first), first, month_end(first)) for first in (date(2026, month, 1) for month in range(5, 13))
)

ROLES = ("Architect", "Principal", "Senior Consultant", "Consultant", "Analyst", "Project Manager")

COST_CENTRES = tuple(f"{country}-{practice}" for country in ("US", "UK", "DE") for practice in ("ADV", "TEC", "PMO"))
"""The cost centres finance knows. `DE-CLD`, the new cloud practice, is deliberately not one of them."""


def _people(entity: str, prefix: str, rows: str) -> tuple[Person, ...]:
    people = []
    for row in rows.strip().splitlines():
        key, name, role, practice, *joins = (part.strip() for part in row.split("|"))
        joined = date.fromisoformat(joins[0]) if joins else FIRST_MONTH
        people.append(Person(key, name, role, entity, f"{prefix}-{practice}", joined))
    return tuple(people)


PEOPLE = (
    *_people(
        "US01",
        "US",
        """
        dana.whitfield    | Dana Whitfield    | Principal         | ADV
        marcus.oyelaran   | Marcus Oyelaran   | Architect         | TEC
        priya.raman       | Priya Raman       | Senior Consultant | TEC
        ethan.kowalski    | Ethan Kowalski    | Senior Consultant | ADV
        sofia.delgado     | Sofia Delgado     | Consultant        | TEC
        jamal.pierce      | Jamal Pierce      | Consultant        | TEC
        hannah.lindqvist  | Hannah Lindqvist  | Analyst           | ADV
        victor.nakamura   | Victor Nakamura   | Project Manager   | PMO
        renee.arsenault   | Renée Arsenault   | Principal         | ADV
        tomasz.zielinski  | Tomasz Zieliński  | Architect         | TEC
        grace.okafor      | Grace Okafor      | Senior Consultant | ADV
        luke.bannister    | Luke Bannister    | Consultant        | ADV
        meiling.zhao      | Mei-Ling Zhao     | Consultant        | TEC
        andre.fontaine    | André Fontaine    | Analyst           | TEC
        caroline.meyers   | Caroline Meyers   | Project Manager   | PMO
        samuel.ortiz      | Samuel Ortiz      | Senior Consultant | ADV
        nadia.haddad      | Nadia Haddad      | Analyst           | ADV
        """,
    ),
    *_people(
        "UK01",
        "UK",
        """
        eleanor.ashdown   | Eleanor Ashdown   | Principal         | ADV
        rhys.morgan       | Rhys Morgan       | Architect         | TEC
        aisha.rahman      | Aisha Rahman      | Senior Consultant | ADV
        callum.fraser     | Callum Fraser     | Senior Consultant | TEC
        beatrice.holloway | Beatrice Holloway | Consultant        | ADV
        owen.pritchard    | Owen Pritchard    | Consultant        | TEC
        zara.siddiqui     | Zara Siddiqui     | Analyst           | TEC
        duncan.mcrae      | Duncan McRae      | Project Manager   | PMO
        imogen.clarke     | Imogen Clarke     | Consultant        | TEC
        kwame.boateng     | Kwame Boateng     | Senior Consultant | TEC
        freya.nilsen      | Freya Nilsen      | Analyst           | ADV
        patrick.doyle     | Patrick Doyle     | Architect         | TEC
        """,
    ),
    *_people(
        "DE01",
        "DE",
        """
        katharina.vogel   | Katharina Vogel   | Principal         | ADV
        jonas.brandt      | Jonas Brandt      | Architect         | TEC
        lena.hoffmann     | Lena Hoffmann     | Senior Consultant | ADV
        mehmet.yildiz     | Mehmet Yıldız     | Senior Consultant | TEC
        clara.schuster    | Clara Schuster    | Consultant        | TEC
        felix.neumann     | Felix Neumann     | Consultant        | ADV
        anke.petersen     | Anke Petersen     | Analyst           | ADV
        stefan.krueger    | Stefan Krüger     | Project Manager   | PMO
        juliette.marchand | Juliette Marchand | Senior Consultant | ADV
        tobias.winkler    | Tobias Winkler    | Consultant        | TEC
        milena.horvat     | Milena Horvat     | Consultant        | CLD | 2026-09-01
        """,
    ),
)
