"""The verbs that scenarios can use: each app registers its own in `AppConfig.ready()`.

Billing may not know costs or reconciliation; a story of margins or measures goes through them all the same.
"""

from collections.abc import Callable
from typing import Any

from billing.scenarios.reading import Words
from billing.scenarios.world import World
from integration_hub.kernel.registry import Registry

Verb = Callable[[World, Words], Any]
"""Takes its step's words and answers with what came out, by the names of the format; None where nothing does."""

VERBS: Registry[Verb] = Registry("verb of scenarios")
