"""Ties, flips and differences, arm by arm."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from annotators.algorithms.arms import compare_arms


def test_it_works() -> None:
    arms = compare_arms(
        [
            (1, False, 1), (1, False, -1),  # opposite winners
            (2, False, 1), (2, False, 0),  # apart, but not opposite
            (3, False, 1),  # alone: says nothing about agreement
            (4, True, 0), (4, True, 0),
            (5, True, None), (5, True, 1),  # both bad against a winner
        ]
    )  # fmt: skip
    ours, control = arms[False], arms[True]
    assert (ours.n_answers, control.n_answers) == (5, 4)
    assert (ours.ties.hits, ours.ties.total) == (1, 5)
    assert (ours.flips.hits, ours.flips.total, ours.apart.hits) == (1, 2, 2)
    assert (control.ties.share, control.flips.share, control.apart.share) == (0.5, 0.0, 0.5)


def test_an_empty_arm_has_no_share() -> None:
    arms = compare_arms([])
    assert arms[True].ties.share is None
    assert arms[False].n_answers == 0


votes = st.lists(
    st.tuples(st.integers(0, 5), st.booleans(), st.sampled_from([-1, 0, 1, None])),
    max_size=40,
)


@given(votes, st.randoms(use_true_random=False))
def test_order_does_not_matter_and_flips_are_differences(
    said: list[tuple[int, bool, int | None]], random: object
) -> None:
    shuffled = list(said)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    arms = compare_arms(said)
    assert compare_arms(shuffled) == arms
    for arm in arms.values():
        assert arm.flips.hits <= arm.apart.hits <= arm.apart.total
        assert arm.ties.hits <= arm.n_answers
