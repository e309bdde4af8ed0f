"""Keep the terms that work is decided under, so that each decision can be made again from what was known then."""

from collections.abc import Iterable
from hashlib import sha256

from django.db import connection

from billing.engine import recorded
from billing.engine.values import Terms
from billing.models import AgreedTerms
from integration_hub.kernel.clock import now

_KEEP = """
INSERT INTO billing_agreedterms (contract_id, content_hash, terms, recorded_at)
SELECT contract_id, content_hash, terms::jsonb, %s FROM unnest(%s::bigint[], %s::text[], %s::text[])
       AS fresh (contract_id, content_hash, terms)
RETURNING contract_id, id
"""


def keep(agreed: Iterable[Terms]) -> dict[int, int]:
    """The ids of contracts' terms by contract; terms not seen before are stored. One statement, two where some are new.

    The caller holds the rows of the contracts.
    """
    texts = {terms.contract_id: recorded.dump(recorded.agreed(terms)) for terms in agreed}
    if not texts:
        return {}
    hashes = {contract: sha256(text.encode()).hexdigest() for contract, text in texts.items()}
    rows = AgreedTerms.objects.filter(contract__in=list(hashes), content_hash__in=list(hashes.values()))
    known = {(contract, text): pk for pk, contract, text in rows.values_list("pk", "contract_id", "content_hash")}
    found = {contract: known[contract, text] for contract, text in hashes.items() if (contract, text) in known}
    fresh = sorted(hashes.keys() - found.keys())
    if fresh:
        columns = [hashes[contract] for contract in fresh], [texts[contract] for contract in fresh]
        with connection.cursor() as cursor:
            cursor.execute(_KEEP, [now(), fresh, *columns])
            found |= dict(cursor.fetchall())
    return found
