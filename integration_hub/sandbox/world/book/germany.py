"""Contracts of Meridian Consulting GmbH, in euro; and one in Swiss francs that no system can carry."""

from __future__ import annotations

from datetime import date
from decimal import Decimal as D

from ..model import Amendment, Contract, Line, Rate, Staffing, Term

CONTRACTS = (
    Contract(
        key="LIN-S4",
        name="Lindauer S/4 Vorstudie und Design",
        customer="CUST-3001", entity="DE01", currency="EUR", value=D("460000.00"),
        signed=date(2026, 4, 15), start=date(2026, 5, 4), end=date(2027, 1, 31), tax="DE", manager="Stefan Krüger",
        lines=(
            Line(1, "Vorstudie und Design", "Time and Materials"),
            Line(2, "Reisekosten", "Expenses", expense_rule="At cost"),
        ),
        rates=(
            Rate(D("245.00"), "Principal"),
            Rate(D("210.00"), "Architect"),
            Rate(D("172.00"), "Senior Consultant"),
        ),
        staffing=(
            Staffing("katharina.vogel", 1, 2),
            Staffing("jonas.brandt", 1, 5),
            Staffing("lena.hoffmann", 1, 3),
        ),
        amendments=(
            Amendment(1, "Rate", date(2026, 8, 19), date(2026, 8, 1), date(2026, 8, 24), role="Architect",
                      new_rate=D("218.00"), description="Nachtrag 1: Architektensatz ab 1. August."),
        ),
        subjects=("Finanzprozesse", "Stammdatenkonzept", "Migrationsobjekte", "Berechtigungskonzept",
                  "Lenkungskreis"),
        journeys=(("Bahn Frankfurt–München und zurück", D("139.80")), ("Mietwagen München", D("112.45"))),
        hotel=D("148.00"), po="4500071934", po_amount=D("520000.00"), po_expires=date(2027, 3, 31),
    ),
    Contract(
        key="LAT-MES",
        name="Lindauer Antriebstechnik MES-Einführung",
        customer="CUST-3002", entity="DE01", currency="EUR", value=D("412000.00"),
        signed=date(2026, 4, 27), start=date(2026, 5, 4), end=date(2027, 3, 31), tax="DE", manager="Stefan Krüger",
        lines=(
            Line(1, "Einführung in Stufen", "Milestone", amount=D("156000.00"), terms=(
                Term(1, "Pilotlinie abgenommen", D("52000.00"), date(2026, 7, 31), date(2026, 7, 30), "Dr. H. Seidl"),
                Term(2, "Halle 2 abgenommen", D("52000.00"), date(2026, 10, 15), date(2026, 10, 16), "Dr. H. Seidl"),
                Term(3, "Halle 3 abgenommen", D("52000.00"), date(2027, 2, 26)),
            )),
            Line(2, "Erweiterungen nach Aufwand", "Time and Materials"),
            Line(3, "Reisekosten", "Expenses", expense_rule="Cost plus", markup=D("6")),
        ),
        rates=(
            Rate(D("168.00"), "Senior Consultant"),
            Rate(D("138.00"), "Consultant"),
            Rate(D("158.00"), "Project Manager"),
        ),
        staffing=(
            Staffing("mehmet.yildiz", 1, 3),
            Staffing("clara.schuster", 1, 2),
            Staffing("mehmet.yildiz", 2, 2),
            Staffing("clara.schuster", 2, 3),
            Staffing("felix.neumann", 2, 2),
            Staffing("tobias.winkler", 2, 4, last=date(2026, 5, 29)),
            Staffing("stefan.krueger", 2, 2),
        ),
        subjects=("Maschinenanbindung", "Rückmeldung am Terminal", "Chargenverfolgung", "Schichtmodell",
                  "Abnahmetest"),
        journeys=(("Bahn München–Augsburg und zurück", D("41.60")), ("Mietwagen Augsburg", D("96.30"))),
        hotel=D("118.00"),
    ),
    Contract(
        key="NOR-PORT",
        name="Nordlicht Netzportal Betreuung",
        customer="CUST-3003", entity="DE01", currency="EUR", value=D("237600.00"),
        signed=date(2026, 4, 24), start=date(2026, 5, 4), end=date(2027, 4, 30), tax="DE", manager="Stefan Krüger",
        lines=(
            Line(1, "Betreuungskontingent", "Retainer", amount=D("19800.00"), hours=D("120"),
                 overage=D("172.00"), unused="Expire", frequency="Monthly"),
        ),
        staffing=(Staffing("felix.neumann", 1, 3), Staffing("anke.petersen", 1, 1)),
        subjects=("Einspeiseanfragen", "Zählerstände", "Störungsmeldungen", "Monatsbericht"),
        terms="Net 14",
    ),
    Contract(
        key="ROC-SCD",
        name="Rochefort Supply Chain Diagnostic",
        customer="CUST-3004", entity="DE01", currency="EUR", value=D("126000.00"),
        signed=date(2026, 4, 29), start=date(2026, 5, 4), end=date(2026, 11, 30), tax="FR", manager="Katharina Vogel",
        lines=(
            Line(1, "Diagnostic", "Milestone", amount=D("126000.00"), terms=(
                Term(1, "Baseline report accepted", D("38000.00"), date(2026, 6, 12), date(2026, 6, 10), "C. Lefèvre"),
                Term(2, "Network scenarios accepted", D("44000.00"), date(2026, 8, 28), date(2026, 9, 2), "C. Lefèvre"),
                Term(3, "Roadmap accepted", D("44000.00"), date(2026, 10, 30), date(2026, 10, 28), "C. Lefèvre"),
            )),
            Line(2, "Delivery effort", "Included"),
        ),
        staffing=(Staffing("juliette.marchand", 2, 3), Staffing("katharina.vogel", 2, 1)),
        subjects=("stock baseline", "lead time analysis", "network scenarios", "savings roadmap"),
        terms="Net 45",
    ),
    Contract(
        key="RHE-SCHAD",
        name="Rheinbogen Schadenplattform",
        customer="CUST-3005", entity="DE01", currency="EUR", value=D("388000.00"),
        signed=date(2026, 5, 19), start=date(2026, 6, 1), end=date(2027, 3, 31), tax="DE", manager="Stefan Krüger",
        lines=(Line(1, "Plattformentwicklung", "Time and Materials"),),
        rates=(
            Rate(D("170.00"), "Senior Consultant"),
            Rate(D("140.00"), "Consultant"),
            Rate(D("106.00"), "Analyst"),
            Rate(D("160.00"), "Project Manager"),
        ),
        staffing=(
            Staffing("tobias.winkler", 1, 5),
            Staffing("anke.petersen", 1, 3),
            Staffing("stefan.krueger", 1, 1),
            Staffing("lena.hoffmann", 1, 2),
            Staffing("milena.horvat", 1, 5),
        ),
        subjects=("Schadenmeldung", "Regulierungsregeln", "Gutachterportal", "Betrugsprüfung", "Testautomatisierung"),
        po="RV-2026-5521", po_amount=D("450000.00"), po_expires=date(2027, 6, 30),
    ),
    Contract(
        key="RHE-DATA",
        name="Rheinbogen Datenmigration",
        customer="CUST-3005", entity="DE01", currency="EUR", value=D("144000.00"),
        signed=date(2026, 6, 22), start=date(2026, 7, 1), end=date(2026, 12, 31), tax="DE", manager="Stefan Krüger",
        lines=(
            Line(1, "Migration, Monatsrate", "Recurring", amount=D("24000.00"), frequency="Monthly"),
            Line(2, "Durchführung", "Included"),
            Line(3, "Reisekosten", "Expenses", expense_rule="Not billable"),
        ),
        staffing=(
            Staffing("juliette.marchand", 2, 2),
            Staffing("katharina.vogel", 2, 1),
            Staffing("anke.petersen", 2, 1),
        ),
        subjects=("Vertragsbestand", "Schadenhistorie", "Probelauf", "Abgleichsbericht"),
        journeys=(("Bahn München–Köln und zurück", D("167.90")),), hotel=D("124.00"),
    ),
    Contract(
        key="ALP-REP",
        name="Alpenrose Portfolio Reporting",
        customer="CUST-3006", entity="DE01", currency="CHF", value=D("195000.00"),
        signed=date(2026, 4, 28), start=date(2026, 5, 4), end=date(2026, 12, 31), tax="DE", manager="Katharina Vogel",
        lines=(Line(1, "Reporting design", "Time and Materials"),),
        rates=(Rate(D("260.00"), "Principal"), Rate(D("185.00"), "Senior Consultant")),
        activates=False,
    ),
)  # fmt: skip
