"""Connections: set up, re-keyed, paused, resumed, tested."""

import re
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction

from integration_hub.connectors import credentials as vault
from integration_hub.connectors import hosts, policies
from integration_hub.connectors.models import Account, Connection
from integration_hub.connectors.registry import COMMON_SETTINGS, CONNECTORS, DEFAULT_MAPPINGS, Manifest
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import BadInput, NotReady, Problem
from integration_hub.kernel.failures import Failed
from integration_hub.mapping.actions import mappings
from integration_hub.trail.record import Actor, event

_CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
_NOT_TRIED: dict[str, Any] = {"health": Connection.Health.UNKNOWN, "health_detail": "", "open_until": None}
"""The state of a connection with other credentials than those it was tried with."""


@transaction.atomic
def create(
    *,
    code: str,
    vendor: str,
    name: str,
    base_url: str,
    settings: dict[str, Any],
    credentials: dict[str, str],
    by: Actor,
    webhook_secret: str = "",
) -> Connection:
    """Set up a connection, with the vendor's default mappings published.

    Settings and credentials are those of the vendor's manifest; credentials may follow with `set_credentials`. Raises
    Denied, or BadInput naming every wrong one.
    """
    policies.can_set_up(by).or_raise()
    manifest = _manifest(vendor)
    problems = [*_code_problems(code), *_address_problems(manifest, base_url)]
    settings, more = _checked(manifest, settings)
    problems += [*more, *(_credential_problems(manifest, credentials) if credentials else [])]
    if problems:
        raise BadInput(f"Connection {code}", problems)
    account, _ = Account.objects.get_or_create(code=code, defaults={"vendor": vendor})
    connection = Connection.objects.create(
        code=code,
        vendor=vendor,
        name=name,
        account=account,
        base_url=base_url.rstrip("/"),
        settings=settings,
        sealed_credentials=vault.sealed(code, credentials) if credentials else b"",
        sealed_webhook_secret=vault.sealed_webhook_secret(code, webhook_secret),
    )
    _record("created", connection, by, vendor=vendor, base_url=connection.base_url, settings=settings)
    default = DEFAULT_MAPPINGS.find(vendor)
    if default is not None:
        mappings.install_default(connection=code, default=default, by=_system(by))
    return connection


@transaction.atomic
def change(
    *, connection_id: int, name: str, base_url: str, settings: dict[str, Any], by: Actor, seen_version: int
) -> Connection:
    """Change name, address and settings. Raises Denied, Stale, or BadInput naming every wrong setting.

    Credentials belong to the host they were entered for: an address on another one forgets them, so that nobody has
    them sent to a host of their own.
    """
    policies.can_set_up(by).or_raise()
    connection = Connection.objects.get(pk=connection_id)
    manifest = _manifest(connection.vendor)
    settings, problems = _checked(manifest, settings)
    problems = [*_address_problems(manifest, base_url), *problems]
    if problems:
        raise BadInput(f"Connection {connection.code}", problems)
    after = {"name": name, "base_url": base_url.rstrip("/"), "settings": settings}
    changes = {
        field: {"before": getattr(connection, field), "after": value}
        for field, value in after.items()
        if getattr(connection, field) != value
    }
    if changes:
        forgotten: dict[str, Any] = {}
        if connection.sealed_credentials and _origin(base_url) != _origin(connection.base_url):
            forgotten = {"sealed_credentials": b"", **_NOT_TRIED}
        _transition(connection, seen_version, **after, **forgotten)
        _record("changed", connection, by, changes=changes, credentials_forgotten=bool(forgotten))
    return connection


@transaction.atomic
def set_credentials(
    *,
    connection_id: int,
    by: Actor,
    seen_version: int,
    credentials: dict[str, str] | None = None,
    webhook_secret: str | None = None,
) -> Connection:
    """Replace credentials, webhook secret or both; None leaves one as it is. Raises Denied, Stale, BadInput.

    The trail keeps the names of what was set, never the values.
    """
    policies.can_set_credentials(by).or_raise()
    connection = Connection.objects.get(pk=connection_id)
    changes: dict[str, Any] = {}
    if credentials is not None:
        problems = _credential_problems(_manifest(connection.vendor), credentials)
        if problems:
            raise BadInput(f"Connection {connection.code}", problems)
        changes["sealed_credentials"] = vault.sealed(connection.code, credentials)
    if webhook_secret is not None:
        changes["sealed_webhook_secret"] = vault.sealed_webhook_secret(connection.code, webhook_secret)
    if changes:
        changes |= _NOT_TRIED
        _transition(connection, seen_version, **changes)
        names = [*sorted(credentials or {}), *(["webhook_secret"] if webhook_secret is not None else [])]
        _record("credentials_set", connection, by, names=names)
    return connection


@transaction.atomic
def pause(*, connection_id: int, reason: str, by: Actor, seen_version: int) -> Connection:
    """Stop all calls of a connection. Raises Denied, Stale, NotReady, or BadInput without a reason."""
    policies.can_pause(by).or_raise()
    connection = Connection.objects.get(pk=connection_id)
    if not reason.strip():
        raise BadInput(f"Connection {connection.code}", [Problem("reason", "is empty.", "Say why it is paused.")])
    if connection.is_paused:
        raise NotReady(f"{connection} is paused already: {connection.paused_reason}")
    _transition(connection, seen_version, is_paused=True, paused_reason=reason.strip()[:200])
    _record("paused", connection, by, reason=reason)
    return connection


