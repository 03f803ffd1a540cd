"""A project with one of everything that an export must carry, and what it says in terms of content alone."""

from __future__ import annotations

from typing import Any

from curation.models import Judgment, Pair, Prompt, Rater, Response
from curation.services.sampler_get import sampler_get_or_create
from tests.conftest import People
from tests.factories import (
    JudgmentFactory,
    PairFactory,
    PromptFactory,
    RaterFactory,
    ResponseFactory,
    person_rater,
)

EARLY, LATE = "It mirrors the sea.", "Air scatters blue light."  # in the order of their SHA-256
SETTINGS: dict[str, Any] = {
    "model_name": "tiny",
    "backend": "vllm",
    "params": {"temperature": 0.7, "stop": ["\n\n"]},
    "revision": "main",
    "template_hash": "f" * 64,
}


class Rich:
    """Judged pairs of every kind: `people.project` is filled when it is made."""

    def __init__(self, people: People) -> None:
        self.people, self.project = people, people.project
        self.sampler = sampler_get_or_create(project=self.project, **SETTINGS)
        self.anna = person_rater(people.anna, self.project)
        self.rob = person_rater(people.rob, self.project)
        self.crowd = RaterFactory(project=self.project, kind="person", label="Maria Muster")
        self.judge = RaterFactory(project=self.project, kind="judge", label="judge v1")
        self._corrected()
        self._attributed()
        self._edited()
        self._ranked()
        self._drawn_twice()
        self._more_than_text()

    def prompt(self, text: str, **fields: Any) -> Prompt:
        return PromptFactory(project=self.project, messages=[{"role": "user", "content": text}], **fields)

    def draw(self, prompt: Prompt, number: int, text: str, **fields: Any) -> Response:
        return ResponseFactory(
            prompt=prompt, sampler=self.sampler, sample_index=number, text=text, n_tokens=7, seed=2**60,
            **fields,
        )  # fmt: skip

    def say(self, pair: Pair, rater: Rater, preference: int | None = 2, **fields: Any) -> Judgment:
        usual = {"source": "campaign", "duration_ms": 900}
        return JudgmentFactory(pair=pair, rater=rater, preference=preference, **usual | fields)

    def _corrected(self) -> None:
        """An answer taken back, given again and corrected; a skip; a pair shown the other way round."""
        prompt = self.prompt(
            "Why is the sky blue?", tags=["physics", "sky"], language="en", licence="cc-by-4.0",
            source="forum", metadata={"empty": "", "level": 2}, category="science", split="eval",
        )  # fmt: skip
        pair = PairFactory(
            prompt=prompt,
            response_a=self.draw(prompt, 0, LATE, metadata={"grade": "C"}),
            response_b=self.draw(prompt, 3, EARLY, segments=[{"start": 0, "end": 4}]),
        )
        first = self.say(pair, self.anna, 1, left="a", guideline=1)
        undone = self.say(pair, self.anna, None, outcome="withdrawn", supersedes=first)
        self.say(pair, self.anna, -3, left="a", supersedes=undone, rationale="No sea\nhere. ", guideline=2)
        self.say(pair, self.rob, None, left="b", outcome="skip", skip_reason="unclear")
        self.say(pair, self.judge, 2, left="b", probability=0.9, source="judge", duration_ms=None)
        self.say(pair, self.judge, -2, left="a", probability=0.25, source="judge", duration_ms=None)
        gone = self.say(pair, self.crowd, 3, left="a", source="import")  # in no export
        self.say(pair, self.crowd, None, outcome="withdrawn", supersedes=gone)

    def _attributed(self) -> None:
        """Everything that a task form asks for of two responses, and a reviewer's decision."""
        prompt = PromptFactory(
            project=self.project,
            messages=[
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "Name one.", "name": "kim"},
            ],
        )
        pair = PairFactory(
            prompt=prompt,
            response_a=self.draw(prompt, 0, LATE),
            response_b=self.draw(prompt, 1, EARLY),
        )
        attributes = {
            "ratings": {"helpfulness": {"a": 1, "b": 4}},
            "comparisons": {"style": "a", "tone": "tie"},
            "spans": {"a": [{"start": 0, "end": 2, "type": "factual", "text": "It"}], "b": []},
            "segments": {"a": {"unit": "sentence", "bounds": [[0, 9]], "verdicts": ["wrong"]}},
            "safety": {"a": ["refusal"], "b": []},
            "reasons": ["clearer"],
            "flags": ["pii"],
            "imported": {"feedback": {"a": "Wrong.", "b": "Right."}, "margin": 2},
        }
        self.say(pair, self.anna, -2, left="a", attributes=attributes)
        self.say(pair, self.rob, None, left="b", outcome="both_bad")
        self.say(pair, self.rob, 1, left="b", source="adjudicated", rationale="As I see it.")

    def _edited(self) -> None:
        """A rewrite of a rewrite, paired with the first text but one."""
        prompt = self.prompt("Write it better.")
        drawn = self.draw(prompt, 0, "teh text")
        once = self._edit(prompt, "the text", drawn)
        twice = self._edit(prompt, "The text.", once)
        pair = PairFactory(prompt=prompt, response_a=drawn, response_b=twice)
        self.say(pair, self.anna, -3, left="a", attributes={"rewrite_of": once.pk})

    def _edit(self, prompt: Prompt, text: str, original: Response) -> Response:
        return ResponseFactory(
            prompt=prompt, sampler=None, sample_index=None, author=self.people.anna, edited_from=original,
            text=text, finish_reason="",
        )  # fmt: skip

    def _ranked(self) -> None:
        prompt = self.prompt("Rank them.")
        drawn = [self.draw(prompt, number, f"text {number}") for number in range(4)]
        ranking = [[drawn[2].pk], [drawn[0].pk, drawn[3].pk], [drawn[1].pk]]
        for a, b, preference in ((0, 1, 1), (1, 2, -2), (2, 3, 1)):
            pair = PairFactory(prompt=prompt, response_a=drawn[a], response_b=drawn[b])
            self.say(pair, self.anna, preference, left="a", attributes={"ranking": ranking})

    def _drawn_twice(self) -> None:
        """The same words drawn twice are two responses, in two pairs."""
        prompt = self.prompt("Say yes.")
        yes, again, no = (self.draw(prompt, n, text) for n, text in enumerate(("Yes.", "Yes.", "No.")))
        for one, preference in ((yes, 2), (again, 1)):
            self.say(PairFactory(prompt=prompt, response_a=one, response_b=no), self.rob, preference)

    def _more_than_text(self) -> None:
        """A prompt with an image, one that ends with a tool's turn, and a response that is empty."""
        image = {"type": "image_url", "image_url": {"url": "https://example.org/cat.png"}}
        call = {"id": "1", "type": "function", "function": {"name": "add", "arguments": '{"a": 2}'}}
        seen = [
            {"role": "user", "content": [{"type": "text", "text": "What is"}, image]},
            {"role": "assistant", "content": "A cat."},
            {"role": "user", "content": [{"type": "text", "text": "And"}, {"type": "text", "text": "here?"}]},
        ]
        called = [
            {"role": "user", "content": "Add 2."},
            {"role": "assistant", "content": "", "tool_calls": [call]},
            {"role": "tool", "content": "4", "name": "add", "tool_call_id": "1"},
        ]
        quiet = [{"role": "user", "content": "Say nothing."}]
        for messages, texts in ((seen, ("Dog.", "Cat.")), (called, ("4", "5")), (quiet, ("", " \n"))):
            prompt = PromptFactory(project=self.project, messages=messages)
            one, other = (self.draw(prompt, n, text) for n, text in enumerate(texts))
            self.say(PairFactory(prompt=prompt, response_a=one, response_b=other), self.anna, 2)


