"""Durations and sizes as the programs of the overlay write them."""

from __future__ import annotations

import re

_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400, "y": 365 * 86400}
"""Go's units and those that Prometheus adds."""

_BYTES = {"B": 1, **{f"{letter}{i}B": 2 ** (10 * at) for at, letter in enumerate("KMGT", 1) for i in ("i", "")}}
"""Prometheus counts in powers of 1024, whether or not it writes the i."""


def seconds(text: str) -> float:
    """A duration, as ``4w2d`` or ``336h0m0s``.

    :raises ValueError: it is none.
    """
    return _total(text, _SECONDS)


def size(text: str) -> float:
    """A size in bytes, as ``7GiB460MiB``.

    :raises ValueError: it is none.
    """
    return _total(text, _BYTES)


def _total(text: str, units: dict[str, float]) -> float:
    parts = re.findall(r"(\d+(?:\.\d+)?)([A-Za-z]+)", text)
    if "".join(map("".join, parts)) != text or not {unit for _, unit in parts} <= units.keys() or not parts:
        raise ValueError(f"{text!r} should be numbers with units of {', '.join(units)}")
    return sum(float(number) * units[unit] for number, unit in parts)
