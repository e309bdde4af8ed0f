"""What a connector declares: complete, unambiguous and true to itself."""

from pathlib import Path
from typing import Any

import pytest

from integration_hub.canonical import ENTITIES
from integration_hub.connectors import conformance
from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import (
    COMMON_SETTINGS,
    CONNECTORS,
    DEFAULT_MAPPINGS,
    PREFLIGHTS,
    Counting,
    Write,
)
from integration_hub.connectors.safety import CLASSES
from integration_hub.connectors.traits import Trait
from integration_hub.environment import BASE_DIR
from tests.connectors.benches import BENCHES
from tests.connectors.benches.bench import Bench
from tests.connectors.kit import IMPLEMENTED, case, test_hooks, test_limits, test_reading, test_signing_in, test_writing

PARTS = (test_hooks, test_limits, test_reading, test_signing_in, test_writing)
"""Importing them fills IMPLEMENTED."""


def test_every_case_is_a_test_and_every_connector_has_a_bench() -> None:
    assert set(IMPLEMENTED) == set(conformance.CASE)
    assert set(BENCHES) == {name for name, _ in CONNECTORS}
    assert {case.group for case in conformance.CASES} == set(conformance.GROUPS)
    assert PARTS


@case("spec.names")
def test_names(bench: Bench) -> None:
    manifest = bench.manifest
    assert manifest.vendor == bench.vendor
    assert manifest.title
    assert manifest.role
    entities = [feed.entity for feed in manifest.feeds]
    assert len(entities) == len(set(entities))
    assert set(entities) <= set(ENTITIES)
    effects = [write.effect_type for write in manifest.writes]
    assert len(effects) == len(set(effects))
    assert all(name.startswith(f"{bench.vendor}.") for name in effects)


@case("spec.lacks")
def test_what_it_lacks_agrees_with_what_it_declares(bench: Bench) -> None:
    manifest = bench.manifest
    called = Trait.CALLS not in manifest.without
    facts = {
        Trait.READS: called and bool(manifest.feeds),
        Trait.WRITES: bool(manifest.writes),
        Trait.APPROVALS: called and any(feed.entity == "time_approval" for feed in manifest.feeds),
        Trait.UNDO: any(write.undo for write in manifest.writes),
        Trait.COUNTS: isinstance(bench.connector, Counting),
        Trait.PREFLIGHT: PREFLIGHTS.find(bench.vendor) is not None,
        Trait.WINDOWS: bool(bench.windowed),
    }
    assert {trait: trait not in manifest.without for trait in facts} == facts
    if any(feed.horizon for feed in manifest.feeds):
        assert Trait.DELETIONS not in manifest.without
    if any(write.figures.net or write.figures.tax for write in manifest.writes):
        assert Trait.AMOUNTS not in manifest.without
    assert all(reason.endswith(".") for reason in manifest.without.values())


@case("spec.mapping")
def test_every_feed_has_a_default_mapping(bench: Bench) -> None:
    entities = (DEFAULT_MAPPINGS.find(bench.vendor) or {"entities": {}})["entities"]
    assert {feed.entity for feed in bench.manifest.feeds} == set(entities)
    for entity, given in entities.items():
        targets = {rule["target"] for rule in given["rules"]}
        needed = {name for name, field in ENTITIES[entity].model_fields.items() if field.is_required()}
        assert needed - {"source_id", "version"} <= targets, entity
        assert targets <= set(ENTITIES[entity].model_fields), entity


@case("spec.order")
def test_parents_come_first(bench: Bench) -> None:
    order = [feed.entity for feed in sorted(bench.manifest.feeds, key=lambda feed: feed.weight)]
    parents = {"contract_line": "contract", "task": "project", "time_entry": "project", "payment": "invoice"}
    for child, parent in parents.items():
        if child in order and parent in order:
            assert order.index(parent) < order.index(child)


@case("spec.writes")
def test_writes(bench: Bench) -> None:
    declared = {write.effect_type for write in bench.writes}
    for write in bench.writes:
        assert write.title
        assert write.safety in CLASSES
        assert not write.undo or write.undo in declared
        assert bench.manifest.write(write.effect_type) is write


@case("spec.unknown")
def test_an_undeclared_write(bench: Bench) -> None:
    with pytest.raises(LookupError, match="declares no write"):
        bench.manifest.write("x.y")
    connection = Connection(code="c", vendor=bench.vendor, base_url="http://127.0.0.1:9")
    for act in (bench.connector.send, bench.connector.find):
        with pytest.raises(LookupError, match="declares no write"):
            act(connection, Write("x.y", "key", "1", {}))


@case("spec.settings")
def test_settings(bench: Bench) -> None:
    settings = [setting.name for setting in (*bench.manifest.settings, *COMMON_SETTINGS)]
    assert len(settings) == len(set(settings))
    for setting in bench.manifest.settings:
        smells = any(word in setting.name for word in ("secret", "token", "password", "private_key", "api_key"))
        assert setting.secret or not smells, setting.name
        assert not (setting.secret and setting.default)
    if Trait.CALLS not in bench.manifest.without:
        assert set(bench.credentials()) <= {setting.name for setting in bench.manifest.settings if setting.secret}


@case("spec.readme")
def test_readme(bench: Bench) -> None:
    text = (Path(BASE_DIR) / "integration_hub" / "connectors" / bench.vendor / "README.md").read_text()
    assert text.startswith(f"# {bench.manifest.title}")
    for setting in bench.manifest.settings:
        assert not (setting.required and not setting.default) or f"`{setting.name}`" in text, setting.name


@case("spec.editable")
def test_what_may_be_corrected_is_in_the_payload(bench: Bench) -> None:
    for spec in bench.writes:
        payload = bench.write(spec.effect_type).payload
        for field in spec.editable:
            _reach(payload, field.path)
        for path in (spec.figures.net, spec.figures.tax, spec.figures.gross, spec.figures.date):
            if path:
                _reach(payload, path)


def _reach(payload: dict[str, Any], path: str) -> None:
    value: Any = payload
    for part in path.replace("[]", ".0").split("."):
        value = value[int(part)] if isinstance(value, list) else value[part]
