"""An OpenAI-compatible endpoint, asked until it answers or has been silent for too long."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx

from judges.algorithms.verdicts import TokenChoice
from trainer_bridge.workers._io import UserError

Item = TypeVar("Item")
Result = TypeVar("Result")

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 15.0
RETRY_STATUSES = frozenset({408, 409, 425, 429})
REFUSED_FOR_ALL = {
    401: "The endpoint {url} refuses the key in {env}. Set a valid key for the worker, and name the "
    "endpoint's host in OPENAI_API_HOSTS: no other host is given the key.",
    403: "The endpoint {url} forbids this request with the key in {env}.",
    404: "The endpoint {url} does not know this address or the model {model}: {reason}",
}


class RefusedRequestError(Exception):
    """The endpoint will not answer this one request; the message says why."""


class SilentEndpointError(Exception):
    """The endpoint has not answered anything for as long as the spec allows."""


@dataclass(frozen=True)
class ChatAnswer:
    """The first choice. `positions` are its tokens with their likeliest alternatives, when asked for."""

    text: str
    finish_reason: str | None
    n_tokens: int | None
    seed: int | None
    positions: list[TokenChoice]


@dataclass(frozen=True)
class _Trouble:
    """A try that may go better next time, after `wait` seconds at least."""

    reason: str
    blames_seed: bool
    wait: float = 0.0


class ChatEndpoint:
    """Sends chat completions. Connection errors, 429 and 5xx are retried with growing pauses.

    A request that runs out of patience while others are answered fails alone; when none was answered
    meanwhile, the endpoint is taken for gone. A server that dies or fails on a seeded request (vLLM on a
    CPU does) gets no seed from then on.
    """

    def __init__(
        self, *, base_url: str, model: str, key_env: str, concurrency: int, timeout: float, patience: float
    ) -> None:
        self._url = base_url.rstrip("/") + "/chat/completions"
        self._model = model
        self._key_env = key_env
        self._patience = patience
        self._answered_at = time.monotonic()
        self._sends_seeds = True
        key = os.environ.get(key_env, "") if trusted_with_key(base_url) else ""
        self._client = httpx.AsyncClient(
            timeout=timeout,
            limits=httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency),
            headers={"Authorization": f"Bearer {key}"} if key else {},
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def complete(self, body: dict[str, Any]) -> ChatAnswer:
        """One answer. RefusedRequestError concerns this request alone, the other errors all of them."""
        started, pause = time.monotonic(), FIRST_PAUSE_SECONDS
        while True:
            seed = body.get("seed") if self._sends_seeds else None
            outcome = await self._try(body, seed)
            if isinstance(outcome, ChatAnswer):
                return outcome
            if outcome.blames_seed and seed is not None:
                self._sends_seeds = False
                continue
            if time.monotonic() - started > self._patience:
                if self._answered_at > started:
                    raise RefusedRequestError(f"gave up after {self._patience:g} seconds: {outcome.reason}")
                raise SilentEndpointError(f"the endpoint {self._url} gave no answer ({outcome.reason})")
            jitter = random.uniform(0.5, 1)  # noqa: S311  # spreads retries, guards nothing
            await asyncio.sleep(max(outcome.wait, pause * jitter))
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _try(self, body: dict[str, Any], seed: int | None) -> ChatAnswer | _Trouble:
        sent = {**body, "model": self._model, "seed": seed}
        try:
            answer = await self._client.post(self._url, json={k: v for k, v in sent.items() if v is not None})
        except httpx.TransportError as error:
            # A refused connection means the server is not up (yet); a broken one may be the seed's doing.
            waits = isinstance(error, httpx.ConnectError | httpx.TimeoutException)
            return _Trouble(f"{type(error).__name__} {error}".strip(), blames_seed=not waits)
        if answer.is_success:
            self._answered_at = time.monotonic()
            return _read(answer, seed)
        reason = f"status {answer.status_code}: {_message(answer)}"
        names_seed = answer.status_code == 400 and "seed" in reason.lower() and seed is not None
        if answer.is_server_error or names_seed:
            return _Trouble(reason, blames_seed=True, wait=_retry_after(answer))
        if answer.status_code in RETRY_STATUSES:
            return _Trouble(reason, blames_seed=False, wait=_retry_after(answer))
        raise self._refusal(answer.status_code, reason)

    def _refusal(self, status: int, reason: str) -> Exception:
        """What a client error means: for this request, or for every one that could follow."""
        if status not in REFUSED_FOR_ALL:
            return RefusedRequestError(reason)
        facts = {"url": self._url, "env": self._key_env, "model": self._model, "reason": reason}
        return UserError(REFUSED_FOR_ALL[status].format(**facts))


def trusted_with_key(base_url: str) -> bool:
    """Whether the operator's key may go to this address, which a user typed in (`OPENAI_API_HOSTS`)."""
    hosts = os.environ.get("OPENAI_API_HOSTS", "api.openai.com").split(",")
    return urlsplit(base_url).hostname in {host.strip() for host in hosts}


async def in_parallel(
    items: Iterable[Item], limit: int, run: Callable[[Item], Awaitable[Result]]
) -> AsyncIterator[Result]:
    """Results as they come, with at most `limit` items under way and no more than that held in memory."""
    waiting = iter(items)
    running: set[asyncio.Future[Result]] = set()
    try:
        while True:
            while len(running) < limit and (item := next(waiting, None)) is not None:
                running.add(asyncio.ensure_future(run(item)))
            if not running:
                return
            finished, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            # Answers first: an error that ends the work must not take them along.
            for future in sorted(finished, key=lambda future: future.exception() is not None):
                yield future.result()
    finally:
        for future in running:
            future.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def _read(answer: httpx.Response, seed: int | None) -> ChatAnswer:
    try:
        body = answer.json()
        choice = body["choices"][0]
        positions = (choice.get("logprobs") or {}).get("content") or []
        return ChatAnswer(
            text=choice["message"].get("content") or "",
            finish_reason=choice.get("finish_reason"),
            n_tokens=(body.get("usage") or {}).get("completion_tokens"),
            seed=seed,
            positions=[_position(position) for position in positions],
        )
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise RefusedRequestError(f"the answer is no chat completion: {answer.text[:200]}") from error


def _position(position: dict[str, Any]) -> TokenChoice:
    top = {item["token"]: float(item["logprob"]) for item in position.get("top_logprobs") or []}
    return TokenChoice(position["token"], {position["token"]: float(position["logprob"]), **top})


def _message(answer: httpx.Response) -> str:
    """The server's own words, from the usual places."""
    try:
        body = answer.json()
    except ValueError:
        return answer.text[:300]
    error = body.get("error", body) if isinstance(body, dict) else body
    return str(error.get("message", error) if isinstance(error, dict) else error)[:300]


def _retry_after(answer: httpx.Response) -> float:
    try:
        return min(float(answer.headers.get("Retry-After", 0)), LONGEST_PAUSE_SECONDS)
    except ValueError:
        return 0.0
