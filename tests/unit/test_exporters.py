"""The exporters: what each may see, and where its password comes from."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from preprod import secrets
from preprod.observability import USUAL
from preprod.settings import SettingsError, load
from unit.given import bundle, settings

REDIS = {"observability_components": [*USUAL, "redis-exporter"], "redis_address": "redis://cache:6379"}
MONGODB = {"observability_components": [*USUAL, "mongodb-exporter"], "mongodb_address": "mongodb://documents:27017"}


def service(name: str, **changes: Any) -> dict[str, Any]:
    text = bundle(settings(observability=True, **changes))["compose.observability.yaml"].text
    parsed: dict[str, Any] = yaml.safe_load(text)["services"][name]
    return parsed


def readers(**changes: Any) -> dict[str, tuple[str, ...]]:
    return {secret.name: secret.readers for secret in secrets.wanted(settings(**changes))}


def test_the_host_is_looked_at_without_being_its_network_or_its_processes() -> None:
    node = service("node-exporter")
    assert node["volumes"] == ["/:/host:ro"]
    assert not {"network_mode", "pid", "privileged", "cap_add"} & node.keys()
    assert "--collector.disable-defaults" in node["command"]
    assert not [flag for flag in node["command"] if "netdev" in flag]


def test_postgres_is_measured_by_a_role_of_its_own_whose_password_is_in_a_file() -> None:
    exporter = service("postgres-exporter")
    assert exporter["environment"]["DATA_SOURCE_PASS_FILE"] == "/run/secrets/postgres_exporter_password"
    assert exporter["volumes"] == ["/etc/preprod/secrets/postgres-exporter:/run/secrets:ro"]
    # Three tries at a name that nobody has, and a second between them, fit into a scrape.
    assert exporter["dns_opt"] == ["timeout:1", "attempts:1"]
    script = bundle(settings())["postgres/init/20-monitoring.sh"].text
    assert f"CREATE ROLE {exporter['environment']['DATA_SOURCE_USER']}'" in script
    assert script.count("GRANT ") == 2
    assert "GRANT pg_monitor" in script


def test_postgres_is_not_recreated_when_the_overlay_comes_or_goes() -> None:
    def label(**changes: Any) -> str:
        compose = yaml.safe_load(bundle(settings(**changes))["compose.yaml"].text)
        return str(compose["services"]["postgres"]["labels"]["preprod.boot"])

    assert label() == label(observability=True)
    assert readers()["postgres_exporter_password"] == ("postgres",)
    assert readers(observability=True)["postgres_exporter_password"] == ("postgres", "postgres-exporter")


def test_what_is_probed_by_tcp_can_be_reached() -> None:
    assert set(service("blackbox-exporter")["networks"]) == {"observability", "edge", "data"}


def test_a_private_authority_vouches_for_the_probed_certificate() -> None:
    root = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    private = {"domain": "app.example.org", "acme_directory": "https://ca.example.org/dir", "acme_root": root}
    files = bundle(settings(observability=True, **private))
    modules = yaml.safe_load(files["blackbox-exporter/blackbox.yml"].text)["modules"]
    assert modules["http"]["http"]["tls_config"] == {"ca_file": "/etc/blackbox-exporter/acme-root.pem"}
    assert files["blackbox-exporter/acme-root.pem"].text == root
    assert "tls_config" not in bundle(settings(observability=True))["blackbox-exporter/blackbox.yml"].text


def test_the_password_of_redis_stands_in_no_configuration() -> None:
    exporter = service("redis-exporter", **REDIS, redis_user="watcher")
    assert "REDIS_PASSWORD" not in exporter["environment"]
    assert "$$(cat /run/secrets/redis_password)" in exporter["entrypoint"][2]
    assert readers(observability=True, **REDIS, redis_user="watcher")["redis_password"] == ("redis-exporter",)
    without = service("redis-exporter", **REDIS)
    assert not {"entrypoint", "volumes"} & without.keys()
    assert "redis_password" not in readers(observability=True, **REDIS)


def test_mongodb_is_asked_at_its_address() -> None:
    assert service("mongodb-exporter", **MONGODB)["environment"]["MONGODB_URI"] == "mongodb://documents:27017"


def test_a_password_for_remote_write_is_asked_for_with_a_user_alone() -> None:
    where = {"observability": True, "remote_write_url": "https://metrics.example.org/push"}
    assert "remote_write_password" not in readers(**where)
    assert readers(**where, remote_write_user="preprod")["remote_write_password"] == ("prometheus",)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"redis_address": "redis://cache:6379"}, "redis-exporter and redis_address go together: "),
        ({"observability_components": [*USUAL, "mongodb-exporter"]}, "mongodb-exporter and mongodb_address go toget"),
        ({"redis_user": "watcher"}, "redis_user without redis_address has no effect: "),
        ({**MONGODB, "mongodb_address": "mongodb://me:secret@documents"}, "setting 'mongodb_address' is "),
    ],
)
def test_a_watched_database_without_an_address_is_refused(data: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load(data)
    assert str(refused.value).startswith(sentence)
