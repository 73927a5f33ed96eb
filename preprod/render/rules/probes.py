"""Probes: what a user of the app would see, and the certificate that is shown to them."""

from __future__ import annotations

from collections.abc import Iterator

from preprod.render.rules.promql import series
from preprod.render.rules.rule import Alert, Severity, Watched, number
from preprod.render.rules.simple import Maker

_JOBS = 'job=~"probe-http|probe-tcp"'
_DAY = 86400.0


def rules(watched: Watched) -> list[Alert]:
    """Nothing without blackbox-exporter; certificates only where there is one."""
    if "blackbox-exporter" not in watched.components:
        return []
    make = Maker(watched.clock, "probes", "api")
    made = list(_probes(watched, make))
    return [*made, *_certificates(watched, make)] if watched.settings.domain else made


def _one(metric: str) -> str:
    return series(metric, {"job": "probe-http", "probe": "app"})


def _probes(watched: Watched, make: Maker) -> Iterator[Alert]:
    success, took = _one("probe_success"), _one("probe_duration_seconds")
    yield make.level(
        "ProbeFailed",
        f"probe_success{{{_JOBS}}} == 0",
        (
            "{{ $labels.probe }} cannot be reached",
            "{{ $labels.instance }} does not answer as it should: what a user sees is that the app is down.",
        ),
        {success: 0},
        {success: 1},
        hold=120,
        severity="critical",
    )
    longest = watched.settings.alert_thresholds.probe_seconds
    yield make.level(
        "ProbeSlow",
        f"probe_duration_seconds{{{_JOBS}}} > {number(longest)}",
        (
            "{{ $labels.probe }} answers in {{ $value | humanizeDuration }}",
            f"More than {number(longest)} s for the simplest of all requests.",
        ),
        {took: longest + 0.1},
        {took: longest},
        hold=600,
    )


def _certificates(watched: Watched, make: Maker) -> Iterator[Alert]:
    limits, ends = watched.settings.alert_thresholds, _one("probe_ssl_earliest_cert_expiry")
    kinds: tuple[tuple[str, Severity, float], ...] = (
        ("CertificateExpiring", "warning", limits.certificate_days),
        ("CertificateNearlyExpired", "critical", limits.certificate_last_days),
    )
    for name, severity, days in kinds:
        yield make.level(
            name,
            f'probe_ssl_earliest_cert_expiry{{job="probe-http"}} - time() < {number(days * _DAY)}',
            (
                "The certificate of {{ $labels.probe }} ends in {{ $value | humanizeDuration }}",
                "It should have been renewed by now: Caddy does so a month before the end.",
            ),
            {ends: days * _DAY - 60},
            # An hour is left of what it should have, at the end of the test.
            {ends: days * _DAY + 14400},
            hold=3600,
            severity=severity,
        )
