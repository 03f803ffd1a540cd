"""Once everyone asked has answered a pair: how far they are apart, and whether one more should be asked."""

from __future__ import annotations

from django.db.models import Case, F, When
from django.db.models.functions import Length

from annotators.algorithms.assignment import Answer, disagreement, is_rushed, wants_another
from annotators.models import Assignment, Campaign, CampaignPair
from config.compiled import Compiled, Given
from curation.models import Judgment

Review = CampaignPair.Review
# A correction takes a moment; only an answer given anew can have been rushed.
FIRST_TOOK = Case(When(judgment__supersedes=None, then=F("judgment__duration_ms")))

FULL_PAIR = Compiled(
    lambda: CampaignPair.objects.filter(pk=Given("pair"), gold=None, slots_left=0).select_for_update(
        no_key=True
    )
)
ANSWERS = Compiled(
    lambda: (
        Assignment.objects.filter(campaign_pair=Given("pair"))
        .holding()
        .values_list("state", "left", "judgment__outcome", "judgment__preference", FIRST_TOOK)
    )
)
# A query of its own: planning the joins of both takes longer than running both.
CHARS = Compiled(
    lambda: CampaignPair.objects.filter(pk=Given("pair")).values_list(
        Length("pair__response_a__text") + Length("pair__response_b__text"), flat=True
    )
)


def pair_settle(*, campaign: Campaign, campaign_pair_id: int) -> None:
    """Measure the pair if its last slot was just answered; ask one more person where the campaign wants it.

    Call inside the transaction that recorded the answer. A pair that a reviewer decided stays decided.
    """
    full = FULL_PAIR.first(pair=campaign_pair_id)
    if full is None:
        return
    answers = ANSWERS.rows(pair=campaign_pair_id)
    if any(state == Assignment.State.OPEN for state, *_ in answers):
        return
    votes = [towards_a(left, outcome, preference) for _, left, outcome, preference, _ in answers]
    pairs = CampaignPair.objects.filter(pk=campaign_pair_id)
    if wants_another(votes, full.overlap, campaign.overlap_cap or full.overlap):
        pairs.update(overlap=F("overlap") + 1, slots_left=F("slots_left") + 1)
        return
    apart, chars = disagreement(votes), CHARS.get(pair=campaign_pair_id)
    rushed = sum(is_rushed(took, chars) for *_, took in answers if took is not None)
    differ = wants_another(votes, full.overlap, full.overlap + 1)
    review = Review.OPEN if differ or rushed else Review.NONE
    pairs.exclude(review=Review.DECIDED).update(disagreement=apart, n_rushed=rushed, review=review)


def towards_a(left: str, outcome: str, preference: int | None) -> Answer:
    """An answer as a vote: −3 to 3 towards response a, 0 for a tie, "both_bad" or "skip"."""
    if preference is not None:
        return preference if left == "a" else -preference
    if outcome == Judgment.Outcome.BOTH_BAD:
        return "both_bad"
    return 0 if outcome == Judgment.Outcome.TIE else "skip"
