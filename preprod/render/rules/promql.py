"""Parts of PromQL."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

from preprod.contract import Contract, Signal
from preprod.contract.names import label_name


def matcher(label: str, values: Iterable[str]) -> str:
    """A label that has one of these values."""
    wanted = list(dict.fromkeys(values))
    if len(wanted) == 1:
        return f"{label}={json.dumps(wanted[0])}"
    return f"{label}=~{json.dumps('|'.join(map(re.escape, wanted)))}"


def selector(metric: str, jobs: Iterable[str], where: Mapping[str, str] | None = None) -> str:
    """Series of these jobs; labels by their names in the contract."""
    matchers = [matcher("job", jobs), *(matcher(label_name(name), [value]) for name, value in (where or {}).items())]
    return f"{metric}{{{','.join(matchers)}}}"


def series(metric: str, labels: Mapping[str, str]) -> str:
    """One series, for the tests."""
    return f"{metric}{{{','.join(f'{label_name(name)}={json.dumps(value)}' for name, value in labels.items())}}}"


def first_series(signal: Signal, metric: str, where: Mapping[str, str] | None = None, **more: str) -> str:
    """A series as the first service of a signal emits it."""
    allowed = {label: values[0] for label, values in signal.labels.items()}
    return series(metric, {"job": signal.services[0], "instance": "one", **allowed, **(where or {}), **more})


def alert_name(contract: Contract, name: str, *more: str) -> str:
    """A signal's name as the beginning of an alert's: without the app's own, each word with a capital."""
    words = re.split(r"[._-]", name.removeprefix(f"{contract.application}."))
    return "".join(word[:1].upper() + word[1:] for word in [*words, *(w for m in more for w in re.split(r"[._-]", m))])
