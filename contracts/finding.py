"""What the search box finds by part of a name; exact numbers and ids are found by the trail's finders."""

from collections.abc import Iterator

from django.db.models import Q
from django.urls import reverse

from contracts.queries import contracts_for, customers_for, projects_for
from integration_hub.console.search import Hit
from integration_hub.people.models import User

SHORTEST, MOST = 3, 10


def by_name(query: str, user: User) -> Iterator[Hit]:
    """Customers, contracts and projects of the person's legal entities whose name has this in it."""
    if len(query) < SHORTEST:
        return
    if user.has_perm("contracts.view_customer"):
        for customer in customers_for(user).filter(name__icontains=query).order_by("name")[:MOST]:
            yield Hit(
                "customer", customer.name, customer.code, reverse("contracts:customer-detail", args=[customer.pk])
            )
    if user.has_perm("contracts.view_contract"):
        named = Q(name__icontains=query) | Q(customer__name__icontains=query)
        for contract in contracts_for(user).filter(named).order_by("number")[:MOST]:
            url = reverse("contracts:contract-detail", args=[contract.pk])
            yield Hit("contract", f"{contract.number} {contract.name}", contract.customer.name, url)
    if user.has_perm("contracts.view_project"):
        for project in projects_for(user).filter(name__icontains=query).order_by("code")[:MOST]:
            url = reverse("contracts:project-detail", args=[project.pk])
            yield Hit("project", str(project), project.get_status_display(), url)
