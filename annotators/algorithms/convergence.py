"""Iterations that must settle, or say that they did not."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from math import sqrt

import numpy as np

from annotators.algorithms.ratings import FloatArray, dot

LossAndGradient = Callable[[FloatArray], tuple[float, FloatArray]]
Step = tuple[FloatArray, FloatArray]

MEMORY = 12
SUFFICIENT_DECREASE = 1e-4


class ConvergenceError(RuntimeError):
    """An estimate did not settle within the steps allowed; its numbers would mean nothing."""


def minimise(
    loss_and_gradient: LossAndGradient, start: FloatArray, *, n_iter: int, tol: float
) -> tuple[FloatArray, int]:
    """The point where no component of the gradient exceeds tol, and the steps it took.

    Limited-memory BFGS with backtracking (Nocedal and Wright, 2006, algorithm 7.5). Raises ConvergenceError.
    """
    at = start
    loss, gradient = loss_and_gradient(at)
    history: deque[Step] = deque(maxlen=MEMORY)
    for step in range(n_iter + 1):
        if _steepest(gradient) <= tol:
            return at, step
        direction = -_inverse_hessian_times(gradient, history)
        moved = _line_search(loss_and_gradient, at, loss, gradient, direction)
        if moved:
            new, loss, new_gradient = moved
            change = (new - at, new_gradient - gradient)
            if dot(*change) > 0:
                history.append(change)
            at, gradient = new, new_gradient
        elif history:
            history.clear()
        else:
            break
    raise ConvergenceError(
        f"no minimum after {step} steps: the gradient is {_steepest(gradient):.2g}, above {tol:g}"
    )


def _steepest(gradient: FloatArray) -> float:
    return float(np.max(np.abs(gradient), initial=0.0))


def _inverse_hessian_times(gradient: FloatArray, history: deque[Step]) -> FloatArray:
    """The two-loop recursion; without a history, a step of length one at most."""
    if not history:
        return gradient / max(1.0, sqrt(dot(gradient, gradient)))
    vector = gradient.copy()
    shares = []
    for moved, turned in reversed(history):
        share = dot(moved, vector) / dot(moved, turned)
        vector -= share * turned
        shares.append(share)
    moved, turned = history[-1]
    vector *= dot(moved, turned) / dot(turned, turned)
    for (moved, turned), share in zip(history, reversed(shares), strict=True):
        vector += moved * (share - dot(turned, vector) / dot(moved, turned))
    return vector


def _line_search(
    loss_and_gradient: LossAndGradient,
    at: FloatArray,
    loss: float,
    gradient: FloatArray,
    direction: FloatArray,
) -> tuple[FloatArray, float, FloatArray] | None:
    """The first halving of the step that lowers the loss enough; None where none does."""
    slope = dot(gradient, direction)
    # Near the minimum the loss changes by less than its own rounding.
    rounding = 8 * float(np.finfo(np.float64).eps) * abs(loss)
    length = 1.0
    for _ in range(40):
        new = at + length * direction
        new_loss, new_gradient = loss_and_gradient(new)
        if new_loss <= loss + SUFFICIENT_DECREASE * length * slope + rounding:
            return new, new_loss, new_gradient
        length /= 2
    return None
