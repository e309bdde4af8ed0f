"""`manage.py connectors`: what each connector reads, writes and needs."""

from typing import Any

from django.core.management.base import BaseCommand

from integration_hub.connectors.registry import CONNECTORS, FeedSpec, Manifest
from integration_hub.connectors.safety import CLASSES


def _horizon(feed: FeedSpec) -> str:
    return f", hears of deletions for {feed.horizon.days} days" if feed.horizon else ""


class Command(BaseCommand):
    """Print the manifest of every connector."""

    help = "List connectors with their feeds, writes, settings and limits."

    def handle(self, *args: Any, **options: Any) -> None:
        for _, connector in CONNECTORS:
            self._print(connector.manifest)

    def _print(self, manifest: Manifest) -> None:
        line = self.stdout.write
        line(f"{manifest.title} ({manifest.vendor}, {manifest.role})")
        for feed in sorted(manifest.feeds, key=lambda spec: spec.weight):
            line(f"  reads   {feed.entity:<18} {feed.title}, every {feed.every_seconds} s{_horizon(feed)}")
        for write in manifest.writes:
            undo = f", undone by {write.undo}" if write.undo else ""
            line(f"  writes  {write.effect_type:<32} {write.safety} ({CLASSES[write.safety].name}){undo}")
        for setting in manifest.settings:
            kind = "secret" if setting.secret else "setting"
            state = "required" if setting.required and not setting.default else f"default {setting.default or 'empty'}"
            line(f"  {kind:<7} {setting.name:<28} {setting.title} ({state})")
        for label in ("limits", "windows", "webhook", "scopes"):
            if text := getattr(manifest, label):
                line(f"  {label:<7} {text}")
        for text in manifest.unconfirmed:
            line(f"  unconfirmed: {text}")
        line("")
