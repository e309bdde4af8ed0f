"""What codes of billing are called for people."""

from billing.models import HoldCode
from integration_hub.cases.registry import KINDS

HOLDS: dict[str, str] = dict(HoldCode.choices)


def code_words(code: str) -> str:
    """What a code says in words: the title of its exception, the name of its hold, else the code as a sentence."""
    kind = KINDS.find(code)
    return kind.title if kind else HOLDS.get(code, code.replace("_", " ").capitalize())
