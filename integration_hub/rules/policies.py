"""Who may write, check and publish decision tables."""

from integration_hub.kernel.decision import ALLOW, Decision, deny
from integration_hub.people.models import User
from integration_hub.rules.models import DecisionTable, DraftRun


def can_draft(user: User, legal_entity: str) -> Decision:
    """Whether the person may write drafts for a legal entity, or for all of them ("")."""
    if not user.has_perm("hub_rules.change_decisiontable"):
        return deny("Only integration administrators can write decision tables.")
    return _within(user, legal_entity)


def can_edit(table: DecisionTable, user: User) -> Decision:
    """Whether the person may change this version: only one that is not in force yet."""
    if table.status not in DecisionTable.OPEN:
        return deny(f"This version is {table.get_status_display().lower()}. Make a new draft from it and edit that.")
    return can_draft(user, table.legal_entity)


def can_check(table: DecisionTable, user: User) -> Decision:
    """Whether the person may have the checks run: whoever may write it or publish it."""
    if table.status != DecisionTable.Status.DRAFT:
        return deny(f"This version is {table.get_status_display().lower()}.")
    return can_edit(table, user) or _may_publish(table, user)


def can_publish(table: DecisionTable, user: User) -> Decision:
    """Whether the person may put this version in force: checked, and written by somebody else."""
    if table.status == DecisionTable.Status.DRAFT:
        return deny("It has to be checked first.")
    if table.status != DecisionTable.Status.CHECKED:
        return deny(f"This version is {table.get_status_display().lower()} already.")
    return _second_person(table, user)


def can_roll_back(table: DecisionTable, user: User) -> Decision:
    """Whether the person may put an earlier version in force again: it was agreed by two before."""
    if table.status != DecisionTable.Status.SUPERSEDED:
        return deny("Only a version that was in force before can be put back.")
    return _second_person(table, user)


def can_run_draft(table: DecisionTable, user: User, legal_entity: str) -> Decision:
    """Whether the person may try this version on what is stored of a legal entity: whoever may write it or publish it.

    What it finds is of that legal entity alone, so who sees it may also try a draft for all of them.
    """
    if table.status not in DecisionTable.OPEN:
        return deny(f"This version is {table.get_status_display().lower()}: only drafts are tried.")
    if not (user.has_perm("hub_rules.change_decisiontable") or user.has_perm("hub_rules.publish_decisiontable")):
        return deny("Only people who may write or publish decision tables can do this.")
    if table.legal_entity and legal_entity != table.legal_entity:
        return deny(f"This version decides for {table.legal_entity} alone.")
    return _of_entity(user, legal_entity)


def can_stop_run(run: DraftRun, user: User) -> Decision:
    """Whether the person may stop this draft run."""
    if run.state != DraftRun.State.RUNNING:
        return deny(f"This draft run is {run.get_state_display().lower()}.")
    if run.stop_asked_by:
        return deny(f"{run.stop_asked_by} stopped it; it ends after what it is at.")
    return can_run_draft(run.table, user, run.legal_entity)


def _second_person(table: DecisionTable, user: User) -> Decision:
    allowed = _may_publish(table, user)
    if allowed and table.author_id == user.pk:
        return deny("You wrote this version, so someone else must publish it.")
    return allowed


def _may_publish(table: DecisionTable, user: User) -> Decision:
    if not user.has_perm("hub_rules.publish_decisiontable"):
        return deny("Only people who may publish decision tables can do this.")
    return _within(user, table.legal_entity)


def _within(user: User, legal_entity: str) -> Decision:
    if not legal_entity and not user.all_legal_entities:
        return deny("It decides for every legal entity; ask somebody who sees them all.")
    return _of_entity(user, legal_entity) if legal_entity else ALLOW


def _of_entity(user: User, legal_entity: str) -> Decision:
    if not user.may_see(legal_entity):
        return deny(f"Legal entity {legal_entity} is outside your scope.")
    return ALLOW
