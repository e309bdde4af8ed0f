"""docs/reference/conformance.md: which cases each connector passes, and why others are not for it."""

from integration_hub.connectors import conformance
from integration_hub.connectors.conformance import CASES, GROUPS, Case
from integration_hub.connectors.registry import CONNECTORS, Manifest
from integration_hub.operations.pages import markdown

LEAD = (
    "The same cases are tried with every connector, against the vendor's simulator or its own program, in every "
    "run of the tests: a connector that fails one does not land. ● is tried and must pass; a letter says why a case is "
    "not for that vendor, in the words of its manifest, below. What each connector reads and writes: "
    "[connectors](connectors.md)."
)


def page() -> str:
    """The whole page."""
    manifests = [connector.manifest for _, connector in CONNECTORS]
    letters = {manifest.vendor: _letters(manifest) for manifest in manifests}
    groups = [_group(code, title, manifests, letters) for code, title in GROUPS.items()]
    reasons = "## Not for a vendor\n\n" + "\n\n".join(
        f"**{manifest.title}**\n\n{markdown.bullets(f'{letter}: {reason}' for reason, letter in reasons.items())}"
        for manifest in manifests
        if (reasons := letters[manifest.vendor])
    )
    return markdown.document("Conformance of the connectors", LEAD, _totals(manifests), *groups, reasons)


def _totals(manifests: list[Manifest]) -> str:
    tried = {manifest.title: sum(not conformance.lacking(manifest, case) for case in CASES) for manifest in manifests}
    rows = [(title, str(count), str(len(CASES) - count)) for title, count in tried.items()]
    return markdown.table(("Connector", f"Tried of {len(CASES)} cases", "Not for its vendor"), rows)


def _letters(manifest: Manifest) -> dict[str, str]:
    """A letter for each reason of a manifest, in the order of the cases."""
    reasons = dict.fromkeys(reason for case in CASES if (reason := conformance.lacking(manifest, case)))
    return {reason: chr(ord("a") + number) for number, reason in enumerate(reasons)}


def _group(code: str, title: str, manifests: list[Manifest], letters: dict[str, dict[str, str]]) -> str:
    rows = [
        (f"`{case.code}`", case.title, *(_mark(manifest, case, letters) for manifest in manifests))
        for case in CASES
        if case.group == code
    ]
    head = ("Case", "Promise", *(manifest.title for manifest in manifests))
    return f"## {title}\n\n{markdown.table(head, rows)}"


def _mark(manifest: Manifest, case: Case, letters: dict[str, dict[str, str]]) -> str:
    reason = conformance.lacking(manifest, case)
    return letters[manifest.vendor][reason] if reason else "●"
