"""The order of versions and the verdict on an arriving one, without a database."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from integration_hub.intake.versions import Incoming, Known, Verdict, classify, order


def known(version: str, digest: str = "a", status: str = "applied", *, deleted: bool = False, pk: int = 1) -> Known:
    return Known(pk, "1", version, digest, status, deleted, 1, "", "")


def arriving(version: str, digest: str = "a", *, deleted: bool = False) -> Incoming:
    return Incoming("1", version, digest, {}, "{}", deleted)


def verdicts(*incoming: Incoming, stored: tuple[Known, ...] = (), again: bool = False) -> list[tuple[str, Verdict]]:
    plan = classify(incoming, {"1": stored}, lambda _: again)
    return [(judged.incoming.version, judged.verdict) for judged in plan.judged]


def test_numbers_are_ordered_by_value_and_stamps_as_text() -> None:
    assert order("9") < order("10") < order("10.5") < order("2026-01-01T00:00:00Z") < order("2026-01-02")


def test_what_is_new_is_applied() -> None:
    assert verdicts(arriving("1")) == [("1", Verdict.APPLY)]


def test_what_is_known_is_unchanged_whatever_became_of_it() -> None:
    for status in ("applied", "stale", "conflict", "filtered", "parked", "refused"):
        assert verdicts(arriving("1"), stored=(known("1", status=status),)) == [("1", Verdict.UNCHANGED)]


def test_an_unsettled_duplicate_is_tried_again_only_when_asked_and_only_if_in_date() -> None:
    assert verdicts(arriving("1"), stored=(known("1", status="refused"),), again=True) == [("1", Verdict.AGAIN)]
    newer = known("2", "b", pk=2)
    assert verdicts(arriving("1"), stored=(known("1", status="refused"), newer), again=True) == [
        ("1", Verdict.UNCHANGED)
    ]


def test_lower_than_in_force_is_stale() -> None:
    assert verdicts(arriving("9"), stored=(known("10", "b"),)) == [("9", Verdict.STALE)]


def test_lower_than_a_filtered_one_is_stale_too() -> None:
    assert verdicts(arriving("9"), stored=(known("10", "b", "filtered"),)) == [("9", Verdict.STALE)]


def test_lower_than_a_refused_one_is_applied() -> None:
    assert verdicts(arriving("9"), stored=(known("10", "b", "refused"),)) == [("9", Verdict.APPLY)]


def test_another_content_of_the_same_version_is_a_conflict() -> None:
    assert verdicts(arriving("1", "b"), stored=(known("1"),)) == [("1", Verdict.CONFLICT)]


def test_a_rival_of_a_waiting_version_contests_it() -> None:
    waiting = known("1", status="parked")
    plan = classify([arriving("1", "b")], {"1": [waiting]}, lambda _: False)

    assert plan.judged[0].verdict is Verdict.CONFLICT
    assert plan.contested == [waiting]


def test_a_rival_of_what_is_out_of_date_contests_nothing() -> None:
    stored = (known("1", status="stale"), known("0", "c", pk=2))

    assert verdicts(arriving("1", "b"), stored=stored) == [("1", Verdict.APPLY)]


def test_a_deletion_comes_after_its_own_version_and_before_the_next() -> None:
    assert verdicts(arriving("1", "d", deleted=True), stored=(known("1"),)) == [("1", Verdict.APPLY)]
    assert verdicts(arriving("1"), stored=(known("1", "d", deleted=True),)) == [("1", Verdict.STALE)]
    assert verdicts(arriving("2", "b"), stored=(known("1", "d", deleted=True),)) == [("2", Verdict.APPLY)]


def test_contents_without_versions_are_numbered_in_the_order_they_come() -> None:
    assert verdicts(arriving("", "a"), arriving("", "a"), arriving("", "b")) == [
        ("1", Verdict.APPLY),
        ("1", Verdict.UNCHANGED),
        ("2", Verdict.APPLY),
    ]
    stored = (known("9", "a"), known("10", "b", pk=2))
    assert verdicts(arriving("", "b"), stored=stored) == [("10", Verdict.UNCHANGED)]
    assert verdicts(arriving("", "a"), stored=stored) == [("11", Verdict.APPLY)]


def test_a_source_that_loses_its_stamps_still_ascends() -> None:
    stored = (known("2026-01-01T00:00:00Z", "a"),)
    plan = classify([arriving("", "b")], {"1": stored}, lambda _: False)

    assert plan.judged[0].verdict is Verdict.APPLY
    assert order(plan.judged[0].incoming.version) > order("2026-01-01T00:00:00Z")


VERSIONS = st.lists(st.tuples(st.integers(1, 6), st.sampled_from("ab"), st.booleans()), max_size=8)


@given(VERSIONS)
def test_whatever_arrives_is_applied_in_ascending_order_and_never_twice(arrivals: list[tuple[int, str, bool]]) -> None:
    incoming = [arriving(str(number), digest + str(gone), deleted=gone) for number, digest, gone in arrivals]
    plan = classify(incoming, {}, lambda _: False)
    applied = [judged.incoming for judged in plan.judged if judged.verdict is Verdict.APPLY]

    assert len(plan.judged) == len(arrivals), "every arrival has one verdict"
    ranks = [item.rank for item in applied]
    assert ranks == sorted(set(ranks)), "ascending, and one content per version"


@given(VERSIONS, VERSIONS)
def test_page_after_page_ends_with_the_highest_undisputed_version(
    first: list[tuple[int, str, bool]], second: list[tuple[int, str, bool]]
) -> None:
    stored: list[Known] = []
    in_force: list[Any] = []
    for page in (first, second):
        incoming = [arriving(str(number), digest + str(gone), deleted=gone) for number, digest, gone in page]
        for judged in classify(incoming, {"1": stored}, lambda _: False).judged:
            item = judged.incoming
            if judged.verdict is Verdict.UNCHANGED:
                continue
            status = {Verdict.APPLY: "applied", Verdict.STALE: "stale", Verdict.CONFLICT: "conflict"}[judged.verdict]
            stored.append(known(item.version, item.hash, status, deleted=item.deleted, pk=len(stored) + 1))
            if judged.verdict is Verdict.APPLY:
                in_force.append(item.rank)

    assert in_force == sorted(in_force), "nothing older is applied after something newer"
    assert len(in_force) == len(set(in_force))
