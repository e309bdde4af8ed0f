"""`{% load rooms %}`: payloads as they came."""

import json
from typing import Any

from django import template

from integration_hub.console import wording

register = template.Library()


@register.filter
def as_json(value: Any) -> str:
    """A JSON value, indented, keys as they came."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


@register.filter
def in_words(name: str) -> str:
    """`worked_on` as `worked on`: the name of a field as people read it."""
    return name.replace("_", " ")


@register.filter
def plainly(value: Any) -> str:
    """A value as text; lists and objects as JSON in one line. Numbers stay as they came, not grouped."""
    if isinstance(value, bool):
        return wording.yes_no(value)
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict | list) else str(value)
