"""Sample responses for prompts, from local weights, an endpoint, or vLLM's offline engine.

Each row's seed follows from the spec's seed, the prompt id and the sample index, so a row comes out the
same whatever was done before it. Failures of an earlier attempt are tried again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

from trainer_bridge.contracts import FailureRow, GenerateSpec, PromptRow, ResponseRow
from trainer_bridge.workers._io import Tally, UserError, Workspace, read_rows, work
from trainer_bridge.workers._responses import Draw, ResponseFile, draws_for

VLLM_CHUNK = 256

Results = Iterator[list[ResponseRow] | FailureRow]
Record = Callable[[list[ResponseRow] | FailureRow], None]


def run(spec: GenerateSpec, workspace: Workspace) -> None:
    prompts = list(read_rows(workspace.input(spec.prompts), PromptRow))
    responses, failures = ResponseFile(workspace), workspace.rows("failures.jsonl")
    failures.rewrite([])
    draws = draws_for(prompts, spec.sampling, responses.finished)
    done = len(responses.finished)
    tally = Tally(workspace, "responses", total=done + len(draws), done=done)

    def record(result: list[ResponseRow] | FailureRow) -> None:
        responses.record(result, failures, tally)

    if spec.backend == "openai":
        asyncio.run(_ask_endpoint(spec, draws, workspace, record))
        return
    for result in (_transformers if spec.backend == "transformers" else _vllm)(spec, draws, workspace):
        record(result)


def _transformers(spec: GenerateSpec, draws: list[Draw], workspace: Workspace) -> Results:
    from trainer_bridge.workers._models import load
    from trainer_bridge.workers._sampling import sample

    loaded = load(spec.model, spec.dtype)
    loaded.note(workspace)
    return sample(loaded, draws, spec.sampling, max_length=spec.max_length, batch_size=spec.batch_size)


def _vllm(spec: GenerateSpec, draws: list[Draw], workspace: Workspace) -> Results:
    import torch
    from vllm import LLM, SamplingParams

    from trainer_bridge.workers._models import fingerprint, model_folder, template_hash

    folder = model_folder(spec.model)
    engine = LLM(model=str(folder), dtype=spec.dtype, max_model_len=spec.max_length)
    on_gpu = torch.cuda.is_available()
    workspace.environment(
        device="cuda" if on_gpu else "cpu",
        device_name=torch.cuda.get_device_name() if on_gpu else "CPU",
        dtype=spec.dtype,
        model_fingerprint=fingerprint(folder),
        template_hash=template_hash(engine.get_tokenizer()),
    )
    for start in range(0, len(draws), VLLM_CHUNK):
        chunk = draws[start : start + VLLM_CHUNK]
        params = [
            SamplingParams(
                temperature=spec.sampling.temperature,
                top_p=spec.sampling.top_p,
                max_tokens=spec.sampling.max_tokens,
                # A per-request seed stops vLLM's engine on a CPU ("CPU Generator does not use offset").
                seed=draw.seed if on_gpu else None,
            )
            for draw in chunk
        ]
        chats = [[message.model_dump() for message in draw.messages] for draw in chunk]
        outputs = engine.chat(chats, params, use_tqdm=False)
        yield [
            _response(
                draw, output.outputs[0].text, output.outputs[0].finish_reason, seed=param.seed
            ).model_copy(update={"n_tokens": len(output.outputs[0].token_ids)})
            for draw, param, output in zip(chunk, params, outputs, strict=True)
        ]


async def _ask_endpoint(spec: GenerateSpec, draws: list[Draw], workspace: Workspace, record: Record) -> None:
    from trainer_bridge.workers._chat_api import (
        ChatEndpoint,
        RefusedRequestError,
        SilentEndpointError,
        in_parallel,
    )

    workspace.environment(
        device="endpoint", device_name=spec.base_url, dtype="", model_fingerprint="", template_hash=""
    )
    endpoint = ChatEndpoint(
        base_url=spec.base_url,
        model=spec.model,
        key_env=spec.api_key_env,
        concurrency=spec.concurrency,
        timeout=spec.timeout_seconds,
        patience=spec.give_up_after_seconds,
    )

    async def ask(draw: Draw) -> list[ResponseRow] | FailureRow:
        body = {
            "messages": [message.model_dump() for message in draw.messages],
            "temperature": spec.sampling.temperature,
            "top_p": spec.sampling.top_p,
            "max_tokens": spec.sampling.max_tokens,
            "seed": draw.seed,
        }
        try:
            answer = await endpoint.complete(body)
        except RefusedRequestError as error:
            return FailureRow(key=draw.key, error=str(error))
        row = _response(draw, answer.text, answer.finish_reason, seed=answer.seed)
        return [row.model_copy(update={"n_tokens": answer.n_tokens})]

    try:
        async for result in in_parallel(draws, spec.concurrency, ask):
            record(result)
    except SilentEndpointError as error:
        raise UserError(
            f"Sampling stopped: {error} for {spec.give_up_after_seconds:g} seconds. Finished responses are "
            "kept. Start the endpoint, then retry this job."
        ) from error
    finally:
        await endpoint.close()


def _response(draw: Draw, text: str, finish_reason: str | None, *, seed: int | None) -> ResponseRow:
    return ResponseRow(
        prompt_id=draw.prompt_id,
        sample_index=draw.sample_index,
        text=text,
        # Endpoints know more reasons (content_filter, tool_calls); only these two are ours.
        finish_reason="length" if finish_reason == "length" else "stop" if finish_reason == "stop" else None,
        seed=seed,
    )


if __name__ == "__main__":
    work("generate", run)
