"""What a pyinfra run came to, from its exit code, its JSON and its log: never success by default."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from preprod.cli.child import Ended

Part = Literal["plan", "results"]
"""Where pyinfra's answer tells of changes: those to come, or those made."""

_HOST = re.compile(r"^\s*\[(?P<host>[^\]]+)\](?P<indent>\s+)(?P<text>.*)$")
_ERROR = re.compile(r"^[\w ]*error(?: in .+? line \d+)?: (?P<text>.*)$", re.DOTALL)
_CHATTER = re.compile(r">>> |noop: |Loaded fact |Connected|Ready: ")
_CONSEQUENCE = re.compile(r"No hosts remaining!|Over [\d.]+% of hosts failed")
"""pyinfra's last words when hosts have failed: each of them has said why before."""


@dataclass(frozen=True)
class Verdict:
    """What stands in the way, one sentence each, and the operations that change something, by host."""

    problems: tuple[str, ...]
    changes: Mapping[str, tuple[str, ...]]


def judge(ended: Ended, hosts: Sequence[str], part: Part | None) -> Verdict:
    """The verdict on a run over these hosts.

    :param part: ``None`` for a run without operations.
    """
    operations = _operations(ended.answer, part)
    failures = host_failures(ended.log)
    problems = [*failures.values(), *_last_error(ended.log)]
    if not problems and (ended.code or operations is None or (part and not operations)):
        problems = [reason(ended)]
    problems += [f"{host}: not reached" for host in hosts if not problems and host not in _connected(ended.log)]
    reached = [host for host in hosts if operations is not None and host not in failures]
    named = {host: tuple(name for name, on in operations or [] if host in on) for host in reached}
    return Verdict(tuple(problems), named)


def reason(ended: Ended) -> str:
    """One sentence on why a run ended that gave no result."""
    if said := [*host_failures(ended.log).values(), *_last_error(ended.log)]:
        return said[-1]
    how = f"was killed by signal {-ended.code}" if ended.code < 0 else f"ended with code {ended.code}"
    return f"pyinfra {how} and without a result: see what it said above, and run it again"


def host_failures(log: str) -> dict[str, str]:
    """Host -> why it failed, of every host that the log says it of."""
    failures: dict[str, str] = {}
    for stage, lines in _sections(log):
        said: dict[str, list[str]] = {}
        for line in filter(None, map(_HOST.match, lines)):
            host, text = line["host"], line["text"].strip()
            if sentence := _failure(stage, text, _headline(said.get(host, []))):
                failures.setdefault(host, f"{host}: {sentence}")
            said[host] = [] if _CHATTER.match(text) else [*said.get(host, []), line["indent"] + text]
    return failures


def _headline(said: Sequence[str]) -> str:
    """The last line that is not indented beneath another: progress comes before an error, its details beneath it."""
    least = min((len(line) - len(line.lstrip()) for line in said), default=0)
    headlines = [line.strip() for line in said if len(line) - len(line.lstrip()) == least]
    return f": {headlines[-1]}" if headlines else " (see what it said above)"


def _failure(stage: str, text: str, said: str) -> str | None:
    if stage.startswith("Connecting to hosts") and not _CHATTER.match(text):
        return f"not reached ({text}): correct its address, port, user or key, or its entry among the known host keys"
    if text.startswith(("Error: could not load fact", "Error: could not process fact")):
        return f"cannot be examined{said}"
    if text.startswith("Error: executed"):
        return f"'{stage.removeprefix('Starting operation: ')}' failed{said}"
    return None


def _last_error(log: str) -> list[str]:
    """The error that ended the whole run, if one did."""
    for head, lines in reversed(_sections(log)):
        if "exception occurred" in head:
            last = [line for line in lines if line.strip() and not line.startswith(" ")][-1:]
            return [f"pyinfra crashed: {line} (see above where)" for line in last]
        error = _ERROR.match("\n".join([head, *lines]).rstrip())
        if error and not _CONSEQUENCE.match(error["text"]):
            return [error["text"]]
    return []


def _connected(log: str) -> set[str]:
    lines = [line for stage, lines in _sections(log) if stage.startswith("Connecting to hosts") for line in lines]
    return {found["host"] for line in lines if (found := _HOST.match(line)) and found["text"].startswith("Connected")}


def _sections(log: str) -> list[tuple[str, list[str]]]:
    """Headline -> the lines below it."""
    sections: list[tuple[str, list[str]]] = [("", [])]
    for line in log.splitlines():
        if line.startswith("--> "):
            sections.append((line.removeprefix("--> ").strip(), []))
        else:
            sections[-1][1].append(line)
    return sections


def _operations(answer: str, part: Part | None) -> list[tuple[str, list[str]]] | None:
    """Name and changed hosts of every operation in order; None where the answer is lost."""
    try:
        report: Any = json.loads(answer)
        if part == "results":
            return [(operation["name"], operation["success"]) for operation in report["results"]["operations"]]
        return [(operation["name"], operation["hosts_with_change"]) for operation in report["plan"]]
    except (ValueError, TypeError, KeyError):
        return None
