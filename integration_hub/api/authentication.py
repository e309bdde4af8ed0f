"""Who is calling: `Authorization: Bearer tl_…`, or the session of a signed-in person."""

from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from integration_hub.api.actions import tokens
from integration_hub.api.models import ApiToken
from integration_hub.people.models import User

SCHEMES = {b"bearer", b"token"}


class TokenAuthentication(BaseAuthentication):
    """A token of ours in the Authorization header. Anything wrong with it is one and the same 401."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """The person and the token, None when the header holds none of ours."""
        scheme, _space, secret = get_authorization_header(request).partition(b" ")
        if scheme.lower() not in SCHEMES:
            return None
        try:
            token = tokens.find(secret.strip().decode("ascii"))
        except UnicodeDecodeError:
            token = None
        if token is None or not token.user.is_active:
            raise AuthenticationFailed(_("This token is not known."))
        if token.state != "active":
            raise AuthenticationFailed(_("This token is no longer valid: it was revoked or has expired."))
        tokens.touch(token)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        """What a caller without a token is asked for."""
        return 'Bearer realm="throughline"'
