"""How many faults in alert rules their tests notice: ``python bench/mutations.py --promtool PATH`` prints a table.

Each mutant is one rule with one fault: a comparison turned round, a window (or `offset`, or `for`) halved, a label
left out of a selector, of `by` or of `on`. promtool runs the tests of that rule alone; a mutant that passes them all
has survived. A label that is asked for in several places of a rule (on both sides of a division, say, which finds
partners by their labels) may be missing in one of them without effect: then all of them are left out together. The exit
code is 1 when a mutant survives that no entry of `EQUIVALENT` explains, or when every rule was tried and an entry
explains no survivor.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]

from preprod.catalogue import OVERLAY  # noqa: E402
from preprod.contract import load  # noqa: E402
from preprod.render import rules  # noqa: E402
from preprod.render.contract_page import CONTRACTS  # noqa: E402
from preprod.render.observability import prometheus  # noqa: E402
from preprod.render.observability.view import View  # noqa: E402
from preprod.render.recipes import choose  # noqa: E402
from preprod.render.rules import Alert, Recording, Rule, Watched, written  # noqa: E402
from preprod.render.rules.promql import SELECTOR, matchers  # noqa: E402
from preprod.render.rules.rule import duration  # noqa: E402
from preprod.settings import load as settings_of  # noqa: E402

KINDS = ("comparison", "window", "label")
DEFAULT = "socialize"
"""The contract with which every rule is tried, not only those that follow from it."""

CHUNK = 50
"""Mutants that one promtool gets: it reads any number of test files."""

EQUIVALENT = (
    ("^HttpErrorBudget", "label job=", "The recorded series that it reads are of this job alone."),
    (
        "^route_group:",
        "label job=",
        "Recorded by job: another's is a series of its own, and who reads it asks for the job.",
    ),
    (
        "^route_group:.*errors",
        r"label job of by \(job\)",
        "Without a failure no share instead of one of 0: none alerts.",
    ),
    (
        "^route_group:.*errors:ratio_rate(30m|6h)",
        "label route_group=",
        "Tried a quarter of an hour apart, where Prometheus looks back five minutes: it never sees what was recorded "
        "of a neighbour. The fast burn, made by the same function, is tried closer.",
    ),
    (
        "^HttpErrorBudget",
        "label (job|route_group)=",
        "`and` keeps what has the same labels on both sides: what one side does not ask for, the others do.",
    ),
)
"""Regular expressions of rule and fault, and why no series could tell that mutant from the rule."""

Reason = tuple[str, str, str]


@dataclass(frozen=True)
class Proven:
    """A rule among those that it needs, and the tests that prove it."""

    subject: str
    rules: list[dict[str, Any]]
    at: int
    tests: dict[str, str]

    @property
    def name(self) -> str:
        rule = self.rules[self.at]
        marks = [value for name, value in rule.get("labels", {}).items() if name not in ("severity", "owner")]
        return " ".join([str(rule.get("alert") or rule["record"]), *marks])


@dataclass(frozen=True, eq=False)
class Mutant:
    """A rule with one fault."""

    proven: Proven
    kind: str
    fault: str
    rule: dict[str, Any]
    twins: dict[str, Any] | None = None
    """The rule with the same label left out wherever it is asked for, where that is in several places."""

    def __str__(self) -> str:
        return f"{self.proven.name}: {self.kind} {self.fault}"

    def write(self, directory: Path) -> list[Path]:
        """The rules with the fault, and their tests; the paths of these."""
        changed = [self.rule if at == self.proven.at else rule for at, rule in enumerate(self.proven.rules)]
        texts = {f"rules/{self.proven.subject}.yml": yaml.safe_dump({"groups": [{"name": "g", "rules": changed}]})}
        texts |= {f"tests/{name}.yml": text for name, text in self.proven.tests.items()}
        for name, text in texts.items():
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            (directory / name).write_text(text)
        return sorted((directory / "tests").iterdir())


# -- rules and their tests ---------------------------------------------------------------------------
def view(contract: str) -> View:
    """Everything that can run, with a certificate and a dead man's switch."""
    settings = settings_of(
        {
            "app_image": "registry.example/app:1",
            "domain": "app.example.org",
            "dead_mans_switch": True,
            "telemetry_contract": f"files/contracts/{contract}.yaml",
            "observability": True,
            "observability_components": list(OVERLAY),
            "redis_address": "redis://redis:6379",
            "mongodb_address": "mongodb://mongodb:27017",
        }
    )
    return View(settings, choose(settings, had=()), load(CONTRACTS / f"{contract}.yaml"))


