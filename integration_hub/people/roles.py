"""What each role may do: groups of permissions, kept in code and synchronised by `manage.py sync_roles`.

Rights are given to roles, never to single people, so that an access review has one table to read.
"""

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import Q, QuerySet

from integration_hub.people.models import Role, User

SEE_BUSINESS = (
    "contracts.view_contract",
    "contracts.view_payersplit",
    "contracts.view_customer",
    "contracts.view_project",
    "contracts.view_milestone",
    "contracts.view_progressmeasure",
    "contracts.view_ratecard",
    "contracts.view_exchangerate",
    "billing.view_billableevent",
    "billing.view_piece",
    "billing.view_hold",
    "billing.view_candidate",
    "billing.view_invoice",
    "billing.view_payment",
    "billing.view_billingrun",
    "billing.view_latechange",
    "billing.view_writedown",
    "hub_cases.view_case",
    "hub_trail.view_event",
    "hub_rules.view_decisiontable",
    "hub_clocks.view_target",
    "billing.view_delegation",
)
SEE_INTEGRATION = (
    "hub_connectors.view_connection",
    "hub_connectors.view_call",
    "hub_intake.view_feed",
    "hub_intake.view_run",
    "hub_intake.view_sourceversion",
    "hub_intake.view_delivery",
    "hub_intake.view_filedrop",
    "hub_effects.view_effect",
    "hub_downstream.view_stream",
    "hub_effects.view_correction",
    "hub_effects.view_postinggate",
    "hub_processes.view_process",
    "hub_replay.view_plan",
    "hub_work.view_lane",
    "hub_work.view_item",
    "hub_work.view_overtaking",
    "hub_mapping.view_mapping",
    "hub_mapping.view_valuemap",
    "reconciliation.view_tieout",
    "reconciliation.view_pairrun",
    "reconciliation.view_periodclose",
)

