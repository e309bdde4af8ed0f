"""The generated pages of docs/: written from models, tables of moves, registries and settings.

`everything()` gives `{path below docs/: text}`; the same code gives the same bytes. `manage.py model_docs` writes them,
`manage.py model_docs --check` compares them.
"""

from integration_hub.operations.pages import conformance, connectors, models, reference, states


def everything() -> dict[str, str]:
    """Every generated page by its path below docs/."""
    return {
        "reference/models.md": models.page(),
        "reference/case-codes.md": reference.case_codes(),
        "reference/connectors.md": connectors.page(),
        "reference/conformance.md": conformance.page(),
        "reference/settings.md": reference.settings(),
        "reference/permissions.md": reference.permissions(),
        "reference/retry-policies.md": reference.retry_policies(),
        **states.pages(),
    }


OWNED = ("states/*.md",)
"""Patterns below docs/ that hold generated pages only: a file there that nothing generates any more is stale."""
