"""What a token may be used for, checked before the view runs."""

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from integration_hub.api.models import ApiToken
from integration_hub.kernel.decision import ALLOW, Decision, deny

if TYPE_CHECKING:  # the framework imports this module while it is being imported itself
    from rest_framework.views import APIView


class ScopedPermission(BasePermission):
    """Every view declares `required_scopes = {"GET": …, "POST": …}` and the `required_permission` to see its rows.

    One that does not is refused. A person who is signed in to the console needs no scope. What somebody may change is
    for the policies of the actions, whoever calls them.
    """

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Whether the call may go on; raises `Denied` with the reason when a scope is missing."""
        if not request.user.is_authenticated:
            return False
        scope_decision(request, view).or_raise()
        return True


def scope_decision(request: Request, view: "APIView") -> Decision:
    """Whether the scopes of the token cover this method of this view, and the person may see its rows."""
    if not getattr(view, "required_scopes", None) or not getattr(view, "required_permission", ""):
        return deny("This address does not say which scope and right it needs, so nobody may use it.")
    scope = required_scope(view, request.method or "")
    if scope is None:
        return ALLOW  # a method nobody declared is answered with 405
    if isinstance(request.auth, ApiToken) and scope not in request.auth.scopes:
        return deny(f"The token lacks the scope {scope}.")
    if not request.user.has_perm(view.required_permission):  # type: ignore[attr-defined]
        return deny("Your role does not see this.")
    return ALLOW


def required_scope(view: object, method: str) -> str | None:
    """The scope of a method; HEAD and OPTIONS are as GET, or as the first one declared."""
    declared: dict[str, str] = getattr(view, "required_scopes", {})
    if method in {"HEAD", "OPTIONS"}:
        return declared.get("GET") or next(iter(declared.values()), None)
    return declared.get(method)
