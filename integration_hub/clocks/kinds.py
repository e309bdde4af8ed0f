"""Registering a clock brings its two exceptions along; and the clock of the exceptions themselves."""

from functools import partial

from integration_hub.cases.registry import KINDS, CaseKind, Suggestion
from integration_hub.clocks import reading
from integration_hub.clocks.reading import Standing
from integration_hub.clocks.registry import CLOCKS, ClockKind, Unit
from integration_hub.kernel.clock import now
from integration_hub.people.models import Role

EXCEPTION_RESOLUTION = ClockKind(
    slug="exception-resolution",
    weight=90,
    title="Resolving an exception",
    starts="the moment it was first seen",
    ends="the moment it was resolved",
    unit=Unit.WORKING_HOURS,
    owner_role=str(Role.FINANCE),
    permission="hub_cases.view_case",
    counted="exceptions",
    by_contract=False,
    notes=(
        "An exception that was seen again runs from its first time: ageing survives being reopened.",
        "What it holds up is told while it runs, where it is all in one currency.",
        "The exceptions that clocks themselves raise are left out.",
    ),
    sql="""
SELECT 'case' AS record_type, found.id::text AS record_id, found.title AS label, found.legal_entity,
       '' AS contract, '' AS customer, 'queue' AS subject_type,
       found.owner_role || ' ' || found.legal_entity AS subject_id,
       concat_ws(' ', 'Exceptions of', replace(found.owner_role, '_', ' '), nullif(found.legal_entity, ''))
           AS subject_label,
       found.first_seen_at AS started_at, found.resolved_at AS ended_at,
       held.amount, coalesce(held.currency, '') AS currency
  FROM hub_cases_case AS found
  LEFT JOIN LATERAL (
      SELECT sum(member.amount) AS amount, min(member.currency) AS currency FROM hub_cases_member AS member
       WHERE member.case_id = found.id AND member.is_open AND member.amount IS NOT NULL AND member.currency <> ''
      HAVING count(DISTINCT member.currency) = 1
  ) AS held ON found.resolved_at IS NULL
 WHERE (found.resolved_at IS NULL OR found.resolved_at >= %(since)s) AND found.code <> ALL(%(clock_codes)s)""",
)


def register_clock(kind: ClockKind) -> None:
    """Register a clock with the exceptions of what is over its target, and of what soon will be."""
    CLOCKS.register(kind.slug, kind)
    for code, standing, severity, title, closes in (
        (kind.late_code, Standing.LATE, 2, "over its target", "it is done, or its target is put off"),
        (kind.near_code, Standing.NEAR, 3, "close to its target", "it is done, or its target has passed"),
    ):
        KINDS.register(
            code,
            CaseKind(
                code,
                f"{kind.title}: {title}",
                kind.owner_role,
                severity,
                closes,
                (Suggestion("See what it waits for, and do that first"),),
                still_holds=partial(_runs, kind, standing),
            ),
        )


def root_cause(kind: ClockKind, subject_type: str, subject_id: str) -> str:
    """The key of the exceptions of one subject of a clock."""
    return f"{kind.slug}|{subject_type}:{subject_id}"


def _runs(kind: ClockKind, standing: Standing, root: str) -> bool:
    """Whether anything of the subject still runs in this standing."""
    moment = now()
    question = reading.Asked(moment, moment, subject=root.partition("|")[2])
    return bool(reading.running(kind, question, [standing], limit=1))


def register() -> None:
    """Fill the registry; called once by the app."""
    register_clock(EXCEPTION_RESOLUTION)
