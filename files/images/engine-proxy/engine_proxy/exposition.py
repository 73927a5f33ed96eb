"""The text format of Prometheus, version 0.0.4: read by every version of it, and by ``promtool check metrics``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_IN_HELP = str.maketrans({"\\": r"\\", "\n": r"\n"})
_IN_LABEL = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})


class Sample(NamedTuple):
    """One value of one series."""

    name: str
    labels: Mapping[str, str]
    value: float


class Family(NamedTuple):
    """What a metric is: ``counter`` or ``gauge``, and a sentence that gives its unit."""

    type: str
    help: str


def written(families: Mapping[str, Family], samples: Iterable[Sample]) -> str:
    """The samples under the heads of their families, in the families' order.

    :raises KeyError: a sample of no known family.
    """
    order = {name: place for place, name in enumerate(families)}
    ordered = sorted(samples, key=lambda sample: order[sample.name])
    return "".join(_lines(families, ordered))


def _lines(families: Mapping[str, Family], ordered: Iterable[Sample]) -> Iterator[str]:
    for name, group in groupby(ordered, key=attrgetter("name")):
        family = families[name]
        yield f"# HELP {name} {family.help.translate(_IN_HELP)}\n# TYPE {name} {family.type}\n"
        for sample in group:
            labels = ",".join(f'{key}="{value.translate(_IN_LABEL)}"' for key, value in sample.labels.items())
            yield f"{name}{{{labels}}} {sample.value!r}\n" if labels else f"{name} {sample.value!r}\n"
