"""Each contract's emitter drives each of its alerts in a real Prometheus: all is well, then broken, then mended."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import socket
from typing import Any

import pytest
import requests
import watching
import yaml
from bridge import bridge

from preprod.contract import Contract, load, signals
from preprod.render import rules
from preprod.render.contract_page import CONTRACTS
from preprod.render.emitter import emitter
from preprod.render.rules import Alert, Watched
from preprod.settings import load as settings

NAMES = sorted(path.stem for path in CONTRACTS.glob("*.yaml"))

WINDOW = 20
"""Seconds that every window of the rules comes to: four of the shortest scrape intervals."""
SETTINGS = {
    "alert_time_scale": 0.00001,
    "scrape_interval": 5,
    # What is usual is known after 24 windows divided by this.
    "alert_thresholds": {"unusual_factor": 24},
}

BROKEN, SILENT, MENDED, END = 25, 55, 85, 115
"""Seconds of the run: failures begin; they end and use stops; it is back; the emitters end."""
HOUR_IN_A_WINDOW = 3600 / WINDOW
"""Amounts per second grow so much faster, to come to in a window what they come to in an hour."""

Fired = tuple[tuple[str, str], ...]
"""The labels of an alert."""


@dataclass(frozen=True)
class Run:
    """What fired when, in seconds of the emitter's run."""

    wanted: frozenset[Fired]
    fired: Mapping[Fired, list[float]]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Run]:
    """Contract -> what happened; all at the same time."""
    with ThreadPoolExecutor(len(NAMES)) as pool:
        folders = {name: tmp_path_factory.mktemp(name) for name in NAMES}
        return dict(zip(NAMES, pool.map(_run, NAMES, folders.values()), strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_every_alert_of_a_contract_fires(runs: Mapping[str, Run], name: str) -> None:
    assert runs[name].fired.keys() == runs[name].wanted


@pytest.mark.parametrize("name", NAMES)
def test_none_fires_while_all_is_well_but_for_what_is_not_there_yet(runs: Mapping[str, Run], name: str) -> None:
    early = {dict(alert)["alertname"] for alert, times in runs[name].fired.items() if times[0] < BROKEN}
    assert early == {"TelemetryMissing"}


@pytest.mark.parametrize("name", NAMES)
def test_every_alert_resolves(runs: Mapping[str, Run], name: str) -> None:
    still = {dict(alert)["alertname"] for alert, times in runs[name].fired.items() if times[-1] > END - 2}
    assert still == set()


# -- a run -------------------------------------------------------------------------------------------
def _run(name: str, folder: Path) -> Run:
    contract = load(CONTRACTS / f"{name}.yaml")
    watched = Watched(settings(SETTINGS), contract, frozenset())
    (folder / "emitter.py").write_text(emitter(contract))
    with bridge() as sent, _prometheus(folder, watched, sent.port) as url:
        _eventually(lambda: _firing(url, "ALERTS") == len(contract.services))
        begun = time.time()
        _emit(folder / "emitter.py", contract, sent.port)
        fired = _history(url, begun)
    return Run(frozenset(map(_labels, _alerts(watched))), fired)


def _alerts(watched: Watched) -> list[Alert]:
    return [rule for made in rules.of_contract(watched).values() for rule in made if isinstance(rule, Alert)]


def _labels(alert: Alert) -> Fired:
    return tuple(sorted({"alertname": alert.alert, "severity": alert.severity, **alert.marks}.items()))


def _emit(program: Path, contract: Contract, port: int) -> None:
    """Failures first; then no use, since much of what fails is a share of it."""
    of_use = [s.name for s in signals(contract) if s.expect and s.expect.at_least is not None and s.kind == "usage"]
    of_use = [name for name in of_use if not next(s for s in signals(contract) if s.name == name).expect.of]
    broken = [s.name for s in signals(contract) if s.expect and s.name not in of_use] + ["http.server.request.duration"]
    failing = [f"--fail={n}:{BROKEN}-{SILENT}" for n in broken] + [f"--fail={n}:{SILENT}-{MENDED}" for n in of_use]
    pace = ("--interval=1", "--rate=3", f"--speed={HOUR_IN_A_WINDOW}", f"--duration={END}", "--no-traces")
    command = [sys.executable, program, f"--endpoint=http://127.0.0.1:{port}", *pace, *failing]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=END + 60)
    assert done.returncode == 0, done.stderr


@contextmanager
def _prometheus(folder: Path, watched: Watched, port: int) -> Iterator[str]:
    """A Prometheus with the rules of a contract that fetches from the bridge every second; its URL."""
    texts, _ = rules.texts(rules.of_contract(watched), watched)
    files = {f"rules-{name}.yml": text for name, text in texts.items()} | {"prometheus.yml": _configuration(port)}
    served = folder / "served"
    served.mkdir()
    for name, text in files.items():
        (served / name).write_text(text)
    with closing(socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        own = probe.getsockname()[1]
    options = (
        "--config.file=/served/prometheus.yml",
        "--storage.tsdb.path=/data",
        f"--web.listen-address=127.0.0.1:{own}",
    )
    mounts = ("--network=host", f"--volume={served}:/served:ro", "--tmpfs=/data:mode=1777")
    started = ["docker", "run", "--detach", "--rm", *mounts, watching.best("prometheus").reference, *options]
    container = subprocess.run(started, check=True, capture_output=True, text=True).stdout.strip()
    try:
        yield f"http://127.0.0.1:{own}"
    finally:
        subprocess.run(["docker", "rm", "--force", "--volumes", container], check=True, capture_output=True)


def _configuration(port: int) -> str:
    fetched = {"job_name": "bridge", "honor_labels": True, "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}
    every = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    return yaml.safe_dump({"global": every, "rule_files": ["rules-*.yml"], "scrape_configs": [fetched]})


# -- what Prometheus says ----------------------------------------------------------------------------
def _firing(url: str, selector: str) -> int:
    try:
        answer = requests.get(f"{url}/api/v1/query", params={"query": f'{selector}{{alertstate="firing"}}'}, timeout=5)
    except requests.ConnectionError:
        return 0
    return len(answer.json()["data"]["result"]) if answer.ok else 0


def _history(url: str, begun: float) -> dict[Fired, list[float]]:
    """Labels of each alert -> when it fired, since the emitter began; before that as well."""
    asked = {"query": 'ALERTS{alertstate="firing"}', "start": begun - 5, "end": time.time(), "step": 1}
    found: list[dict[str, Any]] = requests.get(f"{url}/api/v1/query_range", params=asked, timeout=30).json()["data"][
        "result"
    ]
    history: dict[Fired, list[float]] = {}
    for series in found:
        kept = {k: v for k, v in series["metric"].items() if k in ("alertname", "severity", "route_group", "service")}
        history.setdefault(tuple(sorted(kept.items())), []).extend(float(at) - begun for at, _ in series["values"])
    return {labels: sorted(times) for labels, times in history.items()}


def _eventually(ask: Any, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not ask():
        assert time.monotonic() < deadline, "Prometheus should say by now that the app is missing"
        time.sleep(0.25)