@transaction.atomic
def resume(*, connection_id: int, by: Actor, seen_version: int) -> Connection:
    """Let calls go on, the circuit breaker closed. Raises Denied, Stale, NotReady."""
    policies.can_pause(by).or_raise()
    connection = Connection.objects.get(pk=connection_id)
    if not connection.is_paused:
        raise NotReady(f"{connection} is not paused.")
    _transition(connection, seen_version, is_paused=False, paused_reason="", open_until=None, failures_in_row=0)
    _record("resumed", connection, by)
    return connection


def test(*, connection_id: int, by: Actor) -> str:
    """Sign in and read something small; the vendor's answer as a sentence. Runs outside any transaction.

    Raises Denied, or Failed that says who must act; the health of the connection shows either.
    """
    policies.can_pause(by).or_raise()
    connection = Connection.objects.get(pk=connection_id)
    Connection.objects.filter(pk=connection_id).update(open_until=None, failures_in_row=0)
    try:
        sentence = CONNECTORS.get(connection.vendor).check(connection)
    except Failed as failure:
        _record("tested", connection, by, ok=False, failure=failure.kind, message=failure.message)
        raise
    with transaction.atomic():
        Connection.objects.filter(pk=connection_id).update(
            health=Connection.Health.OK, health_detail=sentence[:500], health_at=now()
        )
        _record("tested", connection, by, ok=True, message=sentence)
    return sentence


@transaction.atomic
def reseal_all(*, by: Actor) -> int:
    """Put every secret under the newest key; how many connections changed. Raises secrets.SecretUnreadable."""
    policies.can_set_credentials(by).or_raise()
    changed = 0
    for connection in Connection.objects.select_for_update(no_key=True).order_by("pk"):
        if vault.reseal(connection):
            Connection.objects.filter(pk=connection.pk).update(
                sealed_credentials=connection.sealed_credentials,
                sealed_webhook_secret=connection.sealed_webhook_secret,
            )
            _record("resealed", connection, by)
            changed += 1
    return changed


def _manifest(vendor: str) -> Manifest:
    connector = CONNECTORS.find(vendor)
    if connector is None:
        known = ", ".join(name for name, _ in CONNECTORS)
        raise BadInput("Connection", [Problem("vendor", f"{vendor!r} has no connector.", f"Use one of: {known}.")])
    return connector.manifest


def _code_problems(code: str) -> list[Problem]:
    if _CODE.fullmatch(code):
        if Connection.objects.filter(code=code).exists():
            return [Problem("code", f"{code!r} is taken.", "Choose another.")]
        return []
    return [Problem("code", f"{code!r} is not a code.", "Use small letters, digits and hyphens.")]


def _address_problems(manifest: Manifest, base_url: str) -> list[Problem]:
    if not base_url:
        if manifest.role == "file":
            return []
        return [Problem("base_url", "is empty.", f"Enter the address of the {manifest.title} account.")]
    decision = hosts.may_call(base_url, manifest.schemes)
    return [] if decision else [Problem("base_url", decision.reason)]


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def _checked(manifest: Manifest, given: dict[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """Settings completed with defaults, and what is wrong with them."""
    known = {setting.name: setting for setting in (*manifest.settings, *COMMON_SETTINGS) if not setting.secret}
    problems = [
        Problem(name, f"is not a setting of {manifest.title}.", f"There are: {', '.join(sorted(known))}.")
        for name in given
        if name not in known
    ]
    settings = dict(given)
    for name, setting in known.items():
        if settings.get(name) not in (None, ""):
            continue
        settings.pop(name, None)
        if setting.default:
            settings[name] = setting.default
        elif setting.required:
            problems.append(Problem(name, "is empty.", setting.help or f"Enter: {setting.title}."))
    return settings, problems


def _credential_problems(manifest: Manifest, given: dict[str, str]) -> list[Problem]:
    known = {setting.name: setting for setting in manifest.settings if setting.secret}
    problems = [
        Problem(name, f"is not a credential of {manifest.title}.", f"There are: {', '.join(sorted(known)) or 'none'}.")
        for name in given
        if name not in known
    ]
    problems += [
        Problem(name, "is empty.", setting.help or f"Enter: {setting.title}.")
        for name, setting in known.items()
        if setting.required and not given.get(name)
    ]
    return problems


def _transition(connection: Connection, seen_version: int, **changes: Any) -> None:
    Connection.objects.transition(connection.pk, seen_version=seen_version, **changes)
    connection.refresh_from_db()


def _system(by: Actor) -> str:
    """The default mappings are the connector's own; nobody wrote them, so nobody may not publish them."""
    return by if isinstance(by, str) else "system:connectors"


def _record(verb: str, connection: Connection, by: Actor, reason: str = "", **data: Any) -> None:
    event(
        f"connectors.connection.{verb}",
        by=by,
        object_type="connection",
        object_id=connection.pk,
        label=connection.code,
        reason=reason,
        **data,
    )
