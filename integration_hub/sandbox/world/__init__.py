"""The demo world: a consulting firm, six months of its work, and the player that plays it through the vendors' APIs."""

from .build import build, digest
from .expect import expect
from .hub import Hook, HubClient, Tokens
from .model import World
from .player import Played, found, play
from .stage import LandscapeUrls
from .troubles import TROUBLES

__all__ = [
    "TROUBLES",
    "Hook",
    "HubClient",
    "LandscapeUrls",
    "Played",
    "Tokens",
    "World",
    "build",
    "digest",
    "expect",
    "found",
    "play",
]
