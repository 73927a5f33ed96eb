"""What the runbooks have typed exists: services, programs in their containers, files, settings, metrics."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from functools import cache

import pytest

from preprod.catalogue import CATALOGUE
from preprod.observability import Retention
from preprod.paths import BASE, PROJECT
from preprod.render import runbooks_page
from preprod.render.compose import ONE_SHOT
from preprod.render.observability import rules as recorded
from preprod.render.observability.view import View
from preprod.render.rules import Recording
from preprod.render.runbooks import commands
from preprod.render.runbooks.commands import COMPOSE
from preprod.thresholds import Thresholds
from unit.given import bundle, chosen, settings
from unit.markdown import blocks
from unit.test_alerts import NAMES, STRING, emitted, made

PAGES = {path.stem: path.read_text() for path in sorted(runbooks_page.FOLDER.glob("*.md"))}
VERBS = {"ps", "logs", "exec", "start", "stop", "restart", "top"}
INSIDE = {
    "postgres": {"psql", "pg_isready"},
    "prometheus": {"promtool", "sh"},
    "alertmanager": {"amtool"},
    "caddy": {"caddy"},
    "alloy": {"/bin/alloy"},
    "api": {"socialize"},
    "worker": {"socialize"},
}
"""Service -> programs that both of its images have."""

ALSO = {
    "ALERTS",
    "alertmanager_notifications_total",
    "probe_http_duration_seconds",
    "prometheus_rule_group_interval_seconds",
    "prometheus_rule_group_last_duration_seconds",
    "scrape_samples_scraped",
    "target_info",
}
"""Metrics that runbooks ask for and no rule does."""


def shell(page: str) -> list[str]:
    return [line for block in blocks(PAGES[page], "sh") for line in block.splitlines()]


def typed(page: str) -> Iterator[list[str]]:
    """Words of what is given to Compose, up to the end of the command."""
    for line in shell(page):
        if COMPOSE in line:
            for part in line.split(COMPOSE)[1:]:
                end = re.search(r"\)(?=[\s\")]|$)", part) if f"$({COMPOSE}" in line else None
                words = shlex.split(part[: end.start()] if end else part)
                yield words[: next((at for at, word in enumerate(words) if word in ("|", "&&", "||", ";")), None)]


def queries(page: str) -> list[str]:
    return [words[7] for words in typed(page) if words[2:6] == ["prometheus", "promtool", "query", "instant"]]


@pytest.mark.parametrize("page", PAGES)
def test_a_service_is_one_of_the_compose_file_and_has_the_program(page: str) -> None:
    for verb, *words in typed(page):
        assert verb in VERBS
        named = [word for word in words if not word.startswith("-") and not re.fullmatch(r"\d+[mh]", word)]
        if verb == "exec":
            assert words[0] == "-T"
            assert named[1] in INSIDE[named[0]]
        else:
            assert set(named) <= {*CATALOGUE, *ONE_SHOT}


@pytest.mark.parametrize("page", PAGES)
def test_a_shell_can_read_every_command(page: str) -> None:
    done = subprocess.run(["bash", "-n"], input="\n".join(shell(page)), capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@cache
def deployed() -> frozenset[str]:
    return frozenset(f"{BASE}/{path}" for path in bundle(settings(observability=True)))


@pytest.mark.parametrize("page", PAGES)
def test_files_are_where_the_deploy_puts_them(page: str) -> None:
    kept = deployed()
    folders = {path.rsplit("/", 1)[0] for path in kept} | {BASE}
    found = {path.rstrip("/") for path in re.findall(rf"{BASE}[\w./-]*", PAGES[page])}
    assert found <= kept | folders
    mounted = re.findall(r"/etc/(?:prometheus|alertmanager|caddy|alloy)/[\w-]+[.]\w+", PAGES[page])
    assert {path.replace("/etc", BASE) for path in mounted} <= kept


@pytest.mark.parametrize("page", PAGES)
def test_volumes_and_containers_are_the_projects(page: str) -> None:
    volumes = {image.data_volume for one in CATALOGUE.values() for image in (one.official,) if image.data_volume}
    assert set(re.findall(rf"{PROJECT}_([\w-]+-data)\b", PAGES[page])) <= volumes
    # Which number a container has, changes with each release.
    assert re.findall(rf"{PROJECT}-[a-z-]+-\d\b", PAGES[page]) == []


@pytest.mark.parametrize("page", PAGES)
def test_parts_of_settings_exist(page: str) -> None:
    for whole, model in (("alert_thresholds", Thresholds), ("retention", Retention)):
        assert set(re.findall(rf"`{whole}\.(\w+)`", PAGES[page])) <= model.model_fields.keys()


# -- questions to Prometheus -------------------------------------------------------------------------
WORDS = {"and", "or", "unless", "on", "by", "bool", "offset"}


def metrics(query: str) -> set[str]:
    """Names that are neither labels, functions nor words of the language."""
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\b(?:by|on|without) ?\([^)]*\)|offset \w+", "", STRING.sub("", query))
    return set(re.findall(r"[a-zA-Z_:][\w:]*(?![\w:]| *\()", bare)) - WORDS


def known() -> set[str]:
    of = settings(observability=True)
    pipelines = recorded.pipeline(View(of, chosen(of), runbooks_page.whole("socialize").contract))
    found = {metric for name in NAMES for every in emitted(name).values() for metric in every}
    found |= {rule.record for name in NAMES for rule in made(name) if isinstance(rule, Recording)}
    return found | {rule.record for rule in pipelines} | ALSO


def test_every_metric_that_is_asked_for_is_emitted() -> None:
    asked = {metric: page for page in PAGES for query in queries(page) for metric in metrics(query)}
    emitted_or_recorded = known()
    assert {metric: page for metric, page in asked.items() if metric not in emitted_or_recorded} == {}
    assert set(asked) >= ALSO
    assert len(asked) > 60


def test_names_are_told_from_words_of_the_language() -> None:
    query = 'topk(5, sum by (a, le) (rate(b_total{c="d",e=~"f"}[15m] offset 1d)) / (g:h:i > 0)) and on (j) up == 0'
    assert metrics(query) == {"b_total", "g:h:i", "up"}


def test_a_command_for_a_service_that_is_none_is_refused() -> None:
    with pytest.raises(LookupError, match="the service 'redis'"):
        commands.logs("redis")
    with pytest.raises(ValueError, match="single quote"):
        commands.query("up{job='api'}")