def proven(contract: str) -> Iterator[Proven]:
    """Every rule; of a contract beside the default one, those that follow from it."""
    of = view(contract)
    watched = prometheus.watched(of)
    whole = contract == DEFAULT
    subjects = rules.of_host(watched, prometheus.jobs(of)) if whole else rules.of_contract(watched)
    for subject, made in subjects.items():
        for rule in made:
            if isinstance(rule, Alert):
                yield _alert(subject, rule, made, watched)
            else:
                yield from _recording(subject, rule, made, watched)
    files = prometheus.files(of)
    for subject in ("hourly", "pipeline") if whole else ():
        written_rules = yaml.safe_load(files[f"prometheus/rules/{subject}.yml"].text)["groups"][0]["rules"]
        tests = {subject: files[f"prometheus/tests/{subject}.yml"].text}
        yield from (Proven(subject, written_rules, at, tests) for at in range(len(written_rules)))


def _alert(subject: str, alert: Alert, made: list[Rule], watched: Watched) -> Proven:
    own, others = _group(alert, made)
    texts = written.tests(subject, [*own, alert, *others], watched)
    return Proven(subject, _written([*own, alert, *others], watched), len(own), texts)


def _recording(subject: str, recording: Recording, made: list[Rule], watched: Watched) -> Iterator[Proven]:
    """Proven by the first alert that reads it; what none reads is a constant."""
    recorded = [rule for rule in made if isinstance(rule, Recording)]
    readers = [rule for rule in made if isinstance(rule, Alert) and recording in written.read(rule, recorded)]
    for reader in readers[:1]:
        own, others = _group(reader, made)
        texts = written.tests(subject, [*own, reader, *others], watched)
        yield Proven(subject, _written([*own, reader, *others], watched), own.index(recording), texts)


def _group(alert: Alert, made: list[Rule]) -> tuple[list[Recording], list[Rule]]:
    """The recorded series that an alert reads; and a neighbour of the same name with its own, if it reads any."""
    recorded = [rule for rule in made if isinstance(rule, Recording)]
    own = written.read(alert, recorded)
    same = [rule for rule in made if isinstance(rule, Alert) and rule.alert == alert.alert and rule != alert]
    return own, [*written.read(same[0], recorded), same[0]] if own and same else []


def _written(made: Iterable[Rule], watched: Watched) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(written.rules("g", made, watched))["groups"][0]["rules"]
    return found


