"""How values are written: amounts and rates as decimal strings without noise, unknown fields refused by name."""

from decimal import Decimal
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from integration_hub.kernel.money import is_currency, minor_units


class StrictSerializer(serializers.Serializer[Any]):
    """A request body that refuses fields it does not know, by name."""

    def to_internal_value(self, data: Any) -> Any:
        """The validated values; a ValidationError names every unknown field beside the wrong ones."""
        problems: dict[str, Any] = {}
        values: Any = {}
        try:
            values = super().to_internal_value(data)
        except serializers.ValidationError as error:
            problems.update(error.detail if isinstance(error.detail, dict) else {"non_field_errors": error.detail})
        if isinstance(data, dict):
            known = ", ".join(self.fields)
            for name in data.keys() - self.fields.keys():
                problems[str(name)] = [f"This field is not known. The fields are {known}."]
        if problems:
            raise serializers.ValidationError(problems)
        return values


class VersionedSerializer(StrictSerializer):
    """A decision states the version it was made on."""

    version = serializers.IntegerField(min_value=1, help_text="The version you saw.")


class ReasonedSerializer(VersionedSerializer):
    """A decision that has to be explained."""

    reason = serializers.CharField(help_text="Why, for whoever reads it later.")


@extend_schema_field(OpenApiTypes.DECIMAL)
class AmountField(serializers.Field[Any, Any, str, Any]):
    """An amount with at least the places of its currency (`currency` names where it is on the row) and no noise."""

    def __init__(self, currency: str = "currency", **kwargs: Any) -> None:
        self.currency = currency
        kwargs["read_only"] = True
        super().__init__(**kwargs)

    def get_attribute(self, instance: Any) -> Any:
        """The amount with its currency."""
        amount = super().get_attribute(instance)
        return None if amount is None else (amount, _follow(instance, self.currency))

    def to_representation(self, value: tuple[Decimal, str]) -> str:
        """`1234.50`; more places only where they carry something."""
        return amount_text(*value)


@extend_schema_field(OpenApiTypes.DECIMAL)
class ExactField(serializers.Field[Any, Any, str, Any]):
    """A rate, hours or minutes: exact, at least two places."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs["read_only"] = True
        super().__init__(**kwargs)

    def to_representation(self, value: Decimal) -> str:
        """`165.00`, `0.3333`."""
        return decimal_text(value, 2)


def amount_text(amount: Decimal, currency: str) -> str:
    """An amount as a decimal string with at least its currency's places."""
    return decimal_text(amount, minor_units(currency) if is_currency(currency) else 2)


def decimal_text(value: Decimal, places: int) -> str:
    """A decimal string with at least `places` places and no trailing zeros beyond them."""
    plain = value.normalize()
    exponent = plain.as_tuple().exponent
    shown = plain.quantize(Decimal(1).scaleb(-places)) if isinstance(exponent, int) and -exponent < places else plain
    return f"{shown:f}"


def _follow(instance: Any, path: str) -> str:
    for name in path.split("."):
        instance = instance.get(name) if isinstance(instance, dict) else getattr(instance, name)
    return str(instance or "")
