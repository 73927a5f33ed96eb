from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any, cast

import pytest

from preprod.deploys import report
from preprod.operations import report as operations
from unit import fakehost
from unit.given import settings, steps


def lines(**changes: Any) -> str:
    of = settings(**changes)
    return "\n".join(report._lines(cast(Any, SimpleNamespace(settings=of, steps=steps(of)))))


def test_it_tells_the_address_the_files_and_where_secrets_lie() -> None:
    text = lines(app_secrets=["smtp_password"])
    assert "http://127.0.0.1:8080/health" in text
    assert "/srv/preprod/manifest.json" in text
    assert (
        "/etc/preprod/secrets/<service>/<name>: db_superuser_password, app_db_password, invite_key, "
        "postgres_exporter_password, smtp_password" in text
    )
    assert "not collected: metrics and traces (no otlp_endpoint is set)" in text


def test_a_domain_is_the_address() -> None:
    assert "https://app.example.org/health" in lines(domain="app.example.org")


def test_the_overlay_tells_what_it_is_and_what_it_leaves_out() -> None:
    text = lines(observability=True, observability_components=["prometheus", "grafana"], observability_ports=True)
    assert "watched by prometheus, grafana" in text
    assert "not collected: logs, which stay with their containers; traces; notifications; " in text
    assert "grafana    http://127.0.0.1:8080/grafana/" in text
    assert "prometheus http://127.0.0.1:9090 (on the host alone)" in text
    assert "not collected" not in lines(observability=True)


def test_it_tells_who_gets_alerts() -> None:
    assert "alerts     only shown (no alert_receivers is set)" in lines(observability=True)
    two = {"chat": {"kind": "slack"}, "hook": {"kind": "webhook"}}
    assert "alerts     chat, hook" in lines(observability=True, alert_receivers=two)
    assert "alerts  " not in lines(observability=True, observability_components=["prometheus"], alert_receivers={})


CONTAINERS = """\
have postgres h running 0 healthy 0 i id1 2026-11-20T10:00:00Z /socialize-postgres-1
have caddy h running 0 none 0 i id2 2026-11-20T10:00:00Z /socialize-caddy-1
have migrate h exited 0 none 0 i id3 2026-11-20T10:00:00Z /socialize-migrate-1
have api h exited 3 none 0 i id4 2026-11-20T10:00:00Z /socialize-api-1
"""


def said(caplog: pytest.LogCaptureFixture, dry: bool) -> tuple[fakehost.Run, list[str]]:
    with caplog.at_level(logging.INFO, "pyinfra"):
        done = fakehost.run(
            operations.shown, {"compose-wait": CONTAINERS}, dry=dry, project="socialize", lines=["app  here"]
        )
    return done, [" ".join(record.getMessage().split()[1:]) for record in caplog.records]


def test_each_service_is_shown_as_it_is_and_nothing_counts_as_a_change(caplog: pytest.LogCaptureFixture) -> None:
    done, shown = said(caplog, dry=False)
    assert not done.changes
    wanted = ["api exited", "caddy running", "migrate done", "postgres healthy", "app here"]
    assert [line for line in shown if line in wanted] == wanted


def test_a_dry_run_asks_the_host_nothing(caplog: pytest.LogCaptureFixture) -> None:
    done, shown = said(caplog, dry=True)
    assert (done.changes, done.commands) == (False, [])
    assert "app here" not in shown
