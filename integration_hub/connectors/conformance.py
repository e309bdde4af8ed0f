"""The conformance kit: what every connector promises, as cases that are the same for all of them.

A case is for every connector whose vendor has the traits it needs. A vendor without a trait says so in its manifest
(`without`), with the reason; nothing is left out otherwise. The tests are in `tests/connectors/kit`, the table of
connectors and cases is docs/reference/conformance.md.
"""

from dataclasses import dataclass

from integration_hub.connectors.registry import Manifest
from integration_hub.connectors.traits import Trait


@dataclass(frozen=True, slots=True)
class Case:
    """One promise. `code` is `group.name`; `needs` are the traits without which it means nothing."""

    code: str
    title: str
    needs: tuple[Trait, ...] = ()

    @property
    def group(self) -> str:
        return self.code.partition(".")[0]


GROUPS = {
    "spec": "What it declares",
    "sign": "Signing in",
    "read": "Reading",
    "count": "Counting",
    "hook": "Webhooks",
    "limit": "Limits and outages",
    "write": "Writing",
    "window": "Posting windows",
}

_CALLS = (Trait.CALLS,)
_READS = (Trait.CALLS, Trait.READS)
_STAMPS = (*_READS, Trait.STAMPS)
_TOKENS = (Trait.CALLS, Trait.RENEWS)
_WRITES = (Trait.CALLS, Trait.WRITES)
_COUNTS = (*_READS, Trait.COUNTS)
_WINDOWS = (*_WRITES, Trait.WINDOWS)

