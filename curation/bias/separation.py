"""How separable chosen and rejected responses are, and the responses of each model, and by what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from curation.algorithms.ranking import auc
from curation.algorithms.separability import (
    ConvergenceError,
    Matrix,
    Probe,
    ProbeError,
    probe,
    standardised,
)
from curation.algorithms.text_features import (
    CHARACTERS,
    SURFACE,
    Terms,
    Words,
    damped,
    surface_features,
)
from curation.bias.meaning import Meaning, surest_evidence
from curation.bias.numbers import measured, undefined
from curation.bias.reads import VersionRows, response_texts, sampled

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Beat = Callable[[], None]

MOST_ROWS = 10_000
MOST_MODELS, LEAST_RESPONSES, MOST_RESPONSES = 12, 50, 1000
FLAG_ABOVE = 0.9
FLAGGED_BY = ("surface", "words", "embedding")
MOST_FEATURES, MOST_TERMS = 8, 12
SURFACE_PENALTY, WORDS_PENALTY = 1.0, 0.3
# Hundreds of dimensions, each with the penalty of a feature, would fit chance.
PENALTY_PER_DIMENSION = 1.0
ONE_SOURCE = "all responses come from one source"
TOO_FEW = f"fewer than {LEAST_RESPONSES} responses"
NOT_EMBEDDED = "the responses are not embedded"
FEW_EMBEDDED = f"fewer than {LEAST_RESPONSES} of its responses, or of the others, are embedded"
NO_WORDS = "no word stands in enough responses"


@dataclass(frozen=True)
class Sample:
    """Some rows of a version, and every response in them with its features, in order of response id.

    `chosen` and `rejected` are places among the responses, one element per row.
    """

    prompt: IntArray
    chosen: IntArray
    rejected: IntArray
    response: IntArray
    response_prompt: IntArray
    response_model: IntArray
    surface: FloatArray
    words: Words
    terms: Terms

    @property
    def scaled(self) -> FloatArray:
        return standardised(damped(self.surface))


def read_sample(rows: VersionRows, beat: Beat) -> Sample:
    """At most MOST_ROWS rows, drawn without favour. Texts are read one by one and not kept."""
    at = sampled(np.arange(len(rows)), MOST_ROWS)
    table = rows.table[at]
    ids, first, place = np.unique(
        np.concatenate([table["chosen"], table["rejected"]]), return_index=True, return_inverse=True
    )
    words, surface = Words(), np.empty((len(ids), len(SURFACE)))
    for number, text in enumerate(response_texts(ids)):
        words.add(text)
        surface[number] = surface_features(text)
        if number % 5000 == 0:
            beat()
    models = np.concatenate([rows.chosen_model[at], rows.rejected_model[at]])
    return Sample(
        prompt=table["prompt"],
        chosen=place[: len(at)],
        rejected=place[len(at) :],
        response=ids,
        response_prompt=np.concatenate([table["prompt"], table["prompt"]])[first],
        response_model=models[first],
        surface=surface,
        words=words,
        terms=words.terms(),
    )


def chosen_and_rejected(sample: Sample, meaning: Meaning, beat: Beat) -> dict[str, Any]:
    """Four probes, from the least to the most that they see: length, surface, words, and meaning over the
    rows both of whose responses are embedded."""
    at, positive, prompt = both_sides(sample)
    length = measure(sample.scaled[at][:, [CHARACTERS]], positive, prompt, SURFACE_PENALTY)
    beat()
    both = meaning.known(sample.chosen) & meaning.known(sample.rejected)
    embedding = by_embedding(sample, meaning, sample.chosen[both], sample.rejected[both])
    beat()
    probes = both_probes(sample, at, positive, prompt, beat) | {"embedding": embedding}
    return flagged({"length": length, **probes})


def both_sides(sample: Sample) -> tuple[IntArray, BoolArray, IntArray]:
    """(place among the responses, is it chosen, its prompt) of every chosen, then of every rejected."""
    return (
        np.concatenate([sample.chosen, sample.rejected]),
        np.repeat([True, False], len(sample.chosen)),
        np.concatenate([sample.prompt, sample.prompt]),
    )


def by_embedding(sample: Sample, meaning: Meaning, ours: IntArray, theirs: IntArray) -> dict[str, Any]:
    """The probe of *More is Less* on sentence embeddings, of responses that have one; `model` is the
    embedder's name."""
    if not len(ours) or not len(theirs):
        return nothing(NOT_EMBEDDED)
    at = np.concatenate([ours, theirs])
    positive, prompt = np.arange(len(at)) < len(ours), sample.response_prompt[at]
    x = meaning.of(at)
    found = measure(
        x, positive, prompt, PENALTY_PER_DIMENSION * x.shape[1],
        lambda found: surest_evidence(found, positive, sample.response[at], prompt),
    )  # fmt: skip
    return found | {"model": meaning.model}


def both_probes(
    sample: Sample, at: IntArray, positive: BoolArray, prompt: IntArray, beat: Beat
) -> dict[str, Any]:
    """What the surface and what the words of the responses at `at` tell."""
    surface = by_surface(sample, at, positive, prompt)
    beat()
    words = (
        measure(
            sample.terms.matrix[at], positive, prompt, WORDS_PENALTY,
            lambda found: word_evidence(sample.terms, at, positive, found.fit.weights),
        )
        if sample.terms.names
        else nothing(NO_WORDS)
    )  # fmt: skip
    beat()
    return {"surface": surface, "words": words}


