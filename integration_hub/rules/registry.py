"""What can be decided by tables: upper rooms register their kinds in `ready()`."""

from integration_hub.kernel.registry import Registry
from integration_hub.rules.tables import Kind

KINDS: Registry[Kind] = Registry("kind of decision table")