def content(project_id: int, names: dict[int, str]) -> dict[str, list[Any]]:
    """Prompts, responses, pairs and judgments without database ids, sorted; people as `names` calls them."""
    prompts = [
        [one.messages, one.fingerprint, one.category, one.tags, one.source, one.split, one.language,
         one.licence, one.metadata]
        for one in Prompt.objects.filter(project=project_id)
    ]  # fmt: skip
    found = Response.objects.filter(prompt__project=project_id).select_related("prompt", "sampler")
    responses = {one.pk: _response(one) for one in found}
    pairs = Pair.objects.filter(prompt__project=project_id)
    judgments = Judgment.objects.filter(pair__prompt__project=project_id).select_related("pair", "rater")
    return {
        "prompts": sorted(prompts, key=str),
        "responses": sorted(responses.values(), key=str),
        "pairs": sorted((_two(pair, responses) for pair in pairs), key=str),
        "judgments": sorted((_judgment(one, responses, names) for one in judgments), key=str),
    }


def _response(one: Response) -> list[Any]:
    sampler = one.sampler
    by_person = sampler is None or sampler.model_name == "people"
    drawn = (
        ["person"]
        if sampler is None or by_person
        else [sampler.model_name, sampler.revision, sampler.backend, sampler.params, sampler.template_hash,
              one.sample_index]
    )  # fmt: skip
    original = one.edited_from.text if one.edited_from else None
    return [one.prompt.fingerprint, one.text, one.text_hash, drawn, one.finish_reason, one.n_tokens, one.seed,
            one.segments, one.metadata, original]  # fmt: skip


def _two(pair: Pair, responses: dict[int, list[Any]]) -> list[Any]:
    return sorted([responses[pair.response_a_id], responses[pair.response_b_id]], key=str)


def _judgment(one: Judgment, responses: dict[int, list[Any]], names: dict[int, str]) -> dict[str, Any]:
    sides = {"a": responses[one.pair.response_a_id], "b": responses[one.pair.response_b_id]}
    before = one.supersedes
    return {
        "pair": _two(one.pair, responses),
        "left": sides[one.left],
        "rater": [names.get(one.rater_id, one.rater.label), one.rater.kind],
        "answer": [one.outcome, one.preference, one.probability, one.rationale, one.skip_reason],
        "attributes": _by_text(one.attributes, {side: str(said) for side, said in sides.items()}, responses),
        "work": [one.duration_ms, one.guideline, one.source, one.created_at],
        "corrects": [before.created_at, before.outcome] if before else None,
    }


def _by_text(value: Any, sides: dict[str, str], responses: dict[int, list[Any]]) -> Any:
    """Attributes with the responses' content in place of `a`, `b` and of the ids in a ranking or rewrite."""
    found: Any = value
    if isinstance(value, dict):
        found = {
            sides.get(name, name): _named(said, responses)
            if name in {"ranking", "rewrite_of"}
            else _by_text(said, sides, responses)
            for name, said in value.items()
        }
    elif isinstance(value, str):
        found = sides.get(value, value)
    elif isinstance(value, list):
        found = [_by_text(one, sides, responses) for one in value]
    return found


def _named(value: Any, responses: dict[int, list[Any]]) -> Any:
    return [_named(one, responses) for one in value] if isinstance(value, list) else responses[value]
