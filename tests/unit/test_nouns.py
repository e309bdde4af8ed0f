"""Entities, writes and feeds by the words people use."""

from integration_hub.canonical import ENTITIES, nouns
from integration_hub.connectors import naming


def test_every_entity_has_a_word_without_underscores():
    assert not [word for entity in ENTITIES for word in (nouns.one(entity), nouns.many(entity)) if "_" in word]
    assert (nouns.one("time_entry"), nouns.many("time_entry")) == ("time entry", "Time entries")
    assert (nouns.one("credit_memo"), nouns.many("credit_memo")) == ("credit memo", "Credit memos")


def test_a_feed_has_our_word_and_the_vendors_where_it_is_another():
    assert naming.feed_title("netsuite", "legal_entity") == "Legal entities (Subsidiaries)"
    assert naming.feed_title("netsuite", "credit_memo") == "Credit memos"
    assert naming.feed_title("nobody", "time_entry") == "Time entries"


def test_a_write_is_told_by_its_manifest_and_what_its_amount_is():
    assert naming.write_title("netsuite.invoice.post") == "Invoice posted"
    assert naming.write_title("nobody.thing.do") == "nobody.thing.do"
    kinds = ("netsuite.invoice.post", "avatax.invoice.commit", "salesforce.contract.status")
    assert [write.figures.basis for kind in kinds if (write := naming.write_of(kind))] == ["gross", "tax", ""]
