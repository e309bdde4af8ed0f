"""What every operation of the OpenAPI document says beside its own: its scope, and the problems it may answer with."""

from typing import Any, Literal

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from inflection import camelize
from rest_framework import serializers

from integration_hub.api.errors import MEDIA_TYPE
from integration_hub.api.permissions import required_scope


class FieldProblemSerializer(serializers.Serializer[Any]):
    """One thing wrong with one field."""

    field = serializers.CharField(allow_blank=True)
    message = serializers.CharField()
    remedy = serializers.CharField(allow_blank=True)


class ProblemSerializer(serializers.Serializer[Any]):
    """An error by RFC 9457."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    instance = serializers.CharField()
    request_id = serializers.CharField(allow_blank=True)
    errors = FieldProblemSerializer(many=True)  # type: ignore[assignment]  # our field, not the framework's errors


PROBLEMS = {"400": "Not valid", "401": "No valid token", "403": "Not allowed", "404": "Not found or outside your scope"}
WRITE_PROBLEMS = {
    "409": "Changed meanwhile, or not possible in this state",
    "413": "The body is too large",
    "415": "Not JSON",
    "422": "The input was refused",
}


class HubSchema(AutoSchema):
    """The schema of one view."""

    def get_description(self) -> str:  # type: ignore[override]  # as drf-spectacular calls it
        """The view's own words and the scope it needs."""
        scope = required_scope(self.view, self.method)
        text: str = super().get_description()
        return f"{text}\n\nScope: `{scope}`.".strip()

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> Any:
        bodies = super()._get_response_bodies(direction)
        problem = self.resolve_serializer(ProblemSerializer, direction)
        problems = PROBLEMS if self.method == "GET" else PROBLEMS | WRITE_PROBLEMS
        for status, text in problems.items():
            bodies.setdefault(status, {"content": {MEDIA_TYPE: {"schema": problem.ref}}, "description": text})
        return bodies

    def _map_serializer_field(
        self, field: Any, direction: Literal["request", "response"], bypass_extensions: bool = False
    ) -> Any:
        """Choices become named components (`CandidateStatus`), so that clients get one type for each set."""
        schema: Any = super()._map_serializer_field(field, direction, bypass_extensions)  # type: ignore[no-untyped-call]
        if not isinstance(field, serializers.ChoiceField) or "enum" not in schema:
            return schema
        parent = field.parent
        model = getattr(getattr(parent, "Meta", None), "model", None)
        owner = model.__name__ if model else type(parent).__name__.removesuffix("Serializer")
        name = f"{owner}{camelize(str(field.field_name))}"
        schema.pop("x-spec-enum-id", None)
        component = ResolvedComponent(  # type: ignore[no-untyped-call]
            name=name, type=ResolvedComponent.SCHEMA, schema=schema, object=name
        )
        self.registry.register_on_missing(component)
        return component.ref


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # untyped library
    """How the schema describes the token."""

    target_class = "integration_hub.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """A bearer token."""
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "tl_…",
            "description": "A token made by `manage.py api_token` or in Django admin.",
        }