def by_surface(sample: Sample, at: IntArray, positive: BoolArray, prompt: IntArray) -> dict[str, Any]:
    return measure(
        sample.scaled[at], positive, prompt, SURFACE_PENALTY,
        lambda found: surface_evidence(sample, at, positive, found.fit.weights),
    )  # fmt: skip


def flagged(probes: dict[str, Any]) -> dict[str, Any]:
    """With whether one of them tells the two sets apart better than a version should let it."""
    found = max(probes[key]["auc"]["value"] or 0.0 for key in FLAGGED_BY)
    return probes | {"is_flagged": found > FLAG_ABOVE}


def measure(
    x: Matrix,
    positive: BoolArray,
    prompt: IntArray,
    penalty: float,
    evidence: Callable[[Probe], list[dict[str, Any]]] = lambda _found: [],
) -> dict[str, Any]:
    """A probe as JSON; where it cannot be fitted, why."""
    try:
        found = probe(x, positive, prompt, l2=penalty)
    except (ProbeError, ConvergenceError) as error:
        return nothing(str(error))
    return _as_json(found) | {"evidence": evidence(found)}


def nothing(reason: str) -> dict[str, Any]:
    return {"auc": undefined(reason), "accuracy": undefined(reason), "evidence": []}


def _as_json(found: Probe) -> dict[str, Any]:
    return {
        "auc": measured(found.auc, found.auc_interval, found.n),
        "accuracy": measured(found.accuracy, found.accuracy_interval, found.n),
        "baseline": found.baseline,
        "n_prompts": found.n_groups,
    }


def surface_evidence(
    sample: Sample, at: IntArray, positive: BoolArray, weights: FloatArray
) -> list[dict[str, Any]]:
    """The features of most weight, with what each set has on average, and the AUC of each by itself: features
    that go together share their weight, or even take opposite signs."""
    order = np.argsort(-np.abs(weights), kind="stable")[:MOST_FEATURES]
    ours, theirs = (sample.surface[at[side]].mean(axis=0) for side in (positive, ~positive))
    return [
        {
            "name": SURFACE[i].label,
            "weight": weights[i],
            "ours": ours[i],
            "theirs": theirs[i],
            "alone": auc(sample.surface[at, i], positive),
        }
        for i in order.tolist()
        if weights[i]
    ]


def word_evidence(
    terms: Terms, at: IntArray, positive: BoolArray, weights: FloatArray
) -> list[dict[str, Any]]:
    """The terms of most weight, times how much each varies: rare words of large weight explain little. With
    the share of each set's responses that have them."""
    matrix = terms.matrix[at]
    average = matrix.mean(axis=0)
    spread = np.sqrt(np.maximum(matrix.multiply(matrix).mean(axis=0) - average**2, 0))
    strength = weights * spread
    order = np.argsort(-np.abs(strength), kind="stable")[:MOST_TERMS]
    ours, theirs = (terms.shares(at[side]) for side in (positive, ~positive))
    return [
        {"name": terms.names[i], "weight": strength[i], "ours": ours[i], "theirs": theirs[i]}
        for i in order.tolist()
        if strength[i]
    ]


def each_source(sample: Sample, meaning: Meaning, models: list[str], beat: Beat) -> dict[str, Any]:
    """Each model's responses against as many of all others, where there are enough of both."""
    found, counts = np.unique(sample.response_model, return_counts=True)
    order = np.argsort(-counts, kind="stable").tolist()
    left_out = [
        {"name": models[found[i]], "n": int(counts[i]), "why": TOO_FEW}
        for i in order
        if counts[i] < LEAST_RESPONSES
    ]
    if len(found) < 2:
        return {"rows": [], "left_out": [], "reason": ONE_SOURCE}
    enough = [i for i in order if counts[i] >= LEAST_RESPONSES]
    left_out = [
        {"name": models[found[i]], "n": int(counts[i]), "why": f"not among the {MOST_MODELS} largest"}
        for i in enough[MOST_MODELS:]
    ] + left_out
    rows = [
        {"name": models[found[i]], "n": int(counts[i]), **one_source(sample, meaning, int(found[i]), beat)}
        for i in enough[:MOST_MODELS]
    ]
    return {"rows": rows, "left_out": left_out, "reason": ""}


def one_source(sample: Sample, meaning: Meaning, model: int, beat: Beat) -> dict[str, Any]:
    """A model's responses against others, to the same prompts first: else the topic could give them away."""
    own = sampled(np.flatnonzero(sample.response_model == model), MOST_RESPONSES)
    others = np.flatnonzero(sample.response_model != model)
    same_prompt = np.isin(sample.response_prompt[others], sample.response_prompt[own])
    order = np.lexsort((np.random.default_rng(model).random(len(others)), ~same_prompt))[: len(own)]
    at = np.concatenate([own, others[order]])
    probes = both_probes(sample, at, np.arange(len(at)) < len(own), sample.response_prompt[at], beat)
    embedding = source_by_embedding(sample, meaning, own, others[order])
    beat()
    return flagged({**probes, "embedding": embedding}) | {
        "n_own": len(own),
        "n_others": len(order),
        "n_same_prompt": int(same_prompt[order].sum()),
    }


def source_by_embedding(sample: Sample, meaning: Meaning, own: IntArray, others: IntArray) -> dict[str, Any]:
    """Of those that are embedded, where there are enough of both."""
    own, others = own[meaning.known(own)], others[meaning.known(others)]
    if len(meaning.vectors) and min(len(own), len(others)) < LEAST_RESPONSES:
        return nothing(FEW_EMBEDDED)
    return by_embedding(sample, meaning, own, others)