# -- faults ------------------------------------------------------------------------------------------
_COMPARISON = re.compile(r" (==|!=|>=|<=|>|<) ")
_TURNED = {"==": "!=", "!=": "==", ">": "<", "<": ">", ">=": "<=", "<=": ">="}
_TIME = re.compile(r"(\[|offset )(\d+)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
_GROUPING = re.compile(r"\b(?:by|on) \(([^()]*)\)")


def mutants(of: Proven) -> Iterator[Mutant]:
    """Every fault of the three kinds that the rule can have."""
    rule = of.rules[of.at]
    for kind, faults in (("comparison", turned), ("window", halved)):
        for fault, expr in faults(rule["expr"]):
            yield Mutant(of, kind, fault, {**rule, "expr": expr})
    for fault, expr, everywhere in unlabelled(rule["expr"]):
        twins = {**rule, "expr": everywhere} if everywhere != expr else None
        yield Mutant(of, "label", fault, {**rule, "expr": expr}, twins)
    if "for" in rule:
        amount, unit = re.fullmatch(r"(\d+)(\w+)", rule["for"]).groups()  # type: ignore[union-attr]
        yield Mutant(of, "window", f"for {rule['for']}", {**rule, "for": _half(amount, unit)})


def turned(expr: str) -> Iterator[tuple[str, str]]:
    """Every comparison the other way round."""
    for found in _COMPARISON.finditer(expr):
        yield f"{found[1]} at {found.start()}", f"{expr[: found.start()]} {_TURNED[found[1]]} {expr[found.end() :]}"


def halved(expr: str) -> Iterator[tuple[str, str]]:
    """Every time half as long."""
    for found in _TIME.finditer(expr):
        shorter = f"{found[1]}{_half(found[2], found[3])}"
        yield f"{found[0]} at {found.start()}", f"{expr[: found.start()]}{shorter}{expr[found.end() :]}"


def _half(amount: str, unit: str) -> str:
    return duration(int(amount) * _SECONDS[unit] / 2)


def unlabelled(expr: str) -> Iterator[tuple[str, str, str]]:
    """Every matcher, and every label of a grouping, left out: fault, what remains, and the same done everywhere."""
    for selector in SELECTOR.finditer(expr):
        asked = [str(one) for one in matchers(selector[2])]
        for at, text in enumerate(asked):
            everywhere = re.sub(f",?{re.escape(text)}", "", expr).replace("{,", "{")
            yield (
                f"{text[:60]} of {selector[1]} at {selector.start()}",
                _without(expr, selector, 2, asked, at),
                everywhere,
            )
    for grouping in _GROUPING.finditer(expr):
        labels = [label.strip() for label in grouping[1].split(",") if label.strip()]
        for at, label in enumerate(labels):
            left = _without(grouping[0], re.search(r"\((.*)\)", grouping[0]), 1, labels, at)
            everywhere = expr.replace(grouping[0], left)
            yield f"{label} of {grouping[0]} at {grouping.start()}", _without(expr, grouping, 1, labels, at), everywhere


def _without(text: str, found: re.Match[str] | None, group: int, parts: list[str], at: int) -> str:
    assert found
    left = ",".join(part for number, part in enumerate(parts) if number != at)
    return f"{text[: found.start(group)]}{left}{text[found.end(group) :]}"


# -- promtool ----------------------------------------------------------------------------------------
def survivors(promtool: str, chunk: list[Mutant]) -> list[Mutant]:
    """Those of some mutants whose tests all pass."""
    with tempfile.TemporaryDirectory() as made:
        paths = [mutant.write(Path(made) / str(number)) for number, mutant in enumerate(chunk)]
        command = [promtool, "test", "rules", *(str(path) for of in paths for path in of)]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    # In the order of the files: one of the two versions does not name them.
    verdicts = iter(re.findall(r"^  (SUCCESS|FAILED)", done.stdout, re.MULTILINE))
    passed = [{next(verdicts) for _ in of} == {"SUCCESS"} for of in paths]
    assert next(verdicts, None) is None
    return [mutant for mutant, survives in zip(chunk, passed, strict=True) if survives]


def explains(reason: Reason, mutant: Mutant) -> bool:
    """Whether it says why this mutant cannot be told from its rule."""
    rule, fault, _ = reason
    return bool(re.search(rule, mutant.proven.name) and re.search(fault, f"{mutant.kind} {mutant.fault}"))


def main() -> str | None:
    """Print what was noticed by kind and rule; a sentence when something was not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--promtool", default="promtool", help="of either version of Prometheus (%(default)s)")
    parser.add_argument("--contract", action="append", choices=sorted(path.stem for path in CONTRACTS.glob("*.yaml")))
    parser.add_argument("--processes", type=int, default=2, help="promtools at a time (%(default)s)")
    parser.add_argument("rules", nargs="*", help="only rules whose names contain one of these")
    asked = parser.parse_args()
    contracts = asked.contract or [DEFAULT]
    found = [
        mutant
        for contract in contracts
        for one in proven(contract)
        if not asked.rules or any(part in one.name for part in asked.rules)
        for mutant in mutants(one)
    ]
    alone = surviving(asked.promtool, found, asked.processes)
    twins = {replace(mutant, rule=mutant.twins, twins=None): mutant for mutant in alone if mutant.twins}
    both = {twins[mutant] for mutant in surviving(asked.promtool, [*twins], asked.processes)}
    survived = [mutant for mutant in alone if mutant in both or not mutant.twins]
    return report(found, alone, survived, whole=DEFAULT in contracts and not asked.rules)


def surviving(promtool: str, found: list[Mutant], processes: int) -> list[Mutant]:
    chunks = [found[at : at + CHUNK] for at in range(0, len(found), CHUNK)]
    with ThreadPoolExecutor(processes) as pool:
        return [mutant for of in pool.map(partial(survivors, promtool), chunks) for mutant in of]


def report(found: list[Mutant], alone: list[Mutant], survived: list[Mutant], whole: bool) -> str | None:
    """Print the table; a sentence when a mutant survived without a reason, or a reason explains none.

    :param alone: those that survived by themselves, `survived` those that did even together with their twins.
    :param whole: whether every rule was tried; of some alone, a reason may be about the others.
    """
    unexplained = [mutant for mutant in survived if not any(explains(one, mutant) for one in EQUIVALENT)]
    idle = [one for one in EQUIVALENT if whole and not any(explains(one, mutant) for mutant in survived)]
    for kind in KINDS:
        every, lonely, lost, unknown = (
            sum(mutant.kind == kind for mutant in of) for of in (found, alone, survived, unexplained)
        )
        print(
            f"{kind:10} {every:5} mutants: {every - lonely:5} noticed, {lonely - lost:4} only together with twins, "
            f"{lost - unknown:4} equivalent, {unknown:4} survived"
        )
    for mutant in unexplained:
        print(f"survived: {mutant}")
    for rule, fault, _ in idle:
        print(f"explains no survivor: {rule}: {fault}")
    wrong = [f"{len(unexplained)} of {len(found)} mutants survived"] if unexplained else []
    wrong += [f"{len(idle)} of {len(EQUIVALENT)} reasons explain no survivor: take them out"] if idle else []
    return "; ".join(wrong) or None


if __name__ == "__main__":
    sys.exit(main())
