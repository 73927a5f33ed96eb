from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from preprod.facts import shell
from preprod.paths import BASE, STATE
from unit.given import bundle, settings

CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


def caddyfile(**changes: Any) -> str:
    return bundle(settings(**changes))["caddy/Caddyfile"].text


def directives(block: str) -> list[str]:
    return [line.strip() for line in block.splitlines() if not line.strip().startswith("#")]


def sites(text: str) -> list[str]:
    """Addresses of the site blocks; the first block holds the global options, one in brackets is only imported."""
    return re.findall(r"^([^\s(]+) \{$", text, re.MULTILINE)


def test_without_a_domain_there_is_plain_http_and_no_certificate() -> None:
    text = caddyfile()
    assert sites(text) == ["http://:9080", "http://:8080"]
    assert "Strict-Transport-Security" not in text
    assert "acme" not in text


def test_a_domain_is_the_sites_address_and_turns_on_strict_transport() -> None:
    text = caddyfile(domain="app.example.org")
    assert sites(text) == ["http://:9080", "app.example.org"]
    (security,) = re.findall(r"^\(security\) \{\n(.*?)^\}", text, re.MULTILINE | re.DOTALL)
    assert 'Strict-Transport-Security "max-age=31536000"' in directives(security)
    assert directives(text).count("import security") == 2, "on the app's answers, and on Caddy's own"


def test_the_acme_settings_reach_the_global_options() -> None:
    text = caddyfile(
        domain="app.example.org",
        acme_email="ops@example.org",
        acme_directory="https://ca.example.org/dir",
        acme_root=CERTIFICATE,
    )
    options = text[: text.index("\n}\n")]
    assert "\temail ops@example.org\n" in options
    assert "\tacme_ca https://ca.example.org/dir\n" in options
    assert "\tacme_ca_root /etc/caddy/acme-root.pem\n" in options


def test_the_authoritys_certificate_is_a_file_that_caddy_reads_again() -> None:
    files = bundle(settings(domain="a.example.org", acme_root=CERTIFICATE))
    file = files["caddy/acme-root.pem"]
    assert (file.text, file.takes_effect, file.service) == (CERTIFICATE, "reload", "caddy")
    assert "caddy/acme-root.pem" not in bundle(settings())


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
def test_the_log_level_is_one_that_caddy_knows_and_logs_no_requests(level: str) -> None:
    found = re.search(r"level (\w+)", caddyfile(log_level=level))
    assert found is not None
    assert found[1] in {"INFO", "WARN", "ERROR"}


@pytest.mark.parametrize("changes", [{}, {"domain": "app.example.org"}])
def test_braces_balance_and_the_app_is_behind_it(changes: dict[str, str]) -> None:
    text = caddyfile(**changes)
    assert text.count("{") == text.count("}")
    assert "admin localhost:2019" in text
    (upstreams,) = re.findall(r"^\treverse_proxy \{\n(.*?)^\t\}", text, re.MULTILINE | re.DOTALL)
    assert directives(upstreams)[:3] == ["import /etc/caddy-upstream/*.caddy", "to api:8000", "lb_policy first"]


def test_a_request_waits_longer_than_an_upstream_is_left_out() -> None:
    found = {name: int(seconds) for name, seconds in re.findall(r"(health_\w+|lb_try_duration) (\d+)s", caddyfile())}
    assert 0 < found["health_interval"] + found["health_timeout"] < found["lb_try_duration"]


def test_caddy_sees_the_directory_where_a_rollout_names_its_container() -> None:
    services = yaml.safe_load(bundle(settings())["compose.yaml"].text)["services"]
    assert f".{STATE.removeprefix(BASE)}/upstream:/etc/caddy-upstream:ro" in services["caddy"]["volumes"]
    assert "upstream=$STATE/upstream/$service.caddy" in shell.text("rollout-finish")
    assert '"$STATE"/upstream/*.caddy' in shell.text("compose-look")


SMALL = {"observability": True, "observability_components": ("prometheus", "grafana")}
OWN_NAME = {"domain": "app.example.org", "grafana_domain": "grafana.example.org"}


def test_the_overlay_adds_a_listener_for_prometheus_that_is_not_published() -> None:
    assert "metrics" not in caddyfile()
    text = caddyfile(**SMALL)
    assert "http://:9081" in sites(text)
    assert "\tservers {\n\t\tmetrics\n\t}\n" in text
    services = yaml.safe_load(bundle(settings(**SMALL))["compose.yaml"].text)["services"]
    assert not [port for port in services["caddy"]["ports"] if "9081" in port]


def test_grafana_is_at_a_path_of_the_app_with_its_metrics_closed() -> None:
    text = caddyfile(**SMALL)
    assert "\t@grafana path /grafana /grafana/*\n" in text
    assert "respond /grafana/metrics* 404" in text
    # Grafana serves from the sub-path itself: nothing is taken off.
    assert "strip_prefix" not in text
    assert "handle_path" not in text


def test_grafana_has_a_site_of_its_own_where_it_has_a_name() -> None:
    text = caddyfile(**SMALL, **OWN_NAME)
    assert sites(text)[-2:] == ["app.example.org", "grafana.example.org"]
    assert "@grafana" not in text
    assert "respond /metrics* 404" in text
    assert text.count("reverse_proxy grafana:3000") == 1


@pytest.mark.parametrize(
    "changes", [{}, OWN_NAME, {"observability": True, "observability_components": ("prometheus",)}]
)
def test_without_grafana_there_is_no_way_to_it(changes: dict[str, Any]) -> None:
    assert "grafana:3000" not in caddyfile(**changes)


@pytest.mark.parametrize("changes", [SMALL, SMALL | OWN_NAME])
def test_every_site_has_the_guards(changes: dict[str, Any]) -> None:
    text = caddyfile(**changes)
    public = [site for site in sites(text) if site not in ("http://:9080", "http://:9081")]
    for guard in ("\n\timport security", "max_size 10MB", "error @overlong 413"):
        assert text.count(guard) == len(public), guard
    for header in ("-Server", "X-Frame-Options DENY", "?Referrer-Policy no-referrer"):
        assert text.count(header) == 1, header
    assert text.count("{") == text.count("}")
