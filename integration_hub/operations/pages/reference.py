"""Pages of docs/reference that come from registries and settings."""

import re
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from django.apps import apps
from pydantic.fields import FieldInfo

from billing.models import HoldCode
from integration_hub.cases import deadlines
from integration_hub.cases.registry import KINDS
from integration_hub.environment import BASE_DIR, DEVELOPMENT_KEY, Environment
from integration_hub.kernel.failures import POLICIES, said
from integration_hub.operations.pages import markdown
from integration_hub.people.models import Role
from integration_hub.people.roles import RIGHTS, STAFF

EXAMPLE = BASE_DIR / ".env.example"
PLAIN = {
    "THROUGHLINE_ALLOWED_HOSTS": "Host names the web server answers to, comma separated.",
    "THROUGHLINE_CLUSTER": "Not read: a cluster gets its stage from `Q_CLUSTER_NAME`.",
    "THROUGHLINE_CSRF_TRUSTED_ORIGINS": "Origins forms may come from, with `https://`, comma separated.",
    "THROUGHLINE_DEBUG": "Django's debug pages. Never in production.",
    "THROUGHLINE_LOG_LEVEL": "Of everything written to the log.",
    "THROUGHLINE_VAR_DIR": "Folder of the embedded database, logs, dropped files and collected static files.",
    "THROUGHLINE_WEB_PORT": "Port of the web server.",
    "THROUGHLINE_WEB_WORKERS": "Processes of the web server.",
}
"""Settings whose name says nearly all; the others are explained at the field or in .env.example."""


def case_codes() -> str:
    """docs/reference/case-codes.md."""
    rows = [
        (
            f"`{code}`",
            kind.title,
            Role(kind.owner_role).label,
            f"S{kind.severity}, {deadlines.told(kind.severity)}",
            kind.closes_when,
            "; ".join(suggestion.label for suggestion in kind.suggestions),
            "yes" if kind.retry else "–",
        )
        for code, kind in KINDS
    ]
    return markdown.document(
        "Codes of exceptions and holds",
        "An exception is a case that a person owns. It closes by itself when its condition is met; where the condition "
        "can be asked, nobody can resolve the case by hand before. *Again*: the case offers to try the affected work "
        "again.",
        "## Exceptions",
        markdown.table(
            ("Code", "What it says", "Owner", "Severity, clock", "Closes when", "What to do", "Again"),
            rows,
        ),
        "## Holds",
        "A hold stops billing of a contract, project, line or piece of work for a reason, until a person releases it.",
        markdown.table(("Code", "Meaning"), [(f"`{code}`", str(label)) for code, label in HoldCode.choices]),
    )


def settings() -> str:
    """docs/reference/settings.md."""
    told = _explained()
    rows = []
    for name, field in sorted(Environment.model_fields.items(), key=lambda item: _variable(*item)):
        variable = _variable(name, field)
        meaning = field.description or told.get(variable) or PLAIN[variable]
        rows.append((f"`{variable}`", _default(field), _allowed(field), meaning))
    return markdown.document(
        "Settings",
        "Settings come from the environment, or from a file `.env` beside `manage.py`; the environment wins. A wrong "
        "one stops the start and is named. With `THROUGHLINE_MODE=production` a start without its own secret key, "
        "secrets key and database, or with debugging on, is refused.",
        markdown.table(("Name", "Default", "Allowed", "Meaning"), rows),
    )


def permissions() -> str:
    """docs/reference/permissions.md."""
    names = _rights()
    used = sorted({right for rights in RIGHTS.values() for right in rights})
    rows = [(f"`{right}`", names[right], *("yes" if right in RIGHTS[role] else "" for role in Role)) for right in used]
    staff = ", ".join(sorted(str(role.label) for role in STAFF))
    return markdown.document(
        "Roles and rights",
        "Rights are given to roles, never to single people. `manage.py sync_roles` makes the groups hold exactly "
        "these. Besides the right, a person needs the legal entity: rows of other entities do not exist for them "
        "([security](../explanation/security.md)).",
        f"Roles that work in Django admin: {staff}.",
        markdown.table(("Right", "Meaning", *(str(role.label) for role in Role)), rows),
    )


def retry_policies() -> str:
    """docs/reference/retry-policies.md."""
    rows = [
        (f"`{kind.value}`", str(policy.attempts), said(policy.waits) or "–", policy.who_acts)
        for kind, policy in POLICIES.items()
    ]
    return markdown.document(
        "Failures and retries",
        "Every failure has one class, and the class says who acts. The same table drives the workers and the console. "
        "Where a vendor says how long to wait, that wait is used instead. When the tries are used up, the item stalls "
        "visibly in its lane and a case is opened.",
        markdown.table(("Class", "Tries", "Waits between them", "Who acts"), rows),
    )


def _variable(name: str, field: FieldInfo) -> str:
    return str(field.validation_alias or f"THROUGHLINE_{name.upper()}")


def _default(field: FieldInfo) -> str:
    value = field.default
    if isinstance(value, Path):
        value = value.relative_to(BASE_DIR) if value.is_relative_to(BASE_DIR) else value
    if value == DEVELOPMENT_KEY:
        return "a key for development only"
    if isinstance(value, bool):
        value = str(value).lower()
    return f"`{value}`" if value != "" else "–"


def _allowed(field: FieldInfo) -> str:
    kind: Any = field.annotation
    if get_origin(kind) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(kind))
    bounds = {name: getattr(item, name) for item in field.metadata for name in ("ge", "le") if hasattr(item, name)}
    if "ge" in bounds and "le" in bounds:
        return f"{bounds['ge']} to {bounds['le']}"
    if "ge" in bounds:
        return f"at least {bounds['ge']}"
    patterns = [item.pattern for item in field.metadata if getattr(item, "pattern", None)]
    if patterns:
        choices = re.fullmatch(r"\^\(([\w|]+)\)\$", patterns[0])
        return ", ".join(f"`{choice}`" for choice in choices[1].split("|")) if choices else f"`{patterns[0]}`"
    return {bool: "true, false", Path: "a path"}.get(kind, "text")


def _explained() -> dict[str, str]:
    """Comment above each setting in .env.example."""
    found: dict[str, str] = {}
    comment: list[str] = []
    for line in EXAMPLE.read_text().splitlines():
        if line.startswith("#"):
            comment.append(line.lstrip("# "))
        elif "=" in line:
            found[line.split("=", 1)[0]] = " ".join(comment)
            comment = []
        else:
            comment = []
    return found


def _rights() -> dict[str, str]:
    """Every right a model declares: `app.codename` to its name."""
    found = {}
    for model in apps.get_models():
        meta = model._meta
        for verb in meta.default_permissions:
            found[f"{meta.app_label}.{verb}_{meta.model_name}"] = f"Can {verb} {meta.verbose_name_raw}"
        for codename, name in meta.permissions:
            found[f"{meta.app_label}.{codename}"] = str(name)
    return found
