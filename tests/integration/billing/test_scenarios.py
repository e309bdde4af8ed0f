"""Every scenario comes out as it says."""

import re
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from django.core.management import CommandError, call_command

from billing.engine import charging
from billing.models import BillableEvent, Candidate
from billing.scenarios.comparing import difference
from billing.scenarios.playing import play_file
from billing.scenarios.reading import files
from billing.scenarios.registry import VERBS
from integration_hub.environment import BASE_DIR
from integration_hub.people.models import Role
from integration_hub.rules.actions import tables
from integration_hub.rules.models import DecisionTable
from integration_hub.rules.tables import RuleSpec
from tests import factories

OURS = BASE_DIR / "tests" / "scenarios"
FOLDERS = [BASE_DIR.parent / "shared" / "scenarios", Path("/work/shared/scenarios")]
SAMPLES = next((files(folder) for folder in FOLDERS if folder.is_dir()), [])
"""The samples of finance, where they lie at hand."""


@pytest.mark.django_db
@pytest.mark.parametrize("path", [*files(OURS), *SAMPLES], ids=lambda path: path.stem)
def test_a_scenario_comes_out_as_it_says(path):
    result = play_file(path)
    assert (result.outcome, result.detail) == ("passed", ""), f"step {result.step} {result.verb}"
    assert not BillableEvent.objects.exists(), "nothing of it is kept"
    assert not Candidate.objects.exists()


@pytest.mark.skipif(not SAMPLES, reason="the format is not at hand")
def test_every_verb_of_the_format_is_played():
    page = (SAMPLES[0].parent / "FORMAT.md").read_text().partition("## Verbs")[2].partition("\n## ")[0]
    named = {verb for row in re.findall(r"^\| (`.*?) \|", page, re.M) for verb in re.findall(r"`(\w+)`", row)}
    assert len(named) > 25
    assert named <= {name for name, _ in VERBS}


@pytest.mark.django_db
def test_the_command_fails_for_what_differs_and_for_what_it_cannot_play(tmp_path, capsys):
    good = (OURS / "rate-on-service-date.yaml").read_text()
    (tmp_path / "a.yaml").write_text(good)
    call_command("billing_scenarios", str(tmp_path))
    assert "passed" in capsys.readouterr().out
    (tmp_path / "b.yaml").write_text(good.replace('"1240.00"', '"1240.01"'))
    with pytest.raises(CommandError, match="1 passed, 1 failed, 0 unsupported"):
        call_command("billing_scenarios", str(tmp_path))
    assert "lines[0].amount: expected 1240.01, got 1240.00" in capsys.readouterr().out
    (tmp_path / "b.yaml").write_text("id: B\ngiven: {moons: 3}\nsteps: []")
    with pytest.raises(CommandError, match="1 unsupported"):
        call_command("billing_scenarios", str(tmp_path))
    call_command("billing_scenarios", str(tmp_path), "--allow-unsupported", "--json")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "outcome", "detail"),
    [
        ("steps: [{do: fly}]", "failed", "'fly' is no verb."),
        ("steps: none", "failed", "has no steps"),
        ("steps: [{do: close}]", "failed", "step 1 lacks 'through'."),
        ("given: {moons: 3}\nsteps: []", "unsupported", "given: moons"),
        ("policy: {luck: 1}\nsteps: []", "unsupported", "policy: luck"),
        ("steps: [{do: close, through: 2026-01-31, colour: red}]", "unsupported", "step 1: colour"),
    ],
)
def test_what_it_does_not_know_is_never_passed_over(tmp_path, text, outcome, detail):
    path = tmp_path / "x.yaml"
    path.write_text(text)
    result = play_file(path)
    assert result.outcome == outcome
    assert detail in result.detail


@pytest.mark.parametrize(
    ("expected", "actual", "said"),
    [
        ({"a": "1.0"}, {"a": Decimal(1), "b": 2}, ""),
        ({"a": "1"}, {"b": 2}, "a: nothing of that name came out"),
        (["1", "2"], [Decimal(1)], ": expected 2, got 1: [1]"),
        ({"rows": [{"x": "5"}]}, {"rows": [{"x": Decimal(6)}]}, "rows[0].x: expected 5, got 6"),
        ({"a": None}, {"a": ""}, ""),
        ({"a": []}, {"a": []}, ""),
        ({"a": {"b": 1}}, {"a": 3}, "a: expected {b: 1}, got 3"),
    ],
)
def test_only_what_is_named_counts(expected, actual, said):
    assert difference(expected, actual) == said


RULES = [f"R{number}" for number in range(1, 29)]


def test_the_guide_names_the_scenarios_of_every_rule_and_says_which_have_none():
    page = (BASE_DIR / "docs" / "how-to" / "check-billing-with-scenarios.md").read_text()
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if re.match(r"\| R\d", line)]
    told = {rule: scenarios.replace("`", "") for rule, _, scenarios in rows}
    found: dict[str, list[str]] = {rule: [] for rule in RULES}
    for path in files(OURS):
        for rule in yaml.safe_load(path.read_text())["topics"]:
            found[rule].append(path.stem)
    assert list(told) == RULES
    assert {rule: told[rule] for rule in RULES if found[rule]} == {
        rule: ", ".join(names) for rule, names in found.items() if names
    }
    assert all(told[rule].startswith("none:") for rule in RULES if not found[rule])


@pytest.mark.django_db
def test_scenarios_are_played_by_the_rules_of_a_draft(tmp_path, capsys):
    writer = factories.user(Role.INTEGRATION_ADMIN, everything=True)
    gift = RuleSpec("kind == 'time'", {"answer": "complimentary"}, "All of it is a gift")
    rules = [gift, *charging.KIND.delivered]
    draft = tables.draft(kind=charging.KIND.name, legal_entity="", by=writer, rules=rules)
    (tmp_path / "a.yaml").write_text((OURS / "rate-on-service-date.yaml").read_text())
    call_command("billing_scenarios", str(tmp_path))
    with pytest.raises(CommandError, match="0 passed, 1 failed"):
        call_command("billing_scenarios", str(tmp_path), draft=draft.pk)
    assert "got 0" in capsys.readouterr().out
    assert DecisionTable.objects.get().status == "draft", "nobody has put it in force"
    call_command("billing_scenarios", str(tmp_path))
    with pytest.raises(CommandError, match="There is no draft 815"):
        call_command("billing_scenarios", str(tmp_path), draft=815)
    tables.edit(table_id=draft.pk, by=writer, rules=[RuleSpec("kind == 'time'", {"answer": "included"})])
    with pytest.raises(CommandError, match="The draft has a mistake: Rule 1: The last rule has a condition"):
        call_command("billing_scenarios", str(tmp_path), draft=draft.pk)
