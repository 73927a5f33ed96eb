"""What a pyinfra run came to, from its exit code, its JSON and its log: never success by default."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from preprod.cli.child import Ended

_HOST = re.compile(r"^\s*\[(?P<host>[^\]]+)\]\s+(?P<text>.*)$")
_ERROR = re.compile(r"^--> [\w ]*error(?: in .+? line \d+)?: (?P<text>.*)$")
_CHATTER = re.compile(r">>> |noop: |Loaded fact |Connected|Ready: ")
_CONSEQUENCES = re.compile(r"No hosts remaining!|Over [\d.]+% of hosts failed")
"""pyinfra's last words when hosts have failed: each of them has said why before."""


@dataclass(frozen=True)
class Verdict:
    """What stands in the way, one sentence each, and by host the operations that change something."""

    problems: tuple[str, ...]
    changes: Mapping[str, tuple[str, ...]]


def judge(ended: Ended, hosts: Sequence[str], part: Literal["plan", "results", None]) -> Verdict:
    """The verdict on a run over these hosts.

    :param part: where the answer tells of changes; ``None`` for a run without operations.
    """
    report = _report(ended.answer)
    operations = _operations(report, part)
    failed = {**_unreached(ended, hosts), **host_failures(ended.log)}
    failed = {host: sentence for host, sentence in failed.items() if host in hosts}
    problems = [*failed.values(), *_general(ended.log)]
    if not problems and (ended.code or report is None or (part and not operations)):
        problems.append(reason(ended))
    changed = {
        host: tuple(name for name, names in operations if host in names) for host in hosts if host not in failed
    }
    return Verdict(tuple(problems), changed)


def reason(ended: Ended) -> str:
    """One sentence on why a run that cannot be counted as one ended as it did."""
    lines = [*host_failures(ended.log).values(), *_general(ended.log)]
    if lines:
        return lines[-1]
    how = f"was killed by signal {-ended.code}" if ended.code < 0 else f"ended with code {ended.code}"
    return f"pyinfra {how} and without a result: look at what it said above, and run it again"


def host_failures(log: str) -> dict[str, str]:
    """Host -> why it failed, for the hosts that the log tells it of."""
    failures: dict[str, str] = {}
    stage = ""
    said: dict[str, list[str]] = {}
    for line in log.splitlines():
        if line.startswith("--> "):
            stage, said = line.removeprefix("--> ").strip(), {}
        elif found := _HOST.match(line):
            host, text = found["host"], found["text"]
            if sentence := _failure(stage, text, said.get(host, [])):
                failures.setdefault(host, f"{host}: {sentence}")
            said[host] = [] if _CHATTER.match(text) else [*said.get(host, []), text]
    return failures


def _failure(stage: str, text: str, said: Sequence[str]) -> str | None:
    first = f": {said[0]}" if said else " (what the host said stands above)"
    if stage.startswith("Connecting to hosts") and not _CHATTER.match(text):
        return f"not reached ({text}): correct its address, port, user or key, or its entry among the known host keys"
    if text.startswith(("Error: could not load fact", "Error: could not process fact")):
        return f"cannot be examined{first}"
    if text.startswith("Error: executed") and stage.startswith("Starting operation: "):
        return f"'{stage.removeprefix('Starting operation: ')}' failed{first}"
    return None


def _general(log: str) -> list[str]:
    """The error that ended the whole run, if one did."""
    head, found, rest = "", None, ""
    for line in log.splitlines():
        if line.startswith("--> "):
            head = line
            found = _ERROR.match(line) or found
            rest = found["text"] if found and _ERROR.match(line) else ""
        elif "exception occurred" in head and line.strip() and not line.startswith(" "):
            rest = f"pyinfra crashed: {line.strip()} (more of it above)"
        elif found and rest:
            rest += f"\n{line}"
    return []


def _unreached(ended: Ended, hosts: Iterable[str]) -> dict[str, str]:
    connected = {found["host"] for line in ended.log.splitlines() if (found := _HOST.match(line))}
    return {}


def _report(answer: str) -> Mapping[str, Any] | None:
    return None


def _operations(report: Mapping[str, Any] | None, part: str | None) -> list[tuple[str, list[str]]]:
    return []
