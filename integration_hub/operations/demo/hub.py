"""How the player reaches the hub: tokens of the demo's people, addresses of its webhooks."""

import json
from pathlib import Path

from integration_hub.api.actions import tokens
from integration_hub.api.models import ApiToken
from integration_hub.operations.demo.connections import webhook_secret
from integration_hub.people.models import User
from integration_hub.sandbox.world.hub import Hook, HubClient, Tokens

NAME = "demo player"
SCOPES = {
    "anna": ("billing:read", "billing:write", "contracts:read"),
    "fiona": ("billing:read", "billing:write", "contracts:read", "contracts:write"),
    "conrad": ("billing:read", "billing:write", "contracts:read"),
    "paula": ("billing:read", "holds:write", "contracts:read"),
}
HINTING = ("salesforce", "kantata", "netsuite")


def client(base_url: str, people: dict[str, User], var_dir: Path) -> HubClient:
    """A client with one token per person; tokens are kept in var/ so that a second start uses the same."""
    secrets = _tokens(people, var_dir / "demo-tokens.json")
    return HubClient(
        base_url,
        Tokens(analyst=secrets["anna"], finance=secrets["fiona"], controller=secrets["conrad"], pmo=secrets["paula"]),
        hooks={vendor: Hook(f"{base_url}/hooks/{vendor}/", webhook_secret(vendor)) for vendor in HINTING},
        scheme="Bearer",
    )


def _tokens(people: dict[str, User], kept: Path) -> dict[str, str]:
    known: dict[str, str] = json.loads(kept.read_text()) if kept.exists() else {}
    for username, scopes in SCOPES.items():
        token = tokens.find(known.get(username, ""))
        if token is not None and set(scopes) <= set(token.scopes):
            continue
        for old in ApiToken.objects.filter(user=people[username], name=NAME, revoked_at__isnull=True):
            tokens.revoke(token_id=old.pk, by=people["admin"])
        _, known[username] = tokens.issue(user=people[username], name=NAME, scopes=scopes, by=people["admin"])
    kept.touch(mode=0o600)
    kept.write_text(json.dumps(known))
    return known
