"""Contracts of Meridian Consulting Ltd, in pounds sterling."""

from __future__ import annotations

from datetime import date
from decimal import Decimal as D

from ..model import Amendment, Contract, Line, Rate, Staffing, Term

_RAIL = "P. Trevelyan"

CONTRACTS = (
    Contract(
        key="HWP-TOM",
        name="Hollis & Wren Target Operating Model",
        customer="CUST-2001", entity="UK01", currency="GBP", value=D("540000.00"),
        signed=date(2026, 4, 16), start=date(2026, 5, 1), end=date(2027, 1, 31), tax="GB", manager="Duncan McRae",
        lines=(
            Line(1, "Operating model design", "Time and Materials"),
            Line(2, "Travel and expenses", "Expenses", expense_rule="At cost"),
        ),
        rates=(
            Rate(D("1760.00"), "Principal", unit="Day"),
            Rate(D("152.00"), "Senior Consultant"),
            Rate(D("122.50"), "Consultant"),
        ),
        staffing=(
            Staffing("eleanor.ashdown", 1, 3),
            Staffing("aisha.rahman", 1, 5),
            Staffing("beatrice.holloway", 1, 5),
            Staffing("callum.fraser", 1, 2),
        ),
        subjects=("process inventory", "spans and layers", "shared service design", "business case",
                  "steering group paper"),
        journeys=(("Train Manchester–London return", D("184.30")), ("Flight Edinburgh–London return", D("156.90"))),
        hotel=D("179.00"), po="HW/26/1183", po_amount=D("600000.00"), po_expires=date(2027, 3, 31),
    ),
    Contract(
        key="HWW-ONB",
        name="Hollis & Wren Wealth Onboarding",
        customer="CUST-2002", entity="UK01", currency="GBP", value=D("208800.00"),
        signed=date(2026, 4, 23), start=date(2026, 5, 1), end=date(2027, 4, 30), tax="GB", manager="Duncan McRae",
        lines=(
            Line(1, "Onboarding squad retainer", "Retainer", amount=D("17400.00"), hours=D("120"),
                 overage=D("155.00"), unused="Roll Over", frequency="Monthly"),
        ),
        staffing=(Staffing("callum.fraser", 1, 3), Staffing("freya.nilsen", 1, 1)),
        subjects=("identity checks", "client portal forms", "adviser hand-off", "drop-out analysis"),
    ),
    Contract(
        key="SEV-TIME",
        name="Severn Rail Timetable Engine",
        customer="CUST-2003", entity="UK01", currency="GBP", value=D("398000.00"),
        signed=date(2026, 4, 20), start=date(2026, 5, 5), end=date(2027, 2, 28), tax="GB", manager="Duncan McRae",
        lines=(
            Line(1, "Engine releases", "Milestone", amount=D("168000.00"), terms=(
                Term(1, "Conflict detection accepted", D("46000.00"), date(2026, 6, 30), date(2026, 7, 8), _RAIL),
                Term(2, "Platform allocation accepted", D("58000.00"), date(2026, 9, 15), date(2026, 9, 17), _RAIL),
                Term(3, "Winter timetable produced", D("64000.00"), date(2026, 11, 30)),
            )),
            Line(2, "Additional development", "Time and Materials"),
        ),
        rates=(
            Rate(D("188.00"), "Architect"),
            Rate(D("118.00"), "Consultant"),
            Rate(D("142.00"), "Project Manager"),
        ),
        staffing=(
            Staffing("rhys.morgan", 1, 3),
            Staffing("owen.pritchard", 1, 3),
            Staffing("patrick.doyle", 1, 4, last=date(2026, 5, 29)),
            Staffing("rhys.morgan", 2, 2),
            Staffing("owen.pritchard", 2, 2),
            Staffing("duncan.mcrae", 2, 2),
        ),
        subjects=("headway rules", "platform allocation", "rolling stock diagrams", "planner interface",
                  "timetable comparison"),
        po="SRS-PO-3382", po_amount=D("420000.00"), po_expires=date(2027, 2, 28),
    ),
    Contract(
        key="SEV-DEPOT",
        name="Severn Rail Depot Support",
        customer="CUST-2003", entity="UK01", currency="GBP", value=D("62000.00"),
        signed=date(2026, 4, 30), start=date(2026, 5, 5), end=date(2026, 8, 31), tax="GB", manager="Duncan McRae",
        lines=(Line(1, "Depot system support", "Time and Materials"),),
        rates=(Rate(D("116.00"), "Consultant"), Rate(D("138.00"), "Project Manager")),
        staffing=(
            Staffing("imogen.clarke", 1, 4, last=date(2026, 8, 31)),
            Staffing("duncan.mcrae", 1, 1, last=date(2026, 8, 31)),
        ),
        subjects=("fault log triage", "stores interface", "shift planner", "hand-over notes"),
    ),
    Contract(
        key="CAS-REP",
        name="Castlemere Repairs Portal",
        customer="CUST-2004", entity="UK01", currency="GBP", value=D("216000.00"),
        signed=date(2026, 4, 22), start=date(2026, 5, 1), end=date(2027, 4, 30), tax="GB", manager="Duncan McRae",
        lines=(
            Line(1, "Portal service charge", "Recurring", amount=D("54000.00"), frequency="Quarterly"),
            Line(2, "Service delivery", "Included"),
        ),
        staffing=(
            Staffing("zara.siddiqui", 2, 5),
            Staffing("duncan.mcrae", 2, 1),
            Staffing("imogen.clarke", 2, 4, first=date(2026, 9, 1)),
            Staffing("kwame.boateng", 2, 2),
        ),
        subjects=("repairs booking", "contractor dispatch", "tenant notifications", "void property workflow"),
        terms="Net 14",
    ),
    Contract(
        key="ORB-LIS",
        name="Orbis Laboratory Systems Selection",
        customer="CUST-2005", entity="UK01", currency="GBP", value=D("285000.00"),
        signed=date(2026, 5, 21), start=date(2026, 6, 1), end=date(2027, 3, 31), tax="GB", manager="Duncan McRae",
        lines=(
            Line(1, "Selection and design", "Time and Materials"),
            Line(2, "Travel and expenses", "Expenses", expense_rule="Cost plus", markup=D("5")),
        ),
        rates=(
            Rate(D("222.00"), "Principal"),
            Rate(D("184.00"), "Architect"),
            Rate(D("149.00"), "Senior Consultant"),
            Rate(D("92.00"), "Analyst"),
        ),
        staffing=(
            Staffing("eleanor.ashdown", 1, 1),
            Staffing("patrick.doyle", 1, 4),
            Staffing("kwame.boateng", 1, 3),
            Staffing("freya.nilsen", 1, 4),
        ),
        amendments=(
            Amendment(1, "Rate", date(2026, 7, 14), date(2026, 7, 1), None, role="Architect", new_rate=D("196.00"),
                      description="Architect rate for the validation phase; sent to the client, not signed yet."),
        ),
        subjects=("vendor long list", "sample tracking demo", "validation approach", "integration sketch"),
        journeys=(("Train London–Cambridge return", D("58.40")),), hotel=D("142.00"),
    ),
)  # fmt: skip
