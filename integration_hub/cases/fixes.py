"""Fixes offered on the case page itself: a room above registers one per code, e.g. mapping a value."""

from collections.abc import Callable

from django.utils.safestring import SafeString

from integration_hub.cases.models import Case
from integration_hub.console.http import Request
from integration_hub.kernel.registry import Registry

FIXES: Registry[Callable[[Case, Request], SafeString]] = Registry("fix of a case")
"""By code: the HTML of the fix for an open case; an empty string when there is nothing to offer."""


def fix_for(case: Case, request: Request) -> SafeString:
    """What the page of this case offers beside the general decisions."""
    found = FIXES.find(case.code)
    return found(case, request) if found is not None and case.is_open else SafeString()
