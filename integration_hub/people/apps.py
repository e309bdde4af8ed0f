"""App configuration."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """Users, roles and legal-entity scope."""

    name = "integration_hub.people"
    label = "hub_people"
    verbose_name = "People"
