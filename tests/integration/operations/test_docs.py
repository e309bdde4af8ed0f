"""Generated pages, templates, links: what is written down is what the code says."""

import csv
import re
import shlex
import subprocess
import sys
from io import StringIO
from pathlib import Path
from urllib.parse import unquote

import pytest
from django.apps import apps
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.core.management import CommandError, call_command, get_commands
from django.db.models import CheckConstraint, F, Q, UniqueConstraint
from django.template import engines

from integration_hub.cases.models import Case
from integration_hub.cases.registry import KINDS
from integration_hub.connectors.registry import CONNECTORS
from integration_hub.environment import BASE_DIR
from integration_hub.operations import template_rules
from integration_hub.operations.pages import connectors, markdown, models, reference, states, words
from integration_hub.people.roles import RIGHTS
from tests import howto
from tests.howto import beside_docs

__all__ = ["beside_docs"]

DOCS = BASE_DIR / "docs"
WRITTEN = sorted([*DOCS.rglob("*.md"), *BASE_DIR.glob("*.md")])
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"```.*?```|`[^`\n]*`", re.S)


# ---- generated pages


def model_docs(*arguments: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("model_docs", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_the_generated_pages_are_fresh():
    """In a process of its own: other tests declare tables of moves of theirs in this one."""
    command = [sys.executable, "manage.py", "model_docs", "--check"]
    environment = {"PATH": "", "DATABASE_URL": "postgresql:///never-asked", "PYTHONHASHSEED": "11"}
    done = subprocess.run(command, cwd=BASE_DIR, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "pages are fresh" in done.stdout


def test_writing_twice_changes_nothing(tmp_path):
    first, _ = model_docs("--docs", str(tmp_path))
    assert "written  reference/models.md" in first
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.md")}
    second, _ = model_docs("--docs", str(tmp_path))
    assert ", 0 changed" in second
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.md")} == before
    assert "fresh" in model_docs("--docs", str(tmp_path), "--check")[0]


def test_a_stale_page_is_named_with_its_difference(tmp_path):
    model_docs("--docs", str(tmp_path))
    page = tmp_path / "states/effect.md"
    page.write_text(page.read_text().replace("probe found it", "somebody said so"))
    err = StringIO()
    with pytest.raises(CommandError, match="1 generated pages are stale: run `make docs`"):
        call_command("model_docs", "--docs", str(tmp_path), "--check", stdout=StringIO(), stderr=err)
    assert "docs/states/effect.md" in err.getvalue()
    assert "-    unknown --> sent: somebody said so" in err.getvalue()
    assert "+    unknown --> sent: probe found it" in err.getvalue()


def test_a_page_that_nothing_generates_any_more_is_stale_and_goes(tmp_path):
    model_docs("--docs", str(tmp_path))
    (tmp_path / "states/unicorn.md").write_text("# States of a unicorn")
    with pytest.raises(CommandError, match="stale"):
        call_command("model_docs", "--docs", str(tmp_path), "--check", stdout=StringIO(), stderr=StringIO())
    out, _ = model_docs("--docs", str(tmp_path))
    assert "removed  states/unicorn.md" in out
    assert not (tmp_path / "states/unicorn.md").exists()


def test_every_model_code_vendor_and_right_has_its_place():
    page = models.page()
    ours = [model for config in models.our_apps() for model in config.get_models()]
    assert len(ours) > 60
    for model in ours:
        assert f"\n### {model.__name__}\n" in page
        for rule in model._meta.constraints:
            assert f"(`{rule.name}`)" in page
    headings = [markdown.anchor(line.lstrip("# ")) for line in page.splitlines() if line.startswith("##")]
    assert len(headings) == len(set(headings)), "two headings share an anchor"
    codes = reference.case_codes()
    assert all(f"| `{code}` |" in codes for code, _ in KINDS)
    vendors = connectors.page()
    assert all(f"Name `{vendor}`" in vendors for vendor, _ in CONNECTORS)
    rights = reference.permissions()
    assert all(f"| `{right}` |" in rights for granted in RIGHTS.values() for right in granted)


def test_what_migrations_say_in_sql_is_told():
    told = models.written_in_sql()
    assert any("rate_row_no_overlap" in text for text in told["contracts_raterow"])
    assert any("before update or delete" in text for text in told["hub_trail_event"])
    assert any("piece_posted_fixed" in text for text in told["billing_piece"])


def test_what_a_later_migration_drops_is_told_no_more():
    found: dict[str, dict[str, str]] = {}
    models._note("CREATE TRIGGER shut BEFORE UPDATE ON door\n FOR EACH ROW EXECUTE FUNCTION f();", found)
    models._note("ALTER TABLE door ADD CONSTRAINT one_key EXCLUDE USING gist (key WITH &&);", found)
    assert found == {"door": {"shut": "trigger before update: shut", "one_key": "exclusion constraint: one key"}}
    models._note("DROP TRIGGER shut ON door; ALTER TABLE door DROP CONSTRAINT one_key;", found)
    assert found == {"door": {}}


def test_every_setting_has_a_meaning_and_no_path_of_this_machine():
    page = reference.settings()
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert len(rows) >= 15
    assert all(line.rsplit("|", 2)[1].strip() for line in rows)
    assert str(BASE_DIR) not in page
    assert "development-only" not in page


def test_states_are_named_with_the_right_article():
    assert states.pages()["states/effect.md"].startswith("# States of an effect\n")
    assert states.pages()["states/case.md"].startswith("# States of a case\n")


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (Q(a=1), "`a` = 1"),
        (Q(a="x"), "`a` = `x`"),
        (Q(a=""), "`a` is empty"),
        (~Q(a=""), "`a` is not empty"),
        (~Q(a="x"), "`a` ≠ `x`"),
        (Q(a=True), "`a`"),
        (Q(a=False), "not `a`"),
        (Q(a__isnull=True), "`a` is missing"),
        (Q(a__isnull=False), "`a` is given"),
        (Q(a__in=["x", "y"]), "`a` is one of (`x`, `y`)"),
        (~Q(a__in=["x", "y"]), "`a` is none of (`x`, `y`)"),
        (Q(a__gte=F("b") + F("c")), "`a` ≥ `b` + `c`"),
        (Q(a__len__gt=0), "the number of `a` > 0"),
        (Q(a=1, b=2) | Q(c=3), "(`a` = 1 and `b` = 2) or `c` = 3"),
        (~(Q(a=1) | Q(b=2)), "not (`a` = 1 or `b` = 2)"),
        (~Q(a__gt=1), "not (`a` > 1)"),
    ],
)
def test_conditions_in_words(rule, said):
    assert words.condition(rule) == said


def test_a_condition_without_words_is_refused_rather_than_guessed():
    with pytest.raises(LookupError, match="a__regex"):
        words.condition(Q(a__regex="^x"))


def test_constraints_in_words():
    assert words.constraint(CheckConstraint(condition=Q(a__gt=0), name="n")) == "`a` > 0"
    unique = UniqueConstraint(fields=["a", "b"], condition=Q(c=True), nulls_distinct=False, name="n")
    assert words.constraint(unique) == "one row per `a`, `b` (an empty one counts as a value), among those where `c`"
    exclusion = ExclusionConstraint(name="n", expressions=[("a", RangeOperators.OVERLAPS)], condition=Q(c=False))
    assert words.constraint(exclusion) == "no two rows with `a` &&, among those where not `c`"


def test_every_kind_of_field_has_words():
    for model in apps.get_models():
        if model._meta.app_config in models.our_apps():
            for field in models._fields(model):
                assert field.related_model is not None or not words.type_of(field).endswith("Field"), field


# ---- templates


def problems(source: str, name: str = "page.html") -> list[str]:
    engine = engines["django"].engine  # type: ignore[attr-defined]
    return [str(problem) for problem in template_rules.of(name, source, engine, template_rules.url_names())]


def test_every_template_keeps_the_rules():
    assert [str(problem) for problem in template_rules.all_problems()] == []
    assert len(template_rules.ours()) > 100


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{% if x %}", "page.html:1: does not compile"),
        ("{% load nothing_like_this %}", "does not compile"),
        ("{{ x|no_such_filter }}", "does not compile"),
        ("<p>\n<script>go()</script>", "page.html:2: inline <script>"),
        ("<style>p {}</style>", "inline <style>"),
        ('<p class="a"\n style="color:red">', "attribute style= on <p>"),
        ('<a href="{{ x }}" onclick="go()">', "attribute onclick= on <a>"),
        ("<a hx-on:click='go()'>", "attribute hx-on:click= on <a>"),
        ('<a {% if x > 1 %}class="b"{% endif %} onfocus=go>', "attribute onfocus="),
        ('<a href="javascript:go()">', "javascript: address on <a>"),
        ("\n{% url 'billing:no-such-screen' 1 %}", "page.html:2: no address is named 'billing:no-such-screen'"),
        ("{% if x %}{% for y in z %}{% url 'nowhere' %}{% endfor %}{% endif %}", "no address is named 'nowhere'"),
        ("{% include '_components/nothing.html' only %}", "no template is named '_components/nothing.html'"),
        ("{% extends 'nothing.html' %}", "no template is named 'nothing.html'"),
        ("{% include '_components/money.html' with amount=1 %}", "_components/money.html is included without `only`"),
        ("{% include '_components/chips.html' %}", "_components/chips.html is included without `only`"),
        ("line\n" * 201, "is longer than 200 lines"),
    ],
)
def test_a_broken_rule_is_named(source, said):
    found = problems(source)
    assert len(found) == 1
    assert said in found[0]


