"""Mappings and value maps through the admin pages: the same actions, the same refusals."""

import pytest
from django.test import Client
from django.urls import reverse

from integration_hub.mapping.actions import mappings
from integration_hub.mapping.models import FieldRule, Mapping, ValueMap
from integration_hub.people.models import User
from integration_hub.trail.models import Event
from tests.integration.mapping.test_mappings import DEFAULT

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(client: Client, django_user_model: type[User]) -> User:
    user = django_user_model.objects.create_superuser(username="ada", password="a long enough one")
    client.force_login(user)
    return user


@pytest.fixture
def installed() -> Mapping:
    (made,) = mappings.install_default(connection="psa", default=DEFAULT, by="system:connectors")
    return made


def _rules(*rules: dict[str, str], first: int = 0) -> dict[str, str]:
    data = {"rules-TOTAL_FORMS": str(len(rules)), "rules-INITIAL_FORMS": str(first)}
    for number, rule in enumerate(rules):
        fields = {"kind": "text", "target": "", "source": "", "constant": "", "default": "", "date_format": "", **rule}
        data |= {f"rules-{number}-{name}": value for name, value in fields.items()}
    return data


def _header(**more: str) -> dict[str, str]:
    return {"row_filter": "", "encoding": "utf-8", "delimiter": ";", "note": "", **more}


def test_a_mapping_is_drafted_and_its_mistakes_are_shown(client: Client, ada: User) -> None:
    url = reverse("admin:hub_mapping_mapping_add")
    assert client.get(url).status_code == 200
    wrong = client.post(
        url,
        {**_header(connection="files", entity="task", row_filter="a =="), **_rules({"target": "name", "source": "b["})},
    )
    assert wrong.status_code == 200
    assert b"not a JMESPath expression" in wrong.content
    good = client.post(
        url, {**_header(connection="files", entity="task"), **_rules({"target": "name", "source": "Task Name"})}
    )
    assert good.status_code == 302
    draft = Mapping.objects.get()
    assert (draft.author, draft.status, draft.delimiter) == (ada, "draft", ";")
    assert [str(rule) for rule in draft.rules.all()] == ["name ← Task Name"]
    actions = set(Event.objects.values_list("action", flat=True))
    assert {"mapping.mapping.drafted", "mapping.mapping.edited"} <= actions
    again = client.post(url, {**_header(connection="files", entity="task"), **_rules()})
    assert b"is already a draft" in again.content


def test_a_draft_is_edited_published_by_another_and_closed(
    client: Client, ada: User, installed: Mapping, django_user_model: type[User]
) -> None:
    pages = reverse("admin:hub_mapping_mapping_changelist")
    client.post(pages, {"action": "make_draft", "_selected_action": [installed.pk]})
    draft = Mapping.objects.get(status="draft")
    rule = draft.rules.get(target="name")
    url = reverse("admin:hub_mapping_mapping_change", args=[draft.pk])
    assert client.get(url).status_code == 200
    kept = [
        {"id": str(item.pk), "mapping": str(draft.pk), "target": item.target, "source": item.source}
        for item in draft.rules.all()
    ]
    kept[-1] |= {"source": "title || id"}
    answer = client.post(url, {**_header(), **_rules(*kept, first=3)})
    assert answer.status_code == 302, answer.content.decode()[:2000]
    rule.refresh_from_db()
    assert rule.source == "title || id"
    publish = {"action": "publish", "_selected_action": [draft.pk]}
    refused = client.post(pages, publish, follow=True)
    assert b"someone else must publish it" in refused.content
    client.force_login(django_user_model.objects.create_superuser(username="bo", password="a long enough one"))
    assert b"is in force" in client.post(pages, publish, follow=True).content
    assert client.post(url, {**_header(note="late"), **_rules()}).status_code == 403
    assert b"already published" in client.post(pages, publish, follow=True).content
    assert client.get(url).status_code == 200, "a published version stays readable"


def test_a_draft_is_discarded(client: Client, ada: User, installed: Mapping) -> None:
    draft = mappings.draft_from(mapping_id=installed.pk, by=ada)
    client.post(reverse("admin:hub_mapping_mapping_delete", args=[draft.pk]), {"post": "yes"})
    assert not Mapping.objects.filter(pk=draft.pk).exists()
    assert Event.objects.filter(action="mapping.mapping.discarded").exists()
    assert FieldRule.objects.filter(mapping=installed).count() == 3


def test_values_are_edited_row_by_row(client: Client, ada: User, installed: Mapping) -> None:
    value_map = ValueMap.objects.get(name="titles")
    row = value_map.rows.get()
    url = reverse("admin:hub_mapping_valuemap_change", args=[value_map.pk])
    assert client.get(url).status_code == 200
    data = {
        "when_unknown": "keep",
        "rows-TOTAL_FORMS": "2",
        "rows-INITIAL_FORMS": "1",
        "rows-0-id": str(row.pk),
        "rows-0-value_map": str(value_map.pk),
        "rows-0-theirs": "Developing",
        "rows-0-ours": "Development",
        "rows-1-id": "",
        "rows-1-value_map": str(value_map.pk),
        "rows-1-theirs": "QA",
        "rows-1-ours": "Testing",
    }
    assert client.post(url, data).status_code == 302
    value_map.refresh_from_db()
    assert dict(value_map.rows.values_list("theirs", "ours")) == {"Developing": "Development", "QA": "Testing"}
    assert value_map.when_unknown == "keep"
    assert value_map.revision > 1
    assert Event.objects.filter(action="mapping.value_map.changed").count() >= 3
