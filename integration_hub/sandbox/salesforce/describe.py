"""The org describes itself: what a connector reads before it maps a field."""

from __future__ import annotations

from ..messages import Json
from .fields import NUMBERS, Field, SObject
from .schema import OBJECTS

_SOAP = {"currency": "double", "percent": "double", "textarea": "string", "picklist": "string", "reference": "ID"}
_SOAP |= {"id": "ID", "datetime": "dateTime"}


def summary(target: SObject, version: str) -> Json:
    """An object in the list of all objects."""
    base = f"/services/data/v{version}/sobjects/{target.name}"
    return {
        "name": target.name,
        "label": target.name.removesuffix("__c").replace("_", " "),
        "labelPlural": target.name.removesuffix("__c").replace("_", " ") + "s",
        "keyPrefix": target.prefix,
        "custom": target.custom,
        "createable": target.writable,
        "updateable": target.writable,
        "deletable": target.writable,
        "queryable": True,
        "replicateable": True,
        "retrieveable": True,
        "searchable": True,
        "undeletable": target.writable,
        "mergeable": target.name == "Account",
        "urls": {
            "sobject": base,
            "describe": f"{base}/describe",
            "rowTemplate": base + "/{ID}",
        },
    }


def full(target: SObject, version: str) -> Json:
    """An object with its fields and children."""
    children = [
        {"childSObject": child.name, "field": field.name, "relationshipName": None, "cascadeDelete": False}
        for child in OBJECTS.values()
        for field in child.fields.values()
        if field.refers == target.name
    ]
    return summary(target, version) | {
        "fields": [_field(field, target) for field in target.fields.values()],
        "childRelationships": children,
        "recordTypeInfos": [],
    }


def _field(field: Field, target: SObject) -> Json:
    writable = target.writable and not field.readonly
    text = field.type in {"string", "textarea", "picklist"}
    return {
        "name": field.name,
        "label": field.name.removesuffix("__c").replace("_", " "),
        "type": field.type,
        "soapType": f"xsd:{_SOAP.get(field.type, field.type)}".replace("xsd:ID", "tns:ID"),
        "length": 18 if field.type in {"id", "reference"} else field.length if text else 0,
        "byteLength": field.length * 3 if text else 18 if field.type in {"id", "reference"} else 0,
        "precision": 18 if field.type in NUMBERS and field.type != "int" else 0,
        "scale": field.scale if field.type in NUMBERS else 0,
        "digits": 8 if field.type == "int" else 0,
        "custom": field.custom,
        "createable": writable,
        "updateable": writable,
        "nillable": not field.required and field.type != "boolean",
        "defaultedOnCreate": field.default is not None or field.type == "boolean" or bool(field.auto),
        "defaultValue": field.default,
        "calculated": field.readonly and field.name in {"StatusCode", "IsClosed", "IsWon"},
        "autoNumber": bool(field.auto),
        "externalId": field.external_id,
        "idLookup": field.external_id or field.name == "Id",
        "unique": field.unique,
        "caseSensitive": False,
        "filterable": field.type != "textarea" or field.length <= 255,
        "sortable": field.type != "textarea" or field.length <= 255,
        "nameField": field.name == "Name",
        "referenceTo": [field.refers] if field.refers else [],
        "relationshipName": field.relationship or None,
        "restrictedPicklist": field.restricted,
        "picklistValues": [
            {"active": True, "defaultValue": value == field.default, "label": value, "value": value}
            for value in field.values
        ],
    }
