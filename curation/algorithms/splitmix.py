"""SplitMix64 (Steele, Lea and Flood, 2014): 64 well-mixed bits for each of many numbers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

UIntArray = npt.NDArray[np.uint64]


def splitmix(state: UIntArray) -> UIntArray:
    """The generator's next output from each state: two states never have the same."""
    z = state + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