@pytest.mark.parametrize(
    "source",
    [
        '<script src="x.js" defer></script>',
        "{# <script>no</script> #}<p>on = off, style = none</p>",
        "{% comment %}<p style='x'>{% endcomment %}",
        '<a data-note="onclick=go() style=x" aria-label="{{ x }}">',
        "{% include '_components/money.html' with amount=1 only %}{% include part %}{% url name %}",
        "{% include '_components/form.html' %}{% url 'console:home' %}",
    ],
)
def test_what_is_allowed_is_not_named(source):
    assert problems(source) == []


def test_the_list_page_may_share_its_bar():
    assert problems("{% include '_components/chips.html' %}", "console/list.html") == []


def test_the_command_fails_with_the_problems(monkeypatch, tmp_path):
    page = tmp_path / "bad.html"
    page.write_text("<p style='x'>")
    monkeypatch.setattr(template_rules, "ours", lambda: {"bad.html": page})
    err = StringIO()
    with pytest.raises(CommandError, match="1 problems"):
        call_command("check_templates", stdout=StringIO(), stderr=err)
    assert "bad.html:1: attribute style=" in err.getvalue()


# ---- links


def links(page: Path) -> list[str]:
    return LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8")))


def anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S), re.M)
    return {markdown.anchor(re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", title)) for title in titles}


def broken(page: Path) -> list[str]:
    """Relative links of a page that lead nowhere; pictures of docs/screenshots are made by a command of their own."""
    found = []
    for link in links(page):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = unquote(link).partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            found.append(link)
    return found


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.relative_to(BASE_DIR).as_posix())
def test_every_relative_link_leads_somewhere(page):
    assert broken(page) == []


def test_a_link_to_nowhere_would_be_found(tmp_path):
    (tmp_path / "there.md").write_text("# A title, `with` code\n")
    page = tmp_path / "page.md"
    page.write_text("[a](there.md#a-title-with-code) [b](gone.md) [c](there.md#gone) `[d](code.md)` [e](https://x.org)")
    assert broken(page) == ["gone.md", "there.md#gone"]


def test_every_page_can_be_reached_from_the_index():
    seen: set[Path] = set()
    ahead = [DOCS / "index.md"]
    while ahead:
        page = ahead.pop()
        if page in seen or page.suffix != ".md" or not page.exists():
            continue
        seen.add(page)
        ahead += [(page.parent / link.partition("#")[0]).resolve() for link in links(page) if ":" not in link]
    assert set(DOCS.rglob("*.md")) - seen == set()


def test_commands_of_the_docs_exist():
    known = {*get_commands(), "help"}
    for page in WRITTEN:
        for command in re.findall(r"manage\.py ([a-z_]+)", page.read_text(encoding="utf-8")):
            assert command in known, f"{page.name}: manage.py {command}"


def test_make_targets_of_the_docs_exist():
    targets = set(re.findall(r"^([a-z-]+):", (BASE_DIR / "Makefile").read_text(), re.M))
    found = {
        (page.name, target)
        for page in WRITTEN
        for target in re.findall(r"(?:^|`)make ([a-z-]+)", page.read_text(encoding="utf-8"), re.M)
    }
    assert len(found) > 8
    assert {(name, target) for name, target in found if target not in targets} == set()


# ---- a page that is run


def test_a_file_with_errors_loads_as_it_is_told(beside_docs: Path, db: None):
    """Every command of docs/how-to/load-a-file.md, and what the page says they print."""
    page = (DOCS / "how-to/load-a-file.md").read_text(encoding="utf-8")
    blocks = "\n".join(re.findall(r"^```sh\n(.*?)^```", page, re.M | re.S))
    commands = [shlex.split(line, comments=True)[1:] for line in blocks.splitlines() if line.startswith("manage.py ")]
    said = "".join(howto.run(command) for command in commands if command[0] not in {"migrate", "changepassword"})
    told = "\n".join(re.findall(r"^```text\n(.*?)^```", page, re.M | re.S))
    lines = [line for line in told.splitlines() if "…" not in line and not line.startswith("CommandError")]
    assert len(lines) > 10
    assert [line for line in lines if line not in said] == []
    assert set(Case.objects.values_list("code", "status", "outcome")) == {
        ("RECORD_REFUSED", "resolved", "auto"),
        ("VALUE_UNMAPPED", "resolved", "auto"),
    }
    with (beside_docs / "errors.csv").open(encoding="utf-8-sig", newline="") as report:
        assert [(row["row"], row["column"], row["value"]) for row in csv.DictReader(report)] == [
            ("5", "Datum", "31.02.2026"),
            ("6", "Stunden", "3,5o"),
            ("8", "", ""),
            ("9", "Status", "storniert"),
        ]
