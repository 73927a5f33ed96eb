"""``docs/contracts/*.md`` and ``docs/contract.schema.json``: ``python -m preprod.render.contract_page`` writes them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from preprod.contract import Contract, Signal, load, redactions, signals, spans
from preprod.contract.model import Job
from preprod.render.generated import write_or_check_folder
from preprod.render.templates import ROOT, rendered

CONTRACTS = ROOT / "files" / "contracts"
DOCS = ROOT / "docs"

_SECTIONS = (
    ("Counters", "counter", "At zero, with every combination of their labels, from the start of a process."),
    ("Histograms", "histogram", "In Prometheus with the endings `_bucket`, `_sum` and `_count`."),
    ("Gauges", "gauge", "Values that go up and down."),
)
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TIMES = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def page(contract: Contract, source: str) -> str:
    """The reference page of a contract.

    :param source: what the page names as its source.
    """
    found = signals(contract)
    return rendered(
        "contract/page.md.j2",
        contract=contract,
        source=source,
        http=next((signal for signal in found if signal.path == ("http",)), None),
        metrics=[signal for signal in found if signal.path != ("http",)],
        names={signal.name: signal.prometheus for signal in found},
        spans=spans(contract),
        redactions=redactions(contract),
        sections=_SECTIONS,
        **{
            function.__name__: function
            for function in (codes, emitters, expectation, number, numbers, percent, trigger)
        },
    )


def expectation(signal: Signal, names: Mapping[str, str]) -> str:
    """What is normal, in words; empty when nothing is expected.

    :param names: metric -> its name in Prometheus.
    """
    expect = signal.expect
    if expect is None:
        return ""
    bound, word = (expect.at_most, "at most") if expect.at_least is None else (expect.at_least, "at least")
    amount = f"{percent(bound or 0)} of `{names[expect.of]}`" if expect.of else f"{number(bound or 0)}{_unit(signal)}"
    words = [f"{word} {amount}"]
    if expect.quantile:
        words.insert(0, f"p{expect.quantile * 100:g}")
    if expect.per_seconds:
        words.append(f"in {duration(expect.per_seconds)}")
    words += [f"where `{label}` is `{value}`" for label, value in expect.where.items()]
    return " ".join(words)


def _unit(signal: Signal) -> str:
    return f" {signal.unit}" if signal.unit in ("s", "By") else ""


def number(value: float) -> str:
    """A number as one writes it: no exponent, no trailing zeros."""
    return f"{value:.10f}".rstrip("0").rstrip(".")


def percent(value: float) -> str:
    """A fraction in percent."""
    return f"{number(round(value * 100, 8))} %"


def duration(seconds: int) -> str:
    """Seconds in the greatest unit that says them whole."""
    size, unit = next((size, unit) for size, unit in _TIMES if seconds % size == 0)
    return f"{seconds // size} {unit}"


def numbers(values: Iterable[float]) -> str:
    """Numbers in a row."""
    return ", ".join(map(number, values))


def codes(texts: Iterable[str]) -> str:
    """Texts in a row, each as code; line breaks as they are written."""
    return ", ".join(f"`{text}`" for text in (text.replace("\n", r"\n") for text in texts))


def emitters(signal: Signal, contract: Contract) -> str:
    """Which services emit a signal, where not all do."""
    return "" if set(signal.services) == set(contract.services) else f" From {codes(signal.services)}."


def trigger(job: Job) -> str:
    """What starts a job, in words."""
    words = [f"queue `{job.queue}`"] if job.queue else []
    return ", ".join(words + ([f"every {duration(job.every_seconds)}"] if job.every_seconds else []))


def schema() -> str:
    """The JSON schema of the format, for editors."""
    return json.dumps({"$schema": _DIALECT, **Contract.model_json_schema()}, indent=2) + "\n"


def generated() -> dict[Path, str]:
    """Every generated file under ``docs`` and what it should hold.

    :raises ContractError: a contract is wrong.
    """
    pages = {
        DOCS / "contracts" / f"{path.stem}.md": page(load(path), f"files/contracts/{path.name}")
        for path in sorted(CONTRACTS.glob("*.yaml"))
    }
    return {DOCS / "contract.schema.json": schema(), **pages}


def main(arguments: Iterable[str]) -> str | None:
    """Write the files, or with ``--check`` say in a sentence which are stale."""
    return write_or_check_folder(DOCS, "contracts", generated(), "preprod.render.contract_page", arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
