"""Contracts of Meridian Consulting Inc., in US dollars."""

from __future__ import annotations

from datetime import date
from decimal import Decimal as D

from ..model import Amendment, Contract, Line, Rate, Staffing, Term

_NY = "US-NY"
_CA = "US-CA"
_CARVER = "M. Carver"

CONTRACTS = (
    Contract(
        key="AGH-EHR",
        name="Aldergate EHR Integration Programme",
        customer="CUST-1001", entity="US01", currency="USD", value=D("1480000.00"),
        signed=date(2026, 4, 17), start=date(2026, 5, 1), end=date(2027, 4, 30), tax=_NY, manager="Victor Nakamura",
        lines=(
            Line(1, "Integration delivery", "Time and Materials"),
            Line(2, "Travel and expenses", "Expenses", expense_rule="At cost"),
        ),
        rates=(
            Rate(D("325.00"), "Principal"),
            Rate(D("275.00"), "Architect"),
            Rate(D("298.50"), person="marcus.oyelaran"),
            Rate(D("225.00"), "Senior Consultant"),
            Rate(D("185.00"), "Consultant"),
            Rate(D("140.00"), "Analyst"),
            Rate(D("210.00"), "Project Manager"),
        ),
        staffing=(
            Staffing("dana.whitfield", 1, 2),
            Staffing("marcus.oyelaran", 1, 5),
            Staffing("priya.raman", 1, 5),
            Staffing("sofia.delgado", 1, 5),
            Staffing("victor.nakamura", 1, 3),
            Staffing("hannah.lindqvist", 1, 3),
            Staffing("jamal.pierce", 1, 4, last=date(2026, 5, 29)),
        ),
        subjects=("lab results interface", "patient master index", "admission messages", "pharmacy orders",
                  "consent service", "cut-over plan"),
        journeys=(("Flight Boston–New York return", D("318.40")), ("Train Albany–New York return", D("96.00"))),
        hotel=D("289.00"), po="AHS-2026-00471", po_amount=D("1600000.00"), po_expires=date(2027, 6, 30),
    ),
    Contract(
        key="AWC-DATA",
        name="Aldergate West Clinics Data Platform",
        customer="CUST-1002", entity="US01", currency="USD", value=D("168000.00"),
        signed=date(2026, 4, 24), start=date(2026, 5, 1), end=date(2026, 12, 31), tax=_CA, manager="Victor Nakamura",
        lines=(Line(1, "Platform build, not to exceed", "Time and Materials", cap=D("168000.00")),),
        rates=(
            Rate(D("265.00"), "Architect"),
            Rate(D("178.00"), "Consultant"),
            Rate(D("205.00"), "Project Manager"),
        ),
        staffing=(
            Staffing("tomasz.zielinski", 1, 3),
            Staffing("meiling.zhao", 1, 4),
            Staffing("victor.nakamura", 1, 1),
        ),
        subjects=("clinic scheduling feed", "claims staging tables", "data quality rules", "access control",
                  "go-live rehearsal"),
    ),
    Contract(
        key="PIN-CLAIMS",
        name="Pinecrest Claims Modernisation",
        customer="CUST-1003", entity="US01", currency="USD", value=D("742000.00"),
        signed=date(2026, 4, 10), start=date(2026, 5, 1), end=date(2027, 3, 31), tax=_NY, manager="Caroline Meyers",
        lines=(
            Line(1, "Architecture board retainer", "Retainer", amount=D("13200.00"), hours=D("40"),
                 overage=D("330.00"), unused="Expire", frequency="Monthly"),
            Line(2, "Claims workbench releases", "Milestone", amount=D("184000.00"), terms=(
                Term(1, "Intake release accepted", D("48000.00"), date(2026, 6, 30), date(2026, 6, 26), _CARVER),
                Term(2, "Adjuster workbench accepted", D("64000.00"), date(2026, 8, 31), date(2026, 9, 11), _CARVER),
                Term(3, "Payment release accepted", D("72000.00"), date(2026, 11, 30)),
            )),
            Line(3, "Change requests", "Time and Materials"),
            Line(4, "Travel and expenses", "Expenses", expense_rule="Cost plus", markup=D("8")),
        ),
        rates=(
            Rate(D("330.00"), "Principal"),
            Rate(D("230.00"), "Senior Consultant"),
            Rate(D("190.00"), "Consultant"),
            Rate(D("215.00"), "Project Manager"),
        ),
        staffing=(
            Staffing("renee.arsenault", 1, 1),
            Staffing("grace.okafor", 2, 2),
            Staffing("luke.bannister", 2, 2),
            Staffing("grace.okafor", 3, 3),
            Staffing("luke.bannister", 3, 3),
            Staffing("renee.arsenault", 3, 1),
            Staffing("caroline.meyers", 3, 2),
        ),
        subjects=("first notice of loss", "adjuster work queue", "subrogation rules", "payment release",
                  "legacy claims extract", "user acceptance tests"),
        journeys=(("Flight Chicago–Albany return", D("402.60")), ("Car rental Albany", D("148.25"))),
        hotel=D("196.00"), terms="Net 45", po="PMI-88-20417", po_amount=D("800000.00"), po_expires=date(2027, 3, 31),
    ),
    Contract(
        key="PIN-ACT",
        name="Pinecrest Actuarial Model Review",
        customer="CUST-1003", entity="US01", currency="USD", value=D("148000.00"),
        signed=date(2026, 4, 28), start=date(2026, 5, 11), end=date(2026, 9, 30), tax=_NY, manager="Caroline Meyers",
        lines=(
            Line(1, "Model review", "Milestone", amount=D("148000.00"), terms=(
                Term(1, "Reserving model report", D("42000.00"), date(2026, 6, 15), date(2026, 6, 18), "J. Abernathy"),
                Term(2, "Pricing model report", D("51000.00"), date(2026, 8, 14), date(2026, 8, 21), "J. Abernathy"),
                Term(3, "Board presentation", D("55000.00"), date(2026, 10, 15), date(2026, 10, 20), "J. Abernathy"),
            )),
            Line(2, "Delivery effort", "Included"),
        ),
        staffing=(
            Staffing("ethan.kowalski", 2, 2),
            Staffing("nadia.haddad", 2, 4),
            Staffing("renee.arsenault", 2, 2),
        ),
        amendments=(
            Amendment(1, "Term", date(2026, 9, 8), date(2026, 9, 30), date(2026, 9, 15), new_end=date(2026, 12, 31),
                      description="Board presentation moved to October; term extended to year end at no extra fee."),
        ),
        subjects=("reserving triangles", "pricing factors", "validation sample", "board paper"),
        terms="Net 45",
    ),
    Contract(
        key="TID-OPS",
        name="Tidewater Terminal Operations Advisory",
        customer="CUST-1004", entity="US01", currency="USD", value=D("211200.00"),
        signed=date(2026, 4, 21), start=date(2026, 5, 1), end=date(2027, 4, 30), tax=_CA, manager="Victor Nakamura",
        lines=(
            Line(1, "Operations advisory retainer", "Retainer", amount=D("17600.00"), hours=D("80"),
                 overage=D("235.00"), unused="Expire", frequency="Monthly"),
        ),
        staffing=(Staffing("samuel.ortiz", 1, 2), Staffing("victor.nakamura", 1, 1)),
        subjects=("berth planning", "gate turn times", "crane productivity", "monthly operations review"),
        journeys=(("Flight Seattle–Long Beach return", D("276.80")),), hotel=D("214.00"),
    ),
    Contract(
        key="TID-YARD",
        name="Tidewater Yard Management Roll-out",
        customer="CUST-1004", entity="US01", currency="USD", value=D("420000.00"),
        signed=date(2026, 5, 20), start=date(2026, 6, 1), end=date(2027, 1, 31), tax=_CA, manager="Caroline Meyers",
        lines=(Line(1, "Roll-out team", "Time and Materials"),),
        rates=(
            Rate(D("228.00"), "Senior Consultant"),
            Rate(D("182.00"), "Consultant"),
            Rate(D("208.00"), "Project Manager"),
        ),
        staffing=(
            Staffing("ethan.kowalski", 1, 3),
            Staffing("jamal.pierce", 1, 5),
            Staffing("caroline.meyers", 1, 2),
        ),
        subjects=("gate kiosk set-up", "yard slot model", "driver app pilot", "train-the-trainer sessions"),
        po="TW-PO-88213", po_amount=D("205000.00"), po_expires=date(2027, 1, 31),
    ),
    Contract(
        key="COP-GRID",
        name="Copperline Grid Analytics Service",
        customer="CUST-1005", entity="US01", currency="USD", value=D("498000.00"),
        signed=date(2026, 4, 14), start=date(2026, 5, 1), end=date(2027, 4, 30), tax=_NY, manager="Caroline Meyers",
        lines=(
            Line(1, "Managed analytics service", "Recurring", amount=D("38500.00"), frequency="Monthly"),
            Line(2, "Service delivery", "Included"),
            Line(3, "Additional analyses", "Time and Materials"),
        ),
        rates=(
            Rate(D("320.00"), "Principal"),
            Rate(D("222.00"), "Senior Consultant"),
            Rate(D("138.00"), "Analyst"),
        ),
        staffing=(
            Staffing("andre.fontaine", 2, 4),
            Staffing("meiling.zhao", 2, 1),
            Staffing("samuel.ortiz", 3, 3),
            Staffing("andre.fontaine", 3, 1),
            Staffing("dana.whitfield", 3, 1),
        ),
        subjects=("outage forecast", "feeder load model", "vegetation index", "monthly service report"),
        po="4500198822", po_amount=D("620000.00"), po_expires=date(2027, 4, 30),
    ),
    Contract(
        key="COP-REG",
        name="Copperline Regulatory Reporting",
        customer="CUST-1005", entity="US01", currency="USD", value=D("260000.00"),
        signed=date(2026, 6, 18), start=date(2026, 7, 1), end=date(2026, 12, 31), tax=_NY, manager="Victor Nakamura",
        lines=(Line(1, "Reporting advisory", "Time and Materials"),),
        rates=(Rate(D("318.00"), "Principal"), Rate(D("268.00"), "Architect")),
        staffing=(
            Staffing("dana.whitfield", 1, 2),
            Staffing("tomasz.zielinski", 1, 2),
            Staffing("hannah.lindqvist", 1, 2),
            Staffing("nadia.haddad", 1, 1),
        ),
        subjects=("rate case filing", "reliability indices", "data lineage evidence", "regulator questions"),
    ),
    Contract(
        key="BRI-LOY",
        name="Brightwater Loyalty Redesign",
        customer="CUST-1006", entity="US01", currency="USD", value=D("310000.00"),
        signed=date(2026, 4, 29), start=date(2026, 5, 1), end=date(2026, 11, 30), tax=_CA, manager="Caroline Meyers",
        lines=(Line(1, "Loyalty redesign", "Time and Materials"),),
        rates=(Rate(D("225.00"), "Senior Consultant"), Rate(D("180.00"), "Consultant")),
        activates=False,
    ),
)  # fmt: skip