RIGHTS: dict[Role, tuple[str, ...]] = {
    Role.FINANCE: (
        *SEE_BUSINESS,
        *SEE_INTEGRATION,
        "contracts.add_exchangerate",
        "contracts.view_costrate",
        "contracts.add_costrate",
        "contracts.add_ratecard",
        "contracts.view_transferprice",
        "contracts.add_transferprice",
        "contracts.approve_transferprice",
        "contracts.view_capacity",
        "contracts.decide_progressmeasure",
        "contracts.add_payersplit",
        "costs.view_cost",
        "costs.view_costposting",
        "costs.post_cost",
        "costs.view_intercompanycharge",
        "costs.view_purchase",
        "costs.decide_purchase",
        "costs.view_reimbursement",
        "costs.post_reimbursement",
        "costs.accept_reimbursement",
        "hub_cases.handle_case",
        "billing.place_hold",
        "billing.release_hold",
        "billing.start_billingrun",
        "billing.approve_candidate",
        "billing.post_candidate",
        "billing.dissolve_candidate",
        "billing.credit_invoice",
        "billing.release_retention",
        "billing.bill_deposit",
        "billing.decide_latechange",
        "billing.propose_writedown",
        "billing.approve_writedown",
        "billing.recognise_revenue",
        "billing.view_revenueposting",
        "billing.post_revenue",
        "hub_rules.publish_decisiontable",
        "hub_effects.retry_effect",
        "hub_effects.add_correction",
        "hub_effects.approve_correction",
        "hub_work.approve_overtaking",
        "hub_replay.plan_replay",
        "hub_replay.approve_replay",
        "reconciliation.run_tieout",
        "reconciliation.run_pairrun",
        "reconciliation.decide_pairbreak",
        "reconciliation.sign_periodclose",
    ),
    Role.BILLING_ANALYST: (
        *SEE_BUSINESS,
        *SEE_INTEGRATION,
        "costs.view_purchase",
        "costs.decide_purchase",
        "hub_cases.handle_case",
        "billing.place_hold",
        "billing.start_billingrun",
        "billing.dissolve_candidate",
        "billing.credit_invoice",
        "billing.release_retention",
        "billing.bill_deposit",
        "billing.decide_latechange",
        "billing.propose_writedown",
        "hub_effects.retry_effect",
        "hub_effects.add_correction",
        "hub_replay.plan_replay",
        "reconciliation.run_tieout",
        "reconciliation.run_pairrun",
        "reconciliation.decide_pairbreak",
    ),
    Role.PMO: (
        *SEE_BUSINESS,
        *SEE_INTEGRATION,
        "contracts.view_capacity",
        "contracts.add_progressmeasure",
        "contracts.decide_progressmeasure",
        "hub_cases.handle_case",
        "billing.place_hold",
        "billing.release_hold",
        "billing.propose_writedown",
        "billing.approve_writedown",
    ),
    Role.DELIVERY_LEAD: (
        *SEE_BUSINESS,
        "contracts.view_capacity",
        "contracts.add_progressmeasure",
        "hub_cases.handle_case",
        "billing.place_hold",
        "billing.propose_writedown",
        "billing.approve_writedown",
    ),
    Role.INTEGRATION_ADMIN: (
        *SEE_BUSINESS,
        *SEE_INTEGRATION,
        "hub_cases.handle_case",
        "hub_connectors.add_connection",
        "hub_connectors.change_connection",
        "hub_connectors.pause_connection",
        "hub_connectors.rotate_credentials",
        "hub_downstream.change_stream",
        "hub_intake.change_feed",
        "hub_intake.run_feed",
        "hub_intake.drop_file",
        "hub_mapping.add_mapping",
        "hub_mapping.change_mapping",
        "hub_mapping.publish_mapping",
        "hub_mapping.add_fieldrule",
        "hub_mapping.change_fieldrule",
        "hub_mapping.delete_fieldrule",
        "hub_mapping.add_valuemap",
        "hub_mapping.change_valuemap",
        "hub_mapping.add_valuerow",
        "hub_mapping.change_valuerow",
        "hub_mapping.view_fieldrule",
        "hub_mapping.view_valuerow",
        "hub_mapping.delete_valuerow",
        "hub_rules.add_decisiontable",
        "hub_rules.change_decisiontable",
        "hub_rules.delete_decisiontable",
        "hub_rules.publish_decisiontable",
        "hub_effects.retry_effect",
        "hub_replay.plan_replay",
        "hub_replay.approve_replay",
        "hub_clocks.add_target",
        "hub_effects.add_postinggate",
        "hub_effects.change_postinggate",
        "hub_effects.delete_postinggate",
        "hub_work.steer_item",
        "hub_work.approve_overtaking",
        "hub_notices.view_message",
        "hub_notices.resend_message",
        "hub_notices.view_room",
        "hub_notices.add_room",
        "hub_notices.change_room",
        "hub_notices.view_roledefault",
        "hub_notices.add_roledefault",
        "hub_notices.change_roledefault",
        "hub_notices.delete_roledefault",
        "hub_api.view_apitoken",
        "hub_api.add_apitoken",
        "hub_api.change_apitoken",
        "hub_processes.change_process",
        "contracts.view_route",
        "contracts.add_route",
        "contracts.change_route",
        "contracts.view_eligibilityrule",
        "contracts.add_eligibilityrule",
        "contracts.change_eligibilityrule",
        "contracts.view_legalentity",
        "contracts.change_legalentity",
        "contracts.view_contractline",
        "contracts.view_capacity",
        "contracts.add_capacity",
        "contracts.change_capacity",
        "contracts.delete_capacity",
        "contracts.view_holiday",
        "contracts.add_holiday",
        "contracts.change_holiday",
        "contracts.delete_holiday",
        "contracts.view_absence",
        "contracts.add_absence",
        "contracts.change_absence",
        "contracts.delete_absence",
        "contracts.view_resource",
    ),
    Role.AUDITOR: (
        *SEE_BUSINESS,
        *SEE_INTEGRATION,
        "contracts.view_costrate",
        "contracts.view_capacity",
        "contracts.view_transferprice",
        "costs.view_cost",
        "costs.view_intercompanycharge",
        "costs.view_costposting",
        "costs.view_purchase",
        "costs.view_reimbursement",
        "billing.view_revenueposting",
    ),
}

STAFF = {Role.INTEGRATION_ADMIN}
"""Roles that work in Django admin."""


def holders(right: str) -> QuerySet[User]:
    """People at work here who have a right, `app.codename`, by their role or as superusers."""
    app, _, codename = right.partition(".")
    permitted = Q(groups__permissions__codename=codename, groups__permissions__content_type__app_label=app)
    own = Q(user_permissions__codename=codename, user_permissions__content_type__app_label=app)
    which = User.objects.filter(permitted | own | Q(is_superuser=True), is_active=True).values("pk")
    return User.objects.filter(pk__in=which)


@transaction.atomic
def sync() -> list[str]:
    """Make every role's group hold exactly its rights. Raises LookupError for a right that does not exist."""
    known = {
        f"{app}.{codename}": pk
        for pk, codename, app in Permission.objects.values_list("pk", "codename", "content_type__app_label")
    }
    for role, rights in RIGHTS.items():
        missing = sorted(set(rights) - known.keys())
        if missing:
            raise LookupError(f"Role {role} names rights that do not exist: {', '.join(missing)}.")
        group, _ = Group.objects.get_or_create(name=role.value)
        group.permissions.set([known[right] for right in rights])
    return [role.value for role in RIGHTS]


@transaction.atomic
def give(*, user: User, role: Role) -> None:
    """Give a person one role: its group, its home, and admin access where the role works there."""
    user.role = role
    user.is_staff = user.is_superuser or role in STAFF
    user.save(update_fields=["role", "is_staff"])
    user.groups.set(Group.objects.filter(name=role.value))