CASES = (
    Case("spec.names", "Names are its own, unique, and known to the canonical language"),
    Case("spec.lacks", "What it says its vendor lacks agrees with what it declares"),
    Case("spec.mapping", "Every feed starts with a mapping that fills what the canonical record requires", _READS),
    Case("spec.order", "Parents are read before their children", _READS),
    Case("spec.writes", "Every write has a safety class, and an undo that exists", _WRITES),
    Case("spec.unknown", "A write it does not declare is an error, not a guess"),
    Case("spec.settings", "Settings are named once, secrets are secrets"),
    Case("spec.readme", "Its README says what an administrator sets up", ()),
    Case("spec.editable", "What may be corrected, and the figures, are in the payload", _WRITES),
    Case("sign.check", "A connection is tested, and its health says so", _CALLS),
    Case("sign.wrong", "Wrong credentials are for an administrator", _CALLS),
    Case("sign.missing", "A credential that is not set is named", _CALLS),
    Case("sign.secret", "No secret is in the log of calls", _CALLS),
    Case("sign.scope", "A missing right is for an administrator, and is no bad record", _CALLS),
    Case("sign.paused", "A paused connection is tested, and not used", _CALLS),
    Case("sign.transaction", "Nothing is called inside a transaction of the database", _CALLS),
    Case("sign.renewed", "A token that ran out is renewed once, and the call goes on", _TOKENS),
    Case("sign.mid_page", "A token that runs out between two pages loses nothing", (*_STAMPS, Trait.RENEWS)),
    Case("sign.mid_write", "A token that runs out before a write: done once", (*_WRITES, Trait.RENEWS)),
    Case("read.all", "All records come, and the default mapping understands them", _READS),
    Case("read.pages", "Over many pages every record comes once", _STAMPS),
    Case("read.order", "Records come in the order of their changes", (*_STAMPS, Trait.ORDER)),
    Case("read.left_off", "A reading left off in the middle goes on where it was", _STAMPS),
    Case("read.delta", "After the cursor only changes come, and what the overlap repeats", _STAMPS),
    Case("read.again", "Read twice, an unchanged record has the same version", _READS),
    Case("read.change", "A changed record has a later version", _STAMPS),
    Case("read.twice_in_a_second", "Two changes within one second are two versions", _STAMPS),
    Case("read.deleted", "What was deleted comes as deleted", (*_STAMPS, Trait.DELETIONS)),
    Case("read.nothing", "An account without records is read without a fault", _STAMPS),
    Case("read.empty", "A list that comes back empty moves no cursor", _STAMPS),
    Case("read.short", "Rows missing from a page are made good by the next reading", _STAMPS),
    Case("read.complete", "Only a whole listing says it is complete", _STAMPS),
    Case("read.approval", "An approval is heard of though the entry's stamp stands still", (*_READS, Trait.APPROVALS)),
    Case("read.unicode", "Any letter comes as it is", _STAMPS),
    Case("read.money", "Amounts come to the last digit in their currency, cents or none", (*_READS, Trait.MONEY)),
    Case("read.drift", "A field that disappears is told, never read as empty", _STAMPS),
    Case("read.value", "A value nobody knows is one to map, not a guess", (*_READS, Trait.ENUMS)),
    Case("count.agrees", "Count, ids and feed agree in every window", _COUNTS),
    Case("count.silent", "Reading, counting and probing write nothing", _CALLS),
    Case("hook.wakes", "A proven webhook wakes its feed, and nothing it says is applied", _READS),
    Case("hook.forged", "Another secret, an old time, no proof: refused by name", _READS),
    Case("hook.changed", "A changed byte is refused by name", (*_READS, Trait.SIGNS)),
    Case("hook.again", "A webhook that comes again, replayed or tried again, is counted and does nothing", _READS),
    Case("hook.rolled", "While a secret is rolled, the old one and the new one hold", _READS),
    Case("limit.too_many", "Too many calls are a matter of waiting", _CALLS),
    Case("limit.wait", "A wait the vendor names is kept", _CALLS),
    Case("limit.quota", "A used-up quota is a matter of waiting", (Trait.CALLS, Trait.QUOTA)),
    Case("limit.mid_page", "Refused between two pages, the reading goes on later and loses nothing", _STAMPS),
    Case("limit.write", "A write refused for the rate was not done, and is known not to be", _WRITES),
    Case("limit.outage", "The vendor's outage is tried again", _CALLS),
    Case("limit.silence", "No answer to a question is tried again", _CALLS),
    Case("limit.cut", "A line that is cut under a question loses nothing", _CALLS),
    Case("limit.page", "A page of HTML is no answer", _CALLS),
    Case("limit.away", "A vendor that is not there is tried again, also for a write", _CALLS),
    Case("write.once", "Before a write nothing is found; after it, exactly what was sent", _WRITES),
    Case("write.twice", "Sent twice, it is there once", _WRITES),
    Case("write.lost", "An answer lost after the commit: unknown, found, there once", _WRITES),
    Case(
        "write.unsent", "An answer lost before anything was done: unknown, not found, sent again, there once", _WRITES
    ),
    Case("write.gateway", "A gateway's error after the commit: unknown, found, there once", _WRITES),
    Case("write.page", "A page of HTML in answer to a write leaves its outcome unknown", _WRITES),
    Case("write.lie", "Success without an effect is not confirmed", (*_WRITES, Trait.LIES)),
    Case("write.refused", "A refusal names who must act, and leaves nothing", (*_WRITES, Trait.REFUSES)),
    Case("write.scope", "A right missing for a write is for an administrator", _WRITES),
    Case("write.amounts", "Amounts read back to the cent", (*_WRITES, Trait.AMOUNTS)),
    Case("write.unicode", "Any letter is written as it is", _WRITES),
    Case("write.undo", "What was done is undone, and no longer found", (*_WRITES, Trait.UNDO)),
    Case("window.closed", "Closed: refused in words, nothing left; open again: done once", _WINDOWS),
    Case("window.before", "Asked beforehand, it says why not", (*_WINDOWS, Trait.PREFLIGHT)),
)
CASE = {case.code: case for case in CASES}


def lacking(manifest: Manifest, case: Case) -> str:
    """Why a case is not for a connector, in the words of its manifest; empty when it must pass."""
    return next((manifest.without[trait] for trait in case.needs if trait in manifest.without), "")
