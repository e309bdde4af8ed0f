"""Tokens: issue, revoke, recognise."""

import hashlib
import hmac
import secrets
import string
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q

from integration_hub.api import policies
from integration_hub.api.models import ApiToken
from integration_hub.api.scopes import SCOPES
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import BadInput, NotReady, Problem
from integration_hub.people.models import User
from integration_hub.trail.record import Actor, actor_name, event

_ALPHABET = string.ascii_lowercase + string.digits
_USED_EVERY = timedelta(minutes=1)


@transaction.atomic
def issue(
    *, user: User, name: str, scopes: Iterable[str], by: Actor, expires_at: datetime | None = None
) -> tuple[ApiToken, str]:
    """Make a token for a person; returns it with its secret, which is not kept and never shown again.

    Raises Denied; BadInput for what `problems` finds; NotReady when the person has an open token of this name.
    """
    policies.can_issue(by, user).or_raise()
    wanted = sorted(set(scopes))
    if found := problems(user=user, name=name, scopes=wanted, expires_at=expires_at):
        raise BadInput(f"API token {name}".strip(), found)
    prefix = "".join(secrets.choice(_ALPHABET) for _ in range(8))
    secret = f"tl_{prefix}_{secrets.token_urlsafe(32)}"
    token = ApiToken(
        user=user,
        name=name.strip(),
        prefix=prefix,
        secret_hash=digest(secret),
        scopes=wanted,
        created_by=actor_name(by),
        expires_at=expires_at,
    )
    try:
        with transaction.atomic():
            token.save()
    except IntegrityError as error:
        raise NotReady(f"{user.label} has a token named {name!r} already. Revoke it, or choose a new name.") from error
    _event("issued", token, by, scopes=wanted, expires_at=expires_at)
    return token, secret


@transaction.atomic
def revoke(*, token_id: int, by: Actor) -> ApiToken:
    """End a token at once. Raises Denied, or NotReady when it is revoked already."""
    token = ApiToken.objects.select_for_update(of=("self",), no_key=True).select_related("user").get(pk=token_id)
    policies.can_revoke(by, token.user).or_raise()
    if token.revoked_at is not None:
        raise NotReady(f"{token} is revoked already.")
    token.revoked_at = now()
    token.save(update_fields=["revoked_at"])
    _event("revoked", token, by)
    return token


def find(secret: str) -> ApiToken | None:
    """The token of this secret, whatever its state, or None. Compares in constant time."""
    mark, _, rest = secret.partition("_")
    prefix, _, tail = rest.partition("_")
    if mark != "tl" or not prefix or not tail:
        return None
    token = ApiToken.objects.select_related("user").filter(prefix=prefix).first()
    known = token.secret_hash if token else digest("")
    return token if hmac.compare_digest(known, digest(secret)) else None


def touch(token: ApiToken) -> None:
    """Note that the token is used, at most once a minute."""
    moment = now()
    stale = Q(last_used_at__isnull=True) | Q(last_used_at__lt=moment - _USED_EVERY)
    if token.last_used_at is None or token.last_used_at < moment - _USED_EVERY:
        ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=moment)


def digest(secret: str) -> str:
    """SHA-256 (hex) of a secret. The secrets are random and long, so a slow hash would add nothing."""
    return hashlib.sha256(secret.encode()).hexdigest()


def problems(*, user: User, name: str, scopes: Collection[str], expires_at: datetime | None) -> list[Problem]:
    """What is wrong with a token that is asked for: unknown scopes or none, no name, an expiry that has passed."""
    found = [
        Problem("scopes", f"{scope!r} is no scope.", f"Use some of {', '.join(SCOPES)}.")
        for scope in scopes
        if scope not in SCOPES
    ]
    if not scopes:
        found.append(Problem("scopes", "are empty.", f"Name what it is for: {', '.join(SCOPES)}."))
    if not name.strip():
        found.append(Problem("name", "is empty.", "Say what the token is for."))
    if not user.is_active:
        found.append(Problem("user", f"{user.username} is not active.", "Choose an active person."))
    if expires_at is not None and expires_at <= now():
        found.append(Problem("expires_at", "has passed.", "Choose a later moment, or none."))
    return found


def _event(verb: str, token: ApiToken, by: Actor, **data: Any) -> None:
    event(f"api.token.{verb}", by=by, object_type="api.token", object_id=token.pk,
          label=f"{token} of {token.user.username}", **data)  # fmt: skip
