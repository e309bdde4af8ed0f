"""`{% load rooms %}`: payloads as they came."""

import json
from typing import Any

from django import template

register = template.Library()


@register.filter
def as_json(value: Any) -> str:
    """A JSON value, indented, keys as they came."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)
