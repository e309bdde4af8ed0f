"""What an act would bring, for programs: nothing is changed by asking."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from billing import simulation
from billing.simulated import facts
from contracts.models import Amendment
from integration_hub.api.fields import ExactField
from integration_hub.api.views import Nouns
from integration_hub.people.models import User
from integration_hub.people.scope import scoped


class SimulatedDocumentSerializer(serializers.Serializer[Any]):
    """A document that would be made; `tax` is null where no rate is known yet."""

    kind = serializers.CharField()
    is_supplemental = serializers.BooleanField()
    is_release = serializers.BooleanField()
    is_deposit = serializers.BooleanField()
    lines = serializers.IntegerField()
    net = ExactField()
    tax = ExactField(allow_null=True)
    tax_is_estimate = serializers.BooleanField()
    drawn = ExactField(help_text="What prepaid retainers would pay of it.")
    due = ExactField()


class OutlookSerializer(serializers.Serializer[Any]):
    """Where a contract would stand."""

    documents = SimulatedDocumentSerializer(many=True)
    states = serializers.DictField(child=serializers.CharField(), help_text="Value of its work by state.")
    caps = serializers.DictField(child=serializers.CharField(), help_text="What is used of each limit.")
    retainers = serializers.DictField(
        child=serializers.CharField(), help_text="What is left of each retainer; of hour retainers in minutes."
    )
    deposits = serializers.DictField(child=serializers.CharField(), help_text="What is left of each, by line.")
    retention = serializers.DictField(child=serializers.CharField(), help_text="What each payer withholds.")
    recognised = serializers.DictField(
        child=serializers.CharField(), help_text="By month, where revenue is what may be invoiced."
    )


class SimulationSerializer(serializers.Serializer[Any]):
    """One contract without the act and with it, both after a billing run through `through`."""

    contract = serializers.CharField()
    currency = serializers.CharField()
    through = serializers.DateField(allow_null=True)
    without = OutlookSerializer()
    with_it = OutlookSerializer()


def answered(found: list[simulation.Simulation]) -> Response:
    """The answer to a simulation; NotReady, which it may raise, is a 409."""
    return Response(SimulationSerializer([facts(one) for one in found], many=True).data)


class SimulatedAmendmentSerializer(serializers.ModelSerializer[Amendment]):
    """An amendment of a contract."""

    contract = serializers.CharField(source="contract.number", read_only=True)

    class Meta:
        model = Amendment
        fields = ("id", "contract", "number", "kind", "status", "signed_on", "effective_on", "changes", "description")


class Amendments(Nouns):
    """Amendments with what they change. They are signed in the CRM."""

    required_scopes = {"GET": "billing:read"}
    required_permission = "contracts.view_contract"
    serializer_class = SimulatedAmendmentSerializer

    def rows(self, user: User) -> QuerySet[Amendment]:
        """Amendments of contracts of the person's legal entities."""
        return scoped(Amendment.objects.select_related("contract"), user, "contract__legal_entity__code")

    @extend_schema(responses=SimulationSerializer(many=True))
    @action(detail=True, methods=["get"])
    def simulation(self, _request: Request, pk: str) -> Response:
        """What a draft amendment would bring once it is signed: tried with the same code, and taken back."""
        return answered(simulation.of_amendment(self.get_object()))
