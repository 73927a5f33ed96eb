"""Alloy's configuration: which pipelines there are, how long they wait for a store, what a line is known by."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import re2
import yaml

from preprod.contract import load
from preprod.observability import USUAL
from preprod.render.observability import View, alloy, windows
from preprod.render.templates import ROOT
from unit.given import bundle, chosen, settings

OTLP = 'otelcol.receiver.otlp "app"'
LINES = 'loki.source.file "containers"'
EXPORTERS = re.compile(r'^otelcol\.exporter\.\w+ "(\w+)"', re.MULTILINE)


def configuration(**changes: Any) -> str:
    of = settings(observability=True, **changes)
    view = View(of, chosen(of), load(ROOT / of.telemetry_contract))
    return alloy.files(view)["alloy/config.alloy"].text


def without(*names: str) -> tuple[str, ...]:
    return tuple(name for name in USUAL if name not in names)


def exporters(text: str) -> list[str]:
    return EXPORTERS.findall(text)


def block(text: str, head: str) -> str:
    """A top-level block of the configuration."""
    start = text.index(f"\n{head} {{\n")
    return text[start : text.index("\n}\n", start)]


def test_every_signal_has_its_way() -> None:
    text = configuration()
    assert exporters(text) == ["prometheus", "tempo", "loki"]
    assert text.count(OTLP) == text.count(LINES) == 1


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"metrics_transport": "scrape"}, ["tempo", "loki"]),
        ({"observability_components": without("tempo")}, ["prometheus", "loki"]),
        ({"observability_components": without("loki")}, ["prometheus", "tempo"]),
        ({"metrics_transport": "scrape", "observability_components": without("tempo")}, ["loki"]),
        ({"metrics_transport": "scrape", "observability_components": without("tempo", "loki")}, []),
    ],
)
def test_what_has_no_store_is_not_taken(changes: dict[str, Any], expected: list[str]) -> None:
    text = configuration(**changes)
    assert exporters(text) == expected
    assert (OTLP in text) == bool({"prometheus", "tempo"} & set(expected))
    assert (LINES in text) == ("loki" in expected)
    assert ("storage.file" in text) == bool(expected)
    for signal, store in (("metrics", "prometheus"), ("traces", "tempo")):
        assert (f"{signal} " in block(text, OTLP) if OTLP in text else False) == (store in expected)


def test_a_prometheus_without_the_otlp_receiver_is_sent_nothing() -> None:
    # Debian's: the app is scraped then, whatever the transport.
    of = settings(observability=True)
    images = chosen(of)
    images["prometheus"] = images["prometheus"].model_copy(update={"flavour": "packaged"})
    text = alloy.files(View(of, images, load(ROOT / of.telemetry_contract)))["alloy/config.alloy"].text
    assert exporters(text) == ["tempo", "loki"]


@pytest.mark.parametrize(("tolerance", "interval", "exports"), [(600, 5, 240), (43200, 300, 146), (3600, 30, 140)])
def test_queues_are_as_long_as_the_outage_and_never_give_up(tolerance: int, interval: int, exports: int) -> None:
    text = configuration(telemetry_outage_tolerance=tolerance, scrape_interval=interval)
    sizes = [int(size) for size in re.findall(r"queue_size\s+= (\d+)", text)]
    late = tolerance + windows.MARGIN
    assert sizes == [
        exports * windows.METRIC_BYTES_PER_EXPORT,
        late * windows.TRACE_BYTES_PER_SECOND,
        late * windows.LINE_BYTES_PER_SECOND,
    ]
    assert text.count('max_elapsed_time = "0s"') == text.count("otelcol.storage.file.queue.handler") == 3
    assert text.count('sizer      = "bytes"') == 3


def test_only_lines_wait_where_they_came_from() -> None:
    # Docker's files hold them still; an app that waits for its telemetry would stand still.
    text = configuration()
    waiting = [name for name in ("prometheus", "tempo", "loki") if "block_on_overflow" in block(text, exporter(name))]
    assert waiting == ["loki"]


def exporter(store: str) -> str:
    return f'otelcol.exporter.{"otlp" if store == "tempo" else "otlphttp"} "{store}"'


def test_memory_is_bounded_below_the_limit_of_the_container() -> None:
    [limit] = re.findall(r'limit\s+= "(\d+)MiB"', configuration())
    assert int(limit) < chosen(settings(observability=True))["alloy"].component.memory_mb * 0.9


def test_services_of_the_app_have_the_names_of_the_contract() -> None:
    rules = re.findall(r'regex\s+= "socialize;(\w+)"\n.*\n\t\treplacement\s+= "([\w-]+)"', configuration())
    assert rules == [("api", "socialize-api"), ("worker", "socialize-worker")]


def test_lines_are_read_from_where_the_engine_writes_them() -> None:
    service = overlay()["services"]["alloy"]
    [mount] = [volume for volume in service["volumes"] if "/containers" in volume]
    assert mount == "/var/lib/docker/containers:/var/lib/docker/containers:ro"
    assert 'replacement   = "/var/lib/docker/containers/$1/$1-json.log"' in configuration()


def test_it_runs_without_a_capability_and_keeps_its_queue_on_the_volume() -> None:
    service = overlay()["services"]["alloy"]
    assert (service["user"], service["cap_drop"], "cap_add" in service) == ("0:0", ["ALL"], False)
    assert "alloy-data:/data" in service["volumes"]
    assert "--storage.path=/data" in service["command"]
    assert 'directory = "/data/queue"' in configuration()


def test_it_calls_nobody_and_publishes_nothing() -> None:
    service = overlay()["services"]["alloy"]
    assert {"--disable-reporting", "--server.http.disable-support-bundle", "--server.http.enable-pprof=false"} <= set(
        service["command"]
    )
    assert "ports" not in service


def test_without_loki_it_sees_no_file_of_the_engine() -> None:
    parts = without("loki")
    assert not [v for v in overlay(observability_components=parts)["services"]["alloy"]["volumes"] if "docker" in v]


def overlay(**changes: Any) -> dict[str, Any]:
    files = bundle(settings(observability=True, **changes))
    parsed: dict[str, Any] = yaml.safe_load(files["compose.observability.yaml"].text)
    return parsed


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('ts=2026-11-21T08:00:00Z level=warn msg="slow"', "warn"),
        ('logger=context level="ERROR" msg=x', "ERROR"),
        ("2026-11-21 08:00:00.000 UTC [42] FATAL:  password authentication failed", "FATAL"),
        ("2026-11-21 08:00:00.000 UTC [42] LOG:  checkpoint starting: time", "LOG"),
        ("INFO:     Started server process [1]", "INFO"),
        ("warning: unused", "warning"),
        ("information is not a level, and errors=0 neither", None),
        ("listening on port 80", None),
    ],
)
def test_the_level_of_a_line_that_is_no_json(line: str, said: str | None) -> None:
    [pattern] = re.findall(r"stage\.regex \{\n\t\texpression = `(.*)`", configuration())
    match = re2.search(pattern, line)
    assert (match.group("said") if match else None) == said


def test_every_level_has_a_place_and_all_else_is_unknown() -> None:
    [template] = re.findall(r'source   = "level"\n\t\ttemplate = `(.*)`', configuration())
    branches = re.findall(r"\{\{ (?:else )?if eq \$said ([^}]*)\}\}(\w+)", template)
    assert {level: tuple(re.findall(r'"(\w+)"', words)) for words, level in branches} == alloy.LEVELS
    assert template.endswith("{{ else }}unknown{{ end }}")


def test_the_reload_script_is_sound_shell() -> None:
    script = ROOT / "templates/alloy/reload.sh"
    shellcheck = Path(sys.executable).with_name("shellcheck")
    done = subprocess.run([shellcheck, script], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")
