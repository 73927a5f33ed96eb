from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from preprod.catalogue import BASE
from preprod.operations.engine import compose_binary
from preprod.render.bundle import Bundle
from preprod.settings import Settings
from unit.given import bundle, settings

OFFICIAL = settings()
PACKAGED = settings(image_source="packages")
PUBLIC = settings(domain="app.example.org", log_level="warning")
EVERY = pytest.mark.parametrize("of", [OFFICIAL, PACKAGED, PUBLIC], ids=["official", "packaged", "public"])


def services(of: Settings, **versions: int) -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load(bundle(of, versions)["compose.yaml"].text)
    return dict(parsed["services"])


def labels(files: Bundle) -> dict[str, str]:
    parsed = yaml.safe_load(files["compose.yaml"].text)["services"]
    return {name: service["labels"]["preprod.boot"] for name, service in parsed.items()}


@EVERY
def test_every_service_is_hardened(of: Settings) -> None:
    for name, service in services(of).items():
        component = BASE["api" if name == "migrate" else name]
        uid, _, gid = service["user"].partition(":")
        assert int(uid) > 0, name
        assert int(gid) > 0, name
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["mem_limit"] == f"{component.memory_mb}m", name
        assert (service["cpus"], service["pids_limit"]) == (component.cpus, component.pids), name
        assert service["logging"] == {"driver": "json-file", "options": {"max-size": "10m", "max-file": "5"}}, name
        assert "privileged" not in service, name
        assert not any("docker.sock" in str(volume) for volume in service["volumes"]), name


@EVERY
def test_only_caddy_publishes_and_no_image_is_pulled_behind_the_catalogues_back(of: Settings) -> None:
    found = services(of)
    assert [name for name, service in found.items() if "ports" in service] == ["caddy"]
    assert {service["pull_policy"] for service in found.values()} == {"never"}
    assert all("env_file" not in service and "build" not in service for service in found.values())


def test_ports_are_on_the_loopback_address_until_there_is_a_domain() -> None:
    assert services(OFFICIAL)["caddy"]["ports"] == ["127.0.0.1:8080:8080"]
    assert services(settings(http_port=9000))["caddy"]["ports"] == ["127.0.0.1:9000:8080"]
    assert services(PUBLIC)["caddy"]["ports"] == ["0.0.0.0:80:8080", "0.0.0.0:443:8443"]


def test_the_database_is_on_a_network_without_a_way_out() -> None:
    parsed = yaml.safe_load(bundle(OFFICIAL)["compose.yaml"].text)
    assert parsed["networks"]["data"] == {"internal": True}
    assert parsed["services"]["postgres"]["networks"] == ["data"]
    assert parsed["services"]["caddy"]["networks"] == ["edge"]


def test_official_and_package_built_images_differ_where_the_catalogue_says() -> None:
    official, packaged = services(OFFICIAL)["caddy"], services(PACKAGED)["caddy"]
    assert official["cap_add"] == ["NET_BIND_SERVICE"]
    assert "cap_add" not in packaged
    assert official["healthcheck"]["test"][1] == "wget"
    assert packaged["healthcheck"]["test"][1] == "bash"
    assert official["image"] == "caddy:2.10.2-alpine"
    assert packaged["image"].startswith("socialize-preprod/caddy:2-")


def test_configuration_and_secrets_are_mounted_as_read_only_directories() -> None:
    for name, service in services(OFFICIAL).items():
        for source, target, *flags in (volume.split(":") for volume in service["volumes"]):
            if source.startswith((".", "/")):
                assert flags == ["ro"], (name, target)
                assert not Path(source).suffix, (name, source)


@pytest.mark.parametrize(
    ("secret", "recreated"),
    [
        ("app_db_password", {"postgres", "api", "worker", "migrate"}),
        ("invite_key", {"api", "worker", "migrate"}),
        ("db_superuser_password", {"postgres"}),
    ],
)
def test_a_new_version_of_a_secret_recreates_its_readers_alone(secret: str, recreated: set[str]) -> None:
    before, after = labels(bundle(OFFICIAL)), labels(bundle(OFFICIAL, {secret: 2}))
    assert {name for name in after if after[name] != before[name]} == recreated


def test_a_changed_boot_file_recreates_its_reader_and_a_reloaded_one_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    from preprod.render import project as module

    before = labels(bundle(OFFICIAL))
    assert (
        bundle(settings(acme_email="a@b.org", domain="a.org"))["caddy/Caddyfile"] != bundle(OFFICIAL)["caddy/Caddyfile"]
    )
    assert labels(bundle(settings(acme_email="a@b.org", domain="a.org"))) == before
    original = module._postgres()
    path = "postgres/init/10-app.sh"
    changed = {path: module.File(original[path].text + "#", 0o755, takes_effect="boot", service="postgres")}
    monkeypatch.setattr(module, "_postgres", lambda: changed)
    after = labels(bundle(OFFICIAL))
    assert {name for name in after if after[name] != before[name]} == {"postgres"}


def test_a_setting_of_the_app_changes_the_app_alone() -> None:
    before, after = services(OFFICIAL), services(settings(session_ttl_hours=1))
    assert {name for name in after if after[name] != before[name]} == {"api", "worker", "migrate"}


@EVERY
def test_the_pinned_compose_accepts_it(of: Settings, tmp_path: Path) -> None:
    done = _compose(bundle(of)["compose.yaml"].text, tmp_path, "config", "-q")
    assert (done.returncode, done.stderr) == (0, "")


def test_compose_sees_what_we_wrote_and_not_an_interpolation(tmp_path: Path) -> None:
    text = bundle(PACKAGED)["compose.yaml"].text
    seen = json.loads(_compose(text, tmp_path, "config", "--format", "json").stdout)["services"]
    for name, service in yaml.safe_load(text)["services"].items():
        if "healthcheck" in service:
            assert seen[name]["healthcheck"]["test"] == service["healthcheck"]["test"], name


def _compose(text: str, directory: Path, *command: str) -> subprocess.CompletedProcess[str]:
    (directory / "compose.yaml").write_text(text)
    environment = {"PATH": os.environ["PATH"], "HOME": str(directory)}
    return subprocess.run(
        [compose_binary(), "-f", "compose.yaml", *command],
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
    )


def test_the_manifest_tells_what_is_deployed() -> None:
    files = bundle(PUBLIC, {"app_db_password": 3}, commit="abc-dirty")
    assert list(files)[-1] == "manifest.json"
    manifest = json.loads(files["manifest.json"].text)
    assert manifest["commit"] == "abc-dirty"
    assert manifest["published"] == ["0.0.0.0:80", "0.0.0.0:443"]
    assert manifest["secrets"]["app_db_password"] == [
        f"/etc/preprod/secrets/{reader}" for reader in ("postgres", "api", "worker")
    ]
    assert set(manifest["files"]) == set(files) - {"manifest.json"}
    script = files["postgres/init/10-app.sh"]
    assert manifest["files"]["postgres/init/10-app.sh"] == f"0755 0 0 sha256:{script.sha256}"
    assert manifest["log_level"] == "warning"
    assert manifest["services"]["caddy"]["capabilities"] == ["NET_BIND_SERVICE"]
