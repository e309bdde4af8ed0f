"""docs/reference/connectors.md: what each connector reads and writes, from its manifest."""

from integration_hub.connectors.limits import Limits
from integration_hub.connectors.registry import COMMON_SETTINGS, CONNECTORS, Editable, Manifest, Setting
from integration_hub.connectors.safety import CLASSES
from integration_hub.operations.pages import markdown
from integration_hub.people.models import Role

LEAD = (
    "What each connector reads, what it writes and how a write is made safe, and what an administrator sets. Secrets "
    "are kept sealed and are never shown again. How to set one up: [connect a vendor](../how-to/connect-a-vendor.md)."
)


def page() -> str:
    """The whole page."""
    manifests = [connector.manifest for _, connector in CONNECTORS]
    common = "## Settings of every connection\n\n" + _settings(COMMON_SETTINGS)
    classes = "## How a write is made safe\n\n" + markdown.table(
        ("Class", "Means", "Promises", "When nobody knows the outcome"),
        [(f"**{found.code}**", found.name, found.promise, found.when_unknown) for found in CLASSES.values()],
    )
    return markdown.document("Connectors", LEAD, *(_vendor(manifest) for manifest in manifests), classes, common)


def _vendor(manifest: Manifest) -> str:
    blocks = [
        f"## {manifest.title}",
        f"Name `{manifest.vendor}`, role `{manifest.role}`.",
        _facts(manifest),
        "**Reads**" if manifest.feeds else "Reads nothing by itself.",
        markdown.table(
            ("Entity", "There", "Read every", "Late after", "Deletions told for", "Hints named"), _feeds(manifest)
        ),
        "**Writes**" if manifest.writes else "Writes nothing.",
        markdown.table(("Effect", "What", "Made safe by", "Undone by", "May be corrected"), _writes(manifest)),
        "**Settings**",
        _settings(manifest.settings),
        "**Not confirmed with the vendor**" if manifest.unconfirmed else "",
        markdown.bullets(manifest.unconfirmed),
    ]
    return "\n\n".join(block for block in blocks if block)


def _facts(manifest: Manifest) -> str:
    known = {
        "Access it needs": manifest.scopes,
        "Limits": manifest.limits,
        "Budget unless an administrator sets another": _budget(manifest.budget),
        "Posting windows": manifest.windows,
        "Webhooks": manifest.webhook,
    }
    return markdown.bullets(f"{name}: {text}" for name, text in known.items() if text)


def _budget(limits: Limits) -> str:
    parts = [
        f"{limits.calls} calls per {limits.seconds} s" if limits.calls else "",
        f"{limits.daily} calls a day" if limits.daily else "",
        f"{limits.concurrency} calls at once" if limits.concurrency else "",
        f"{limits.outside} % left to others" if limits.outside else "",
    ]
    return ", ".join(part for part in parts if part)


def _feeds(manifest: Manifest) -> list[tuple[str, ...]]:
    return [
        (
            f"`{feed.entity}`",
            feed.title,
            f"{feed.every_seconds} s",
            f"{feed.late_after_seconds} s",
            f"{feed.horizon.days} days" if feed.horizon else "–",
            ", ".join(f"`{name}`" for name in feed.hint_entities) or "–",
        )
        for feed in sorted(manifest.feeds, key=lambda feed: feed.weight)
    ]


def _writes(manifest: Manifest) -> list[tuple[str, ...]]:
    return [
        (
            f"`{write.effect_type}`",
            write.title,
            f"{write.safety}: {CLASSES[write.safety].name}",
            f"`{write.undo}`" if write.undo else "–",
            ", ".join(_editable(field) for field in write.editable) or "–",
        )
        for write in manifest.writes
    ]


def _editable(field: Editable) -> str:
    roles = ", ".join(str(Role(role).label) for role in field.roles)
    return f"`{field.path}`" + (f" ({roles})" if roles else "")


def _settings(settings: tuple[Setting, ...]) -> str:
    rows = [
        (
            f"`{setting.name}`",
            f"{setting.title}. {setting.help}".strip(". ") + ".",
            "yes" if setting.required else "no",
            "sealed" if setting.secret else (f"`{setting.default}`" if setting.default else "–"),
        )
        for setting in settings
    ]
    return markdown.table(("Setting", "Meaning", "Required", "Default"), rows)
