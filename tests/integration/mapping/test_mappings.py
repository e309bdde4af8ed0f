"""Drafting, publishing by a second person, value maps, previews and what the trail keeps of it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from integration_hub.kernel.errors import BadInput, Denied, NotReady
from integration_hub.mapping import paths, queries
from integration_hub.mapping.actions import mappings, values
from integration_hub.mapping.apply import translate
from integration_hub.mapping.models import FieldRule, Mapping, ValueMap
from integration_hub.mapping.preview import Sample, preview
from integration_hub.people.models import User
from integration_hub.trail.models import Event

pytestmark = pytest.mark.django_db

DEFAULT: dict[str, Any] = {
    "entities": {
        "task": {
            "row_filter": "kind == 'task'",
            "rules": [
                {"target": "project_id", "source": "project", "required": True},
                {"target": "code", "source": "id", "required": True},
                {"target": "name", "source": "title", "value_map": "titles"},
            ],
        }
    },
    "values": {"titles": {"when_unknown": "refuse", "rows": {"Dev": "Development"}}},
}
RAW = {"kind": "task", "project": "1", "id": "7", "title": "Dev"}


@pytest.fixture
def people(django_user_model: type[User]) -> Callable[[str], User]:
    from django.contrib.auth.models import Permission

    def make(name: str, *permissions: str) -> User:
        user = django_user_model.objects.create_user(username=name, password="a long enough one")
        names = permissions or ("change_mapping", "publish_mapping", "change_valuemap")
        user.user_permissions.set(Permission.objects.filter(codename__in=names, content_type__app_label="hub_mapping"))
        return django_user_model.objects.get(pk=user.pk)

    return make


@pytest.fixture
def installed() -> Mapping:
    (made,) = mappings.install_default(connection="psa", default=DEFAULT, by="system:connectors")
    return made


def test_default_is_published_and_works(installed: Mapping) -> None:
    compiled = queries.published("psa", "task")
    record = translate(compiled, RAW, source_id="7", version="1").record
    assert record is not None
    assert record.model_dump()["name"] == "Development"
    assert compiled.version == 1
    assert translate(compiled, {**RAW, "kind": "bug"}).filtered


def test_installing_again_keeps_what_administrators_made_of_it(installed: Mapping) -> None:
    values.add_value(connection="psa", name="titles", theirs="Dev", ours="Engineering", by="system:test")
    assert mappings.install_default(connection="psa", default=DEFAULT, by="system:connectors") == []
    assert queries.value_table("psa", "titles") is not None
    assert translate(queries.published("psa", "task"), RAW, source_id="7", version="1").record.name == "Engineering"  # type: ignore[union-attr]


def test_nothing_published_says_what_to_do() -> None:
    with pytest.raises(NotReady, match="No mapping of task is published for the connection 'psa'"):
        queries.published("psa", "task")


def test_a_mapped_value_takes_effect_at_once(installed: Mapping) -> None:
    before = translate(queries.published("psa", "task"), {**RAW, "title": "QA"}, source_id="7", version="1")
    assert before.code == "VALUE_UNMAPPED"
    values.add_value(connection="psa", name="titles", theirs=" QA ", ours="Testing", by="system:test")
    after = translate(queries.published("psa", "task"), {**RAW, "title": "QA"}, source_id="7", version="1")
    assert after.record is not None
    last = Event.objects.filter(action="mapping.value_map.changed").first()
    assert last is not None
    assert (last.data["theirs"], last.data["before"], last.data["after"]) == ("QA", None, "Testing")


def test_forgetting_a_value_and_keeping_unknown_ones(installed: Mapping) -> None:
    row = ValueMap.objects.get(name="titles").rows.get()
    values.remove_value(row_id=row.pk, by="system:test")
    assert translate(queries.published("psa", "task"), RAW, source_id="7", version="1").code == "VALUE_UNMAPPED"
    values.decide_unknown(connection="psa", name="titles", when_unknown="keep", by="system:test")
    assert translate(queries.published("psa", "task"), RAW, source_id="7", version="1").record is not None
    with pytest.raises(BadInput, match="refuse or keep"):
        values.decide_unknown(connection="psa", name="titles", when_unknown="guess", by="system:test")


def test_value_of_an_unknown_map_is_refused(installed: Mapping) -> None:
    with pytest.raises(BadInput, match="Known: titles"):
        values.add_value(connection="psa", name="tiles", theirs="a", ours="b", by="system:test")
    with pytest.raises(BadInput, match="theirs: is empty"):
        values.add_value(connection="psa", name="titles", theirs=" ", ours="b", by="system:test")


def test_a_second_person_publishes(installed: Mapping, people: Callable[..., User]) -> None:
    author, other = people("ada"), people("bo")
    draft = mappings.draft_from(mapping_id=installed.pk, by=author)
    assert (draft.version, draft.author, draft.status) == (2, author, "draft")
    assert queries.published("psa", "task").version == 1
    with pytest.raises(Denied, match="someone else must publish"):
        mappings.publish(mapping_id=draft.pk, by=author)
    mappings.publish(mapping_id=draft.pk, by=other)
    assert queries.published("psa", "task").version == 2
    installed.refresh_from_db()
    assert installed.status == Mapping.Status.SUPERSEDED
    with pytest.raises(Denied, match="already published"):
        mappings.publish(mapping_id=draft.pk, by=other)
    event = Event.objects.filter(action="mapping.mapping.published").first()
    assert event is not None
    assert (event.actor, event.data["version"]) == ("bo", 2)


def test_whoever_edits_a_draft_becomes_its_author(installed: Mapping, people: Callable[..., User]) -> None:
    author, editor = people("ada"), people("bo")
    draft = mappings.draft_from(mapping_id=installed.pk, by=author)
    rule = draft.rules.get(target="name")
    rule.source, rule.value_map = "title || id", None
    mappings.edit_rules(mapping_id=draft.pk, saved=[rule], removed=[], by=editor)
    with pytest.raises(Denied, match="someone else"):
        mappings.publish(mapping_id=draft.pk, by=editor)
    mappings.publish(mapping_id=draft.pk, by=author)
    draft.note = "too late"
    with pytest.raises(Denied, match="Make a new draft"):
        mappings.edit_draft(draft=draft, by=editor)
    with pytest.raises(Denied, match="Make a new draft"):
        mappings.edit_rules(mapping_id=draft.pk, saved=[rule], removed=[], by=editor)
    with pytest.raises(Denied, match="Make a new draft"):
        mappings.discard(mapping_id=draft.pk, by=editor)


def test_header_of_a_draft_is_edited_with_before_and_after(installed: Mapping, people: Callable[..., User]) -> None:
    author = people("ada")
    draft = mappings.draft_from(mapping_id=installed.pk, by=author)
    draft.row_filter = "kind"
    mappings.edit_draft(draft=draft, by=author)
    draft.refresh_from_db()
    assert draft.row_filter == "kind"
    event = Event.objects.filter(action="mapping.mapping.edited").first()
    assert event is not None
    assert event.data["changes"]["row_filter"] == {"before": "kind == 'task'", "after": "kind"}


def test_permissions_are_asked(installed: Mapping, people: Callable[..., User]) -> None:
    reader = people("cy", "view_mapping")
    draft = mappings.draft_from(mapping_id=installed.pk, by="system:test")
    with pytest.raises(Denied, match="edit mappings"):
        mappings.draft_from(mapping_id=installed.pk, by=reader)
    with pytest.raises(Denied, match="may publish"):
        mappings.publish(mapping_id=draft.pk, by=reader)
    with pytest.raises(Denied, match="map values"):
        values.add_value(connection="psa", name="titles", theirs="a", ours="b", by=reader)


def test_one_draft_at_a_time(installed: Mapping, people: Callable[..., User]) -> None:
    draft = mappings.draft_from(mapping_id=installed.pk, by=people("ada"))
    with pytest.raises(NotReady, match="psa task v2 is already a draft"):
        mappings.draft_from(mapping_id=installed.pk, by="system:test")
    mappings.discard(mapping_id=draft.pk, by="system:test")
    assert mappings.draft_from(mapping_id=installed.pk, by="system:test").version == 2


def test_what_cannot_work_is_not_published(people: Callable[..., User]) -> None:
    draft = mappings.create_draft(
        connection="files",
        entity="task",
        rules=[
            {"target": "project_id", "source": "a["},
            {"target": "colour", "source": "Colour"},
            {"target": "name", "source": "Task Name"},
        ],
        row_filter="a ==",
        by=people("ada"),
    )
    with pytest.raises(BadInput) as caught:
        mappings.publish(mapping_id=draft.pk, by=people("bo"))
    assert {problem.field for problem in caught.value.problems} == {"row_filter", "project_id", "colour", "code"}
    assert queries.find_published("files", "task") is None


def test_a_rule_with_an_unknown_or_foreign_value_map_is_refused(installed: Mapping) -> None:
    rules = [{"target": "name", "source": "n", "value_map": "colours"}]
    with pytest.raises(NotReady, match="value map 'colours'"):
        mappings.create_draft(connection="files", entity="task", rules=rules, by="system:test")
    draft = mappings.create_draft(
        connection="files",
        entity="task",
        rules=[{"target": name, "source": name} for name in ("project_id", "code", "name")],
        by="system:test",
    )
    FieldRule.objects.filter(mapping=draft, target="name").update(value_map=ValueMap.objects.get(name="titles"))
    with pytest.raises(BadInput, match="another connection"):
        mappings.publish(mapping_id=draft.pk, by="system:test")


def test_clean_refuses_while_typing(installed: Mapping) -> None:
    with pytest.raises(ValidationError, match="not a canonical entity"):
        Mapping(connection="x", entity="nonsense").clean()
    with pytest.raises(ValidationError, match="JMESPath"):
        Mapping(connection="x", entity="task", row_filter="a ==").clean()
    with pytest.raises(ValidationError, match="not a field of task"):
        FieldRule(mapping=installed, target="colour", source="c").clean()


def test_preview_shows_before_after_and_problems(installed: Mapping) -> None:
    draft = mappings.draft_from(mapping_id=installed.pk, by="system:test")
    samples = [
        Sample(RAW, source_id="7", version="1"),
        Sample({**RAW, "title": "QA"}, source_id="8", version="1"),
        Sample({**RAW, "kind": "bug"}, source_id="9", version="1"),
    ]
    shown = preview(draft, samples)
    assert (shown.read, shown.good, shown.refused, shown.filtered) == (3, 1, 1, 1)
    assert shown.rows[0].after is not None
    assert shown.rows[0].after["name"] == "Development"
    assert shown.rows[1].code == "VALUE_UNMAPPED"
    FieldRule.objects.filter(mapping=draft, target="name").update(source="a[")
    with pytest.raises(paths.BadPath):
        preview(draft, samples)
