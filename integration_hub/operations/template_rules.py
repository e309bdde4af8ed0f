"""What every template must keep: it compiles, names addresses and parts that exist, and holds no inline code or style.

The rules come from docs/reference/screens.md; the Content-Security-Policy would refuse inline code anyway, silently.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.template import Engine, TemplateDoesNotExist, TemplateSyntaxError, engines
from django.template.base import Node, Template
from django.template.defaulttags import URLNode
from django.template.loader_tags import ExtendsNode, IncludeNode
from django.template.utils import get_app_template_dirs
from django.urls import URLPattern, URLResolver, get_resolver

from integration_hub.environment import BASE_DIR

LONGEST = 200
WITH_CONTEXT = {"page_header", "action_button", "form", "field", "filter_bar", "pagination", "lineage"}
"""Parts that read the page's context; every other part of `_components/` is included with `only`."""
LIST_PAGE = {"chips", "filter_errors"}
"""Neighbours of `filter_bar` that read the same `bar`; only `console/list.html` has them."""

COMMENT = re.compile(r"{#.*?#}|{%-?\s*comment.*?endcomment\s*%}", re.S)
DJANGO = re.compile(r"{{.*?}}|{%.*?%}", re.S)
TAG = re.compile(r"""<([a-zA-Z][\w-]*)((?:[^"'<>]|"[^"]*"|'[^']*')*)>""")
QUOTED = re.compile(r""""[^"]*"|'[^']*'""")
FORBIDDEN = re.compile(r"(?:^|\s)((?:hx-)?on[a-z:-]*|style)\s*=", re.I)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend in a template."""

    template: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.template}:{self.line}: {self.text}"


def ours() -> dict[str, Path]:
    """Every template of this project by the name it is loaded with."""
    engine = engines["django"].engine  # type: ignore[attr-defined]
    folders = [Path(folder) for folder in (*engine.dirs, *get_app_template_dirs("templates"))]
    inside = [folder for folder in folders if folder.is_relative_to(BASE_DIR) and not _installed(folder)]
    return {page.relative_to(folder).as_posix(): page for folder in inside for page in sorted(folder.rglob("*.html"))}


def all_problems() -> list[Problem]:
    """The problems of every template of ours."""
    engine = engines["django"].engine  # type: ignore[attr-defined]
    names = url_names()
    return [problem for name, page in ours().items() for problem in of(name, page.read_text(), engine, names)]


def of(name: str, source: str, engine: Engine, names: set[str]) -> list[Problem]:
    """The problems of one template. `names`: addresses that `{% url %}` may use."""
    found = list(_text_problems(name, source))
    try:
        template = Template(source, engine=engine, name=name)
    except (TemplateSyntaxError, TemplateDoesNotExist) as error:
        return [
            *found,
            Problem(name, getattr(getattr(error, "token", None), "lineno", 1), f"does not compile: {error}"),
        ]
    return [*found, *_node_problems(name, template, engine, names)]


def url_names() -> set[str]:
    """Every name `{% url %}` may use, with its namespaces."""
    return set(_names(get_resolver().url_patterns, ""))


def _names(patterns: list[URLPattern | URLResolver], spaces: str) -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _names(pattern.url_patterns, f"{spaces}{pattern.namespace}:" if pattern.namespace else spaces)
        elif pattern.name:
            yield spaces + pattern.name


def _installed(folder: Path) -> bool:
    return "site-packages" in folder.parts


def _text_problems(name: str, source: str) -> Iterator[Problem]:
    lines = source.count("\n") + 1
    if lines > LONGEST:
        yield Problem(name, lines, f"is longer than {LONGEST} lines: split it into parts")
    html = DJANGO.sub(_blank, COMMENT.sub(_blank, source))
    for tag in TAG.finditer(html):
        line = html.count("\n", 0, tag.start()) + 1
        kind, attributes = tag[1].lower(), QUOTED.sub('""', tag[2])
        if kind == "style":
            yield Problem(name, line, "inline <style>: put it into static/css")
        if kind == "script" and not re.search(r"\ssrc\s*=", attributes):
            yield Problem(name, line, "inline <script>: put it into static/js")
        for found in FORBIDDEN.finditer(attributes):
            yield Problem(name, line, f"attribute {found[1]}= on <{kind}>: the security policy refuses it")
        if "javascript:" in tag[2].lower():
            yield Problem(name, line, f"javascript: address on <{kind}>")


def _blank(match: re.Match[str]) -> str:
    """Nothing, with the same line breaks, so that lines keep their numbers."""
    return " " + "\n" * match[0].count("\n")


def _node_problems(name: str, template: Template, engine: Engine, names: set[str]) -> Iterator[Problem]:
    for node in template.nodelist.get_nodes_by_type(Node):
        line = (node.token.lineno if node.token else None) or 1
        if isinstance(node, URLNode):
            view = _literal(node.view_name)
            if view and view not in names:
                yield Problem(name, line, f"no address is named {view!r}")
        elif isinstance(node, ExtendsNode | IncludeNode):
            yield from _part_problems(name, line, node, engine)


def _part_problems(name: str, line: int, node: ExtendsNode | IncludeNode, engine: Engine) -> Iterator[Problem]:
    part = _literal(node.parent_name if isinstance(node, ExtendsNode) else node.template)
    if not part:
        return
    try:
        engine.get_template(part)
    except TemplateDoesNotExist:
        yield Problem(name, line, f"no template is named {part!r}")
    except TemplateSyntaxError:
        pass  # told at the part itself
    if isinstance(node, IncludeNode) and not node.isolated_context and _stands_alone(part, name):
        yield Problem(name, line, f"{part} is included without `only`: the page's title and url leak into it")


def _stands_alone(part: str, includer: str) -> bool:
    """Whether a part must not see the context of the page that includes it."""
    with_context = WITH_CONTEXT | LIST_PAGE if includer == "console/list.html" else WITH_CONTEXT
    return part.startswith("_components/") and Path(part).stem not in with_context


def _literal(expression: Any) -> str:
    """The text of a literal template argument; empty for a variable."""
    value = expression.var
    return str(value) if isinstance(value, str) and not expression.filters else ""
