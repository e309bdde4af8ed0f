"""`$metadata`: the data entities as CSDL, which generic OData clients read first."""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

from .schema import ENUMS, NAMESPACE, SETS, STAMP, EntitySet, Field

_TYPES = {"text": "Edm.String", "number": "Edm.Decimal", "integer": "Edm.Int32", "date": "Edm.DateTimeOffset"}


def document(*, stamped: bool) -> str:
    """The whole document."""
    types = "".join(_type(one, stamped=stamped) for one in SETS.values())
    enums = "".join(_enum(name, members) for name, members in ENUMS.items())
    sets = "".join(f'<EntitySet Name="{one.name}" EntityType="{NAMESPACE}.{one.type}"/>' for one in SETS.values())
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>'
        f'<Schema Namespace="{NAMESPACE}" xmlns="http://docs.oasis-open.org/odata/ns/edm">'
        f'{enums}{types}<EntityContainer Name="Resources">{sets}</EntityContainer>'
        "</Schema></edmx:DataServices></edmx:Edmx>"
    )


def _type(of: EntitySet, *, stamped: bool) -> str:
    keys = "".join(f'<PropertyRef Name="{name}"/>' for name in of.keys)
    fields = "".join(_property(field) for field in of.fields)
    if stamped:
        fields += _property(Field(STAMP, "date", set_by_system=True))
    return f"<EntityType Name={quoteattr(of.type)}><Key>{keys}</Key>{fields}</EntityType>"


def _property(field: Field) -> str:
    kind = _TYPES.get(field.type, f"{NAMESPACE}.{field.type}")
    computed = '<Annotation Term="Org.OData.Core.V1.Computed" Bool="true"/>' if field.set_by_system else ""
    return f'<Property Name="{field.name}" Type="{kind}">{computed}</Property>'


def _enum(name: str, members: tuple[str, ...]) -> str:
    listed = "".join(f'<Member Name="{member}" Value="{value}"/>' for value, member in enumerate(members))
    return f'<EnumType Name="{name}">{listed}</EnumType>'
