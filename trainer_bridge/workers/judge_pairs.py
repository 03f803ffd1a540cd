"""Ask a judge which response of each pair is better, in both orders."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from judges.algorithms.verdicts import (
    conversation_text,
    missing_placeholders,
    question_text,
    read_answer,
)
from trainer_bridge.contracts import JudgeSpec, PairRow, VerdictRow
from trainer_bridge.workers._chat_api import (
    ChatAnswer,
    ChatEndpoint,
    RefusedRequestError,
    SilentEndpointError,
    in_parallel,
)
from trainer_bridge.workers._io import Tally, UserError, Workspace, read_rows, work
from trainer_bridge.workers._questions import Question, VerdictFile, unread_row

ANSWER_TOKENS = 16
TOP_LOGPROBS = 20  # the most that OpenAI and vLLM give
ENDPOINT_PATIENCE_SECONDS = 300.0


def run(spec: JudgeSpec, workspace: Workspace) -> None:
    pairs = list(read_rows(workspace.input(spec.pairs), PairRow))
    verdicts = VerdictFile(workspace)
    tally = Tally(workspace, "verdicts", total=2 * len(pairs), done=verdicts.count)
    judge(spec, pairs, workspace, verdicts, tally)


def judge(
    spec: JudgeSpec,
    pairs: Sequence[PairRow],
    workspace: Workspace,
    verdicts: VerdictFile,
    tally: Tally,
    *,
    notes_environment: bool = True,
) -> None:
    """Fill `verdicts` with what is missing for `pairs`."""
    if missing := missing_placeholders(spec.template):
        raise UserError(f"The rubric's template lacks {', '.join(f'{{{name}}}' for name in missing)}.")
    questions = verdicts.missing(pairs)
    if spec.backend == "openai":
        if notes_environment:
            workspace.environment(
                device="endpoint",
                device_name=spec.base_url,
                dtype="",
                model_fingerprint="",
                template_hash="",
            )
        asyncio.run(_ask_endpoint(spec, questions, verdicts, tally))
        return
    from trainer_bridge.workers._models import load, released
    from trainer_bridge.workers._verdicts import LocalJudge

    with released(load(spec.model, spec.dtype)) as loaded:
        if notes_environment:
            loaded.note(workspace)
        for rows in LocalJudge(loaded, spec).verdicts(questions):
            verdicts.record(rows, tally)


async def _ask_endpoint(
    spec: JudgeSpec, questions: Sequence[Question], verdicts: VerdictFile, tally: Tally
) -> None:
    endpoint_judge = _EndpointJudge(spec)
    try:
        async for row in in_parallel(questions, spec.concurrency, endpoint_judge.ask):
            verdicts.record([row], tally)
    except SilentEndpointError as error:
        raise UserError(
            f"Judging stopped: {error} for {ENDPOINT_PATIENCE_SECONDS:g} seconds. Finished verdicts "
            "are kept. Start the endpoint, then retry this job."
        ) from error
    finally:
        await endpoint_judge.close()


class _EndpointJudge:
    """One rubric asked over HTTP. Endpoints that cannot continue a prefilled turn are asked without one."""

    def __init__(self, spec: JudgeSpec) -> None:
        self._spec = spec
        self._prefills = bool(spec.prefill)
        self._endpoint = ChatEndpoint(
            base_url=spec.base_url,
            model=spec.model,
            key_env=spec.api_key_env,
            concurrency=spec.concurrency,
            timeout=spec.timeout_seconds,
            patience=ENDPOINT_PATIENCE_SECONDS,
        )

    async def close(self) -> None:
        await self._endpoint.close()

    async def ask(self, question: Question) -> VerdictRow:
        prefilled = self._prefills
        try:
            try:
                answer = await self._complete(question, prefilled=prefilled)
            except RefusedRequestError:
                if not prefilled:
                    raise
                answer = await self._complete(question, prefilled=False)
                self._prefills = False
        except RefusedRequestError as error:
            return unread_row(question, str(error))
        return self._read(question, answer)

    async def _complete(self, question: Question, *, prefilled: bool) -> ChatAnswer:
        spec = self._spec
        prompt = conversation_text([(turn.role, _text(turn.content)) for turn in question.pair.prompt])
        text = question_text(spec.template, prompt=prompt, left=question.left_text, right=question.right_text)
        messages = [{"role": "system", "content": spec.system}] if spec.system else []
        messages.append({"role": "user", "content": text})
        body: dict[str, object] = {"messages": messages}
        if prefilled:
            messages.append({"role": "assistant", "content": spec.prefill})
            body |= {"continue_final_message": True, "add_generation_prompt": False}
        return await self._endpoint.complete(
            body
            | {
                "temperature": 0,
                "max_tokens": ANSWER_TOKENS,
                "logprobs": True,
                "top_logprobs": TOP_LOGPROBS,
            }
        )

    def _read(self, question: Question, answer: ChatAnswer) -> VerdictRow:
        if not answer.positions:
            return unread_row(question, "the endpoint returned no log-probabilities", answer.text)
        reading = read_answer(answer.positions, self._spec.verdicts, self._spec.min_mass)
        if not reading.parsed:
            return unread_row(question, "the answer holds neither verdict label", answer.text)
        return VerdictRow(
            pair_id=question.pair.pair_id,
            left=question.left,
            parsed=True,
            p_left=reading.p_left,
            logprob_left=reading.logprob_left,
            logprob_right=reading.logprob_right,
            mass=reading.mass,
            raw_text=answer.text,
        )


def _text(content: str | list[dict[str, object]]) -> str:
    """A turn as text; parts that are not text are named, since a judge may still compare the answers."""
    if isinstance(content, str):
        return content
    return "\n".join(str(part.get("text") or f"[{part.get('type')}]") for part in content)


if __name__ == "__main__":
    work("judge_pairs", run)
