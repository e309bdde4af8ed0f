"""REST: processes and where each one stands."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.routers import SimpleRouter

from integration_hub.api.views import Nouns
from integration_hub.people.models import User
from integration_hub.processes import queries
from integration_hub.processes.models import Process


class ProcessSerializer(serializers.ModelSerializer[Process]):
    """One run of a saga for one business key."""

    class Meta:
        model = Process
        fields = ("id", "definition", "definition_version", "business_key",
                  "attempt", "legal_entity", "label", "state", "failure",
                  "started_at", "finished_at", "version")  # fmt: skip


class StepSerializer(serializers.Serializer[Any]):
    """One named step, with the effect it planned."""

    number = serializers.IntegerField()
    name = serializers.CharField()
    title = serializers.CharField()
    state = serializers.CharField()
    detail = serializers.CharField()
    can_be_undone = serializers.BooleanField()
    lane = serializers.CharField(help_text="Where it happens: hub, crm, psa, erp or tax.")
    due_at = serializers.DateTimeField(allow_null=True)
    overdue = serializers.BooleanField()
    effect_id = serializers.IntegerField(source="effect.pk", default=None, allow_null=True)
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)


class ProcessPageSerializer(ProcessSerializer):
    """A process with its steps."""

    steps = serializers.SerializerMethodField()

    class Meta(ProcessSerializer.Meta):
        fields = (*ProcessSerializer.Meta.fields, "steps")  # type: ignore[assignment]

    @extend_schema_field(StepSerializer(many=True))
    def get_steps(self, row: Process) -> Any:
        """Its steps in order."""
        return StepSerializer(queries.picture(row).steps, many=True).data


class ProcessFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which processes."""

    definition = django_filters.CharFilter()
    business_key = django_filters.CharFilter()
    state = django_filters.ChoiceFilter(choices=Process.State.choices)
    legal_entity = django_filters.CharFilter(help_text="Its code.")


class Processes(Nouns):
    """Activations, amendments and what else goes in named steps."""

    required_scopes = {"GET": "processes:read"}
    required_permission = "hub_processes.view_process"
    serializer_class = ProcessSerializer
    detail_serializer_class = ProcessPageSerializer
    filterset_class = ProcessFilter

    def rows(self, user: User) -> QuerySet[Process]:
        """Processes of the person's legal entities."""
        return queries.visible_to(user)


router = SimpleRouter()
router.register("processes", Processes, "process")

urlpatterns = router.urls
