"""`$metadata` of a service as EDMX of OData v2, which generic clients read first."""

from __future__ import annotations

from .schema import SETS, EntitySet

_TYPES = {
    "text": "Edm.String", "number": "Edm.Decimal", "date": "Edm.DateTime", "stamp": "Edm.DateTimeOffset",
    "time": "Edm.Time", "guid": "Edm.Guid", "boolean": "Edm.Boolean",
}  # fmt: skip


def document(service: str) -> str:
    """The whole document of a service."""
    own = [one for one in SETS.values() if one.service == service]
    types = "".join(_type(one) for one in own)
    ways = [(one, name, way.to, way.many) for one in own for name, way in one.ways.items()]
    links = "".join(
        f'<Association Name="{name}"><End Type="{service}.{one.type}" Multiplicity="1" Role="From_{name}"/>'
        f'<End Type="{service}.{SETS[to].type}" Multiplicity="{"*" if many else "0..1"}" Role="To_{name}"/>'
        "</Association>"
        for one, name, to, many in ways
    )
    sets = "".join(f'<EntitySet Name="{one.name}" EntityType="{service}.{one.type}"/>' for one in own)
    sets += "".join(
        f'<AssociationSet Name="{name}Set" Association="{service}.{name}"><End EntitySet="{one.name}" '
        f'Role="From_{name}"/><End EntitySet="{to}" Role="To_{name}"/></AssociationSet>'
        for one, name, to, _ in ways
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<edmx:Edmx Version="1.0" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx">'
        '<edmx:DataServices m:DataServiceVersion="2.0" '
        'xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata">'
        f'<Schema Namespace="{service}" xmlns="http://schemas.microsoft.com/ado/2008/09/edm">{types}{links}'
        f'<EntityContainer Name="{service}_Entities" m:IsDefaultEntityContainer="true">{sets}</EntityContainer>'
        "</Schema></edmx:DataServices></edmx:Edmx>"
    )


def _type(of: EntitySet) -> str:
    keys = "".join(f'<PropertyRef Name="{name}"/>' for name in of.keys)
    fields = "".join(_property(name, kind, key=name in of.keys) for name, kind in of.fields.items())
    ways = "".join(
        f'<NavigationProperty Name="{name}" Relationship="{of.service}.{name}" FromRole="From_{name}" '
        f'ToRole="To_{name}"/>'
        for name in of.ways
    )
    return f'<EntityType Name="{of.type}"><Key>{keys}</Key>{fields}{ways}</EntityType>'


def _property(name: str, kind: str, *, key: bool) -> str:
    more = (
        ' Precision="24" Scale="3"'
        if kind == "number"
        else ' Precision="0"'
        if kind in {"date", "stamp", "time"}
        else ""
    )
    return f'<Property Name="{name}" Type="{_TYPES[kind]}" Nullable="{"false" if key else "true"}"{more}/>'
