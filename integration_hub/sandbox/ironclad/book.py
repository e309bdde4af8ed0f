"""The company's records, counterparties and workflows: checked, saved, and shown as the tenant is set up today."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from typing import Any

from .. import stamps
from ..messages import Call, Event, Json, mapping, scalar, sequence
from ..store import Records, Store
from . import schema
from .wording import refused

COMPANY, WEBHOOK = "605b8f1c2d3e4f5a6b7c8d9e", "611f0a1b2c3d4e5f6a7b8c9d"


class Book:
    """What is kept. Every change moves `lastUpdated`; what was deleted leaves no trace."""

    def __init__(self, store: Store, setting: Callable[[str], Any]) -> None:
        self.store = store
        self.setting = setting
        kinds = {
            "records": schema.RECORDS,
            "entities": schema.ENTITIES,
            "workflows": schema.WORKFLOWS,
            "webhooks": schema.WEBHOOKS,
            "jobs": schema.JOBS,
        }
        store.define(kinds.values())
        self.kept: dict[str, Records] = {name: store.records(kind) for name, kind in kinds.items()}

    def key(self) -> str:
        """The id of something new: a uuid that the same run gives again."""
        count = self.store.next("ironclad:id")
        return str(uuid.UUID(hashlib.sha256(f"ironclad/{count}".encode()).hexdigest()[:32]))

    def get(self, kind: str, key: str) -> Json:
        """By id, or by the readable id. Raises the vendor's 404."""
        found = self.kept[kind].get(key)
        if found is None and key.startswith(("IC-", "ENTITY-")):
            row = self.kept[kind].first("json_extract(body, '$.ironcladId') = ?", (key,))
            found = row.body if row else None
        if found is None:
            raise refused("not found", code="NOT_FOUND", status=404)
        return found

    def save(self, kind: str, body: Json) -> Json:
        at = self.store.clock.tick()
        body["lastUpdated"] = stamps.zulu(at)
        self.kept[kind].put(body["id"], body, at)
        return body

    # -- records and counterparties -----------------------------------------------------------------------------------

    def record(self, call: Call | None, values: Json) -> Json:
        """A record enters the repository: executed elsewhere or here, it says so by its status."""
        kind = scalar(values.get("type"), "type")
        if kind not in schema.TYPES:
            raise refused(f"unknown record type {kind}", "type")
        number = self.store.next("ironclad:number", 1)
        body: Json = {
            "id": self.key(),
            "ironcladId": f"IC-{number}",
            "type": kind,
            "name": scalar(values.get("name"), "name"),
            "properties": self._properties(mapping(values.get("properties", {}), "properties")),
            "attachments": {},
            "links": [],
            "childIds": [],
            "contractStatus": values.get("contractStatus") or {"status": "active", "enhancedStatus": "executed"},
            "source": {"type": "workflow"},
        }
        self._adopt(body, values.get("parent"), values.get("propertiesToAmend"))
        self.save("records", body)
        self._tell_status(call, body)
        return body

    def change(self, call: Call | None, key: str, values: Json) -> Json:
        """PATCH of a record: properties are added and removed, a parent is set."""
        body = self.get("records", key)
        body["properties"] |= self._properties(mapping(values.get("addProperties", {}), "addProperties"))
        for name in sequence(values.get("removeProperties", []), "removeProperties"):
            body["properties"].pop(str(name), None)
        for name in ("type", "name"):
            if name in values:
                body[name] = scalar(values[name], name)
        if values.get("contractStatus"):
            body["contractStatus"] = mapping(values["contractStatus"], "contractStatus")
        self._adopt(body, values.get("setParent"), values.get("addPropertiesToAmend"))
        self.save("records", body)
        if "contractStatus" in values:
            self._tell_status(call, body)
        return body

    def _tell_status(self, call: Call | None, body: Json) -> None:
        told = {"event": "record_contract_status_changed", "recordID": body["id"], "recordType": body["type"]}
        self._tell(call, "record", body["id"], told)

    def _tell(self, call: Call | None, entity: str, key: str, payload: Json) -> None:
        """A webhook says what happened to what, and nothing more."""
        if call is not None:
            at = stamps.zulu(self.store.clock.now())
            body = {"payload": payload, "companyID": COMPANY, "webhookID": WEBHOOK, "timestamp": at}
            call.emit(Event(payload["event"], entity, key, body))

    def _adopt(self, body: Json, parent: Any, amends: Any) -> None:
        """An amendment is tied to its parent, which then shows the amended values beside the original ones."""
        if not parent:
            return
        parent = mapping(parent, "parent")
        above = self.get("records", scalar(parent.get("recordId"), "parent.recordId"))
        body["parentId"] = above["id"]
        above["childIds"] = sorted({*above["childIds"], body["id"]})
        if parent.get("parentLinkType") == "amendment":
            body["parentLinkType"] = "amendment"
            above["amendments"] = sorted({*above.get("amendments", []), body["id"]})
        for name in mapping(amends or {}, "propertiesToAmend"):
            if name in body["properties"]:
                now = above["properties"].get(name, {})
                kept = now.get("originalValue", now.get("value"))
                above["properties"][name] = {**body["properties"][name], "originalValue": kept}
        self.save("records", above)

    def entity(self, values: Json, body: Json | None = None) -> Json:
        """A counterparty, new or changed."""
        if body is None:
            number = self.store.next("ironclad:entity", 1)
            body = {"id": self.key(), "ironcladId": f"ENTITY-{number}", "properties": {}, "namedTypeIds": []}
            values = {"status": "ACTIVE", **values}
        for name in ("name", "status"):
            if name in values or name not in body:
                body[name] = scalar(values.get(name), name)
        added = values.get("properties") or values.get("addProperties") or {}
        body["properties"] |= self._properties(mapping(added, "properties"))
        if values.get("parent"):
            body["parentId"] = self.get("entities", scalar(values["parent"].get("recordId"), "parent"))["id"]
        return self.save("entities", body)

    def _properties(self, given: Json) -> Json:
        renamed = {theirs: ours for ours, theirs in self.setting("renamed").items()}
        checked: Json = {}
        for name, value in given.items():
            known = renamed.get(name, name)
            if known not in schema.PROPERTIES:
                raise refused(f"unknown property {name}", f"properties.{name}")
            told = mapping(value, f"properties.{name}")
            if told.get("type") not in {schema.PROPERTIES[known], self.setting("retyped").get(known)}:
                raise refused(f"{name} must be of type {schema.PROPERTIES[known]}", f"properties.{name}.type")
            checked[known] = {"type": told["type"], "value": told.get("value")}
        return checked

    def shown(self, body: Json) -> Json:
        """With the tenant's names and types of today: an administrator there renames and retypes as he likes."""
        renamed, retyped = self.setting("renamed"), self.setting("retyped")
        if "properties" not in body or not (renamed or retyped):
            return body
        made: Json = {}
        for name, told in body["properties"].items():
            if name in retyped:
                told = {**told, "type": retyped[name], "value": _as_text(told["value"])}
            made[renamed.get(name, name)] = told
        return {**body, "properties": made}

    # -- workflows ----------------------------------------------------------------------------------------------------

    def launch(self, call: Call | None, values: Json) -> Json:
        """A contract sets out: draft, review, signature."""
        template = scalar(values.get("template", next(iter(schema.TEMPLATES))), "template")
        if template not in schema.TEMPLATES:
            raise refused(f"unknown template {template}", "template")
        number = self.store.next("ironclad:number", 1)
        at = stamps.zulu(self.store.clock.now())
        body: Json = {
            "id": hashlib.sha256(self.key().encode()).hexdigest()[:24],
            "ironcladId": f"IC-{number}",
            "title": str(values.get("title") or schema.TEMPLATES[template]),
            "template": template,
            "step": "Review",
            "status": "active",
            "isComplete": False,
            "isCancelled": False,
            "attributes": mapping(values.get("attributes", {}), "attributes"),
            "schema": {},
            "roles": [],
            "created": at,
        }
        body |= {name: values[name] for name in ("step", "status") if name in values}
        self._settle(body)
        self.save("workflows", body)
        self._tell_workflow(call, body, "workflow_launched")
        return body

    def move(self, call: Call | None, key: str, values: Json) -> Json:
        """A workflow goes on: to signature, to its end, or is called off."""
        body = self.get("workflows", key)
        body |= {name: values[name] for name in ("step", "status") if name in values}
        body["attributes"] |= mapping(values.get("attributes", {}), "attributes")
        self._settle(body)
        self.save("workflows", body)
        ended = {"completed": "workflow_completed", "cancelled": "workflow_cancelled", "paused": "workflow_paused"}
        self._tell_workflow(call, body, ended.get(body["status"], "workflow_step_updated"))
        return body

    @staticmethod
    def _settle(body: Json) -> None:
        if body["status"] not in schema.STATES:
            raise refused(f"unknown status {body['status']}", "status")
        body |= {"isComplete": body["status"] == "completed", "isCancelled": body["status"] == "cancelled"}
        if body["isComplete"] or body["isCancelled"]:
            body["step"] = "Archive"

    def _tell_workflow(self, call: Call | None, body: Json, event: str) -> None:
        told = {"event": event, "workflowID": body["id"], "templateID": body["template"]}
        self._tell(call, "workflow", body["id"], told)


def _as_text(value: Any) -> Any:
    """What becomes of a typed value when its property is made a text."""
    if isinstance(value, dict) and "amount" in value:
        return f"{value['currency']} {value['amount']:,.2f}"
    return value if isinstance(value, str) else str(value)
