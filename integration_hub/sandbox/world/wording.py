"""What people write on their timesheets, by role; German on German projects, as a client would read it."""

from __future__ import annotations

ENGLISH = {
    "Principal": ("Steering discussion on {}", "Review with sponsor: {}", "Options paper: {}", "Client workshop on {}"),
    "Architect": ("Design review: {}", "Integration design for {}", "Decision record: {}", "Prototype of {}"),
    "Senior Consultant": (
        "Workshop on {}",
        "Requirements for {}",
        "Solution outline: {}",
        "Walk-through of {} with the client",
    ),
    "Consultant": ("Configuration of {}", "Analysis of {}", "Documentation: {}", "Testing {}"),
    "Analyst": ("Data preparation for {}", "Comparison tables: {}", "Fact base on {}", "Checks on {}"),
    "Project Manager": ("Planning: {}", "Status and risks: {}", "Coordination of {}", "Weekly call on {}"),
}

GERMAN = {
    "Principal": ("Abstimmung mit dem Sponsor: {}", "Entscheidungsvorlage: {}", "Workshop: {}"),
    "Architect": ("Lösungsentwurf: {}", "Architekturreview: {}", "Prototyp: {}", "Schnittstellenkonzept: {}"),
    "Senior Consultant": ("Fachworkshop: {}", "Anforderungen: {}", "Konzept: {}", "Abstimmung mit dem Fachbereich: {}"),
    "Consultant": ("Umsetzung: {}", "Analyse: {}", "Dokumentation: {}", "Test: {}"),
    "Analyst": ("Datenaufbereitung: {}", "Auswertung: {}", "Prüfung: {}"),
    "Project Manager": ("Planung: {}", "Status und Risiken: {}", "Koordination: {}"),
}


def phrases(entity: str, role: str, subjects: tuple[str, ...]) -> list[str]:
    """Every note this role could write about these subjects, always in the same order."""
    words = GERMAN if entity == "DE01" else ENGLISH
    return [phrase.format(subject) for subject in subjects for phrase in words[role]]
