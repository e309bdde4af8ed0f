"""Entra ID: client credentials of an app registration for a token of one environment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import accounts
from ..messages import Call, Reply
from ..tokens import Tokens

PATH = "/oauth2/v2.0/token"


class SignIn:
    """The token endpoint of a tenant."""

    def __init__(self, tokens: Tokens, setting: Callable[[str], Any]) -> None:
        self._tokens = tokens
        self._setting = setting

    def token(self, call: Call) -> Reply:
        form = call.form()
        if call.params["tenant"] != accounts.DYNAMICS_TENANT_ID:
            return _denied("invalid_request", f"AADSTS90002: Tenant '{call.params['tenant']}' not found.")
        if form.get("grant_type") != "client_credentials":
            return _denied("unsupported_grant_type", "AADSTS70003: The app requested an unsupported grant type.")
        if form.get("client_id") != accounts.DYNAMICS_CLIENT_ID:
            return _denied("unauthorized_client", "AADSTS700016: Application was not found in the directory.")
        if form.get("client_secret") != accounts.DYNAMICS_CLIENT_SECRET:
            return _denied("invalid_client", "AADSTS7000215: Invalid client secret provided.", 401)
        if form.get("scope") != f"{call.origin}/.default":
            return _denied("invalid_scope", f"AADSTS70011: The scope '{form.get('scope')}' is not valid.")
        lifetime = self._setting("token_seconds")
        token = self._tokens.issue("eyJ0eXAi", lifetime)
        return Reply(200, {"token_type": "Bearer", "expires_in": lifetime, "access_token": token})


def _denied(error: str, description: str, status: int = 400) -> Reply:
    return Reply(status, {"error": error, "error_description": description})
