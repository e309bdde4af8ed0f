"""The demo world: a consulting firm, six months of its work, and the player that plays it through the vendors' APIs."""

from .build import build, digest
from .model import World

__all__ = ["World", "build", "digest"]
