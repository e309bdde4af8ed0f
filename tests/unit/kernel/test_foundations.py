"""What every room stands on: identities, decisions, errors, registries, tables of moves, retry policies, the clock."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration_hub.kernel import transitions
from integration_hub.kernel.clock import now, today
from integration_hub.kernel.decision import ALLOW, deny
from integration_hub.kernel.errors import BadInput, Denied, NotReady, Problem, Stale
from integration_hub.kernel.failures import POLICIES, Failed, FailureClass, RetryPolicy
from integration_hub.kernel.ids import canonical_bytes, canonical_json, content_hash, correlation_id, effect_key
from integration_hub.kernel.registry import Registry
from integration_hub.kernel.transitions import Transitions

# -- identities ----------------------------------------------------------------------------------------------------


def test_the_same_content_has_the_same_bytes_whatever_its_notation():
    one = {"b": Decimal("1.50"), "a": date(2026, 3, 1), "ä": [None, True]}
    other = {"ä": [None, True], "a": "2026-03-01", "b": Decimal("1.5")}
    assert canonical_json(one) == '{"a":"2026-03-01","b":"1.5","ä":[null,true]}'
    assert content_hash(one) == content_hash(other)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("0.000"), '"0"'),
        (Decimal("-0.0"), '"0"'),
        (Decimal("1E+3"), '"1000"'),
        (datetime(2026, 3, 1, 12, tzinfo=UTC), '"2026-03-01T12:00:00+00:00"'),
        (FailureClass.RATE, '"rate"'),
        (ValueError("text"), '"text"'),
    ],
)
def test_values_are_written_plainly(value, text):
    assert canonical_json(value) == text


_LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.decimals(allow_nan=False) | st.dates()
    | st.datetimes()
    | st.sampled_from([*FailureClass, 0.0, -0.0, 1e-4, 9.99e-5, 1e16, 9999999999999998.0, 2**63, -(2**63), 2**64])
)  # fmt: skip


@given(
    st.recursive(_LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner))
    | st.dictionaries(st.integers(), _LEAVES)
)
def test_the_quick_encoder_writes_the_same_bytes(value):
    assert canonical_bytes(value) == canonical_json(value).encode()


@given(st.floats(min_value=1e-5, max_value=1e17) | st.floats(max_value=-1e-5, min_value=-1e17))
def test_the_quick_encoder_writes_numbers_alike_at_both_ends(number):
    assert canonical_bytes({"n": number}) == canonical_json({"n": number}).encode()


def test_text_without_utf_8_has_no_bytes():
    with pytest.raises(UnicodeEncodeError):
        canonical_bytes({"name": "\ud800"})


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4), st.integers(0, 6))
def test_trailing_zeros_change_no_hash(value, zeros):
    assert content_hash([value]) == content_hash([value * Decimal(f"1.{'0' * zeros}")])


def test_another_content_has_another_hash():
    assert len({content_hash(value) for value in (1, "1", [1], {"a": 1}, None, Decimal("1.1"))}) == 6


def test_an_intent_has_one_key_and_each_part_of_it_counts():
    intent = {"legal_entity": "US01", "system": "erp", "effect": "invoice.post", "business_key": "TL-1", "revision": 1}
    others = [{**intent, name: "other"} for name in intent] + [{**intent, "revision": 2}]
    assert effect_key(**intent) == effect_key(**intent)
    assert len({effect_key(**one) for one in (intent, *others)}) == 7


def test_correlation_ids_differ():
    assert len({correlation_id() for _ in range(50)}) == 50


# -- decisions and errors ------------------------------------------------------------------------------------------


def test_a_refusal_carries_its_reason_all_the_way():
    assert ALLOW
    ALLOW.or_raise()
    refusal = deny("You prepared it.")
    assert not refusal
    with pytest.raises(Denied, match="You prepared it"):
        refusal.or_raise()


def test_bad_input_names_record_field_and_remedy():
    problems = [Problem("rate", "is negative.", "Correct it in the CRM."), Problem("", "came twice.")]
    error = BadInput("Rate dev", problems)
    assert str(error) == "Rate dev: rate: is negative. Correct it in the CRM.; came twice."
    assert error.problems == problems
    assert "Someone else changed this" in str(Stale())


# -- registries ----------------------------------------------------------------------------------------------------


def test_a_registry_takes_a_name_once_and_lists_what_it_knows():
    registry: Registry[list[int]] = Registry("thing")
    with pytest.raises(LookupError, match="No thing named 'a'. Known: none"):
        registry.get("a")
    entry = registry.register("b", [1])
    assert registry.register("b", entry) is entry, "the same once more, as when apps are set up twice"
    registry.register("a", [2])
    with pytest.raises(ValueError, match="thing 'b' is registered twice"):
        registry.register("b", [1])
    assert list(registry) == [("a", [2]), ("b", [1])]
    assert ("a" in registry, "c" in registry, registry.find("c")) == (True, False, None)
    with pytest.raises(LookupError, match="Known: a, b"):
        registry.get("c")


# -- moves ---------------------------------------------------------------------------------------------------------


def test_a_table_of_moves_allows_what_it_lists_and_says_what_else_could_be(monkeypatch):
    monkeypatch.setattr(transitions, "ALL", [])
    moves = Transitions(noun="door", initial="shut", moves={"shut": {"open": "pull", "gone": "fire"}, "gone": {}})
    assert (moves.allows("shut", "open"), moves.allows("open", "shut"), moves.allows("gone", "shut")) == (
        True,
        False,
        False,
    )
    moves.check("shut", "open")
    with pytest.raises(NotReady, match="A door that is shut cannot become locked. It can become: gone, open."):
        moves.check("shut", "locked")
    with pytest.raises(NotReady, match="nothing: it is final"):
        moves.check("gone", "open")
    assert moves.mermaid().splitlines() == [
        "stateDiagram-v2",
        "    [*] --> shut",
        "    shut --> open: pull",
        "    shut --> gone: fire",
        "    gone --> [*]",
    ]
    assert "[*] --> " not in Transitions(noun="x", moves={"a": {"b": "c"}}).mermaid()
    assert len(transitions.ALL) == 2


# -- retries -------------------------------------------------------------------------------------------------------


def test_every_class_of_failure_says_who_acts_and_waits_longer_each_time():
    assert POLICIES.keys() == set(FailureClass)
    for policy in POLICIES.values():
        delays = [policy.delay(attempt) for attempt in range(1, policy.attempts + 1)]
        assert delays == sorted(delays)
        assert max(delays) <= policy.longest
        assert policy.who_acts


def test_delays_grow_by_their_factor_up_to_the_longest():
    policy = RetryPolicy(5, timedelta(seconds=2), 3, timedelta(seconds=20), "Nobody")
    assert [policy.delay(attempt).total_seconds() for attempt in range(5)] == [2, 2, 6, 18, 20]


def test_a_failure_keeps_what_is_known_of_it():
    failure = Failed(FailureClass.RATE, "Too many", field="f", remedy="Wait", retry_after=timedelta(9), status=429)
    known = (failure.kind, str(failure), failure.field, failure.remedy, failure.retry_after, failure.status)
    assert known == ("rate", "Too many", "f", "Wait", timedelta(9), 429)


def test_the_clock_is_in_utc():
    before = datetime.now(UTC)  # noqa: TID251 - the clock itself is asked
    assert before <= now() <= before + timedelta(minutes=1)
    assert now().tzinfo is UTC
    assert today() in {before.date(), (before + timedelta(minutes=1)).date()}
