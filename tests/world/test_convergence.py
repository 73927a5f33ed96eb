"""Whatever happened to a host: one run mends it, and the next finds nothing to do."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from deployments import KILLED_AT, DryRun
from package import API, ON_ONE, Package, Run

from preprod.catalogue import BASE
from preprod.images import OWN_PREFIX

FILES, SERVICES = "App | files", "App | services"

EARLIER_RELEASES = f"""
image=$(docker inspect -f '{{{{.Config.Image}}}}' {API})
for n in 1 2 3; do printf "FROM $image\\nLABEL release=$n\\n" | docker build -q -t {OWN_PREFIX}/app:0-$n -; done
"""


@dataclass(frozen=True)
class Mishap:
    """Something that happens to a host, and the operations that mend it."""

    name: str
    command: str
    mended_by: frozenset[str]


OF_FILES = [
    Mishap("a file that is reloaded was edited", "echo '# mine' >> /srv/preprod/caddy/Caddyfile", {FILES, SERVICES}),
    Mishap(
        "a file that is read at start was edited",
        "echo '# mine' >> /srv/preprod/postgres/init/10-app.sh",
        {FILES, SERVICES},
    ),
    Mishap("compose.yaml was edited", "sed -i s/socialize/other/ /srv/preprod/compose.yaml", {FILES}),
    Mishap("a file was removed", "rm /srv/preprod/compose.yaml", {FILES}),
    Mishap("a file's mode was changed", "chmod 0600 /srv/preprod/manifest.json", {FILES}),
    Mishap("a directory stands in a file's place", "cd /srv/preprod; rm compose.yaml; mkdir compose.yaml", {FILES}),
    Mishap("a secret can be read by others", "chmod 0444 /etc/preprod/secrets/api/app_db_password", {"App | secrets"}),
    Mishap("a copy of a secret is gone", "rm /etc/preprod/secrets/api/app_db_password", {"App | secrets"}),
    Mishap("a secret is left over", "echo x > /etc/preprod/secrets/api/earlier_password", {"App | old secrets"}),
    Mishap("Compose was removed", "rm /usr/local/lib/docker/cli-plugins/docker-compose", {"Engine | Compose plugin"}),
]

OF_THE_ENGINE = [
    Mishap("the api was stopped", f"docker stop {API}", {SERVICES}),
    Mishap("the database was killed", "docker kill socialize-postgres-1", {SERVICES}),
    Mishap("caddy was removed", "docker rm -f socialize-caddy-1", {SERVICES}),
    Mishap(
        "a volume's owner was changed",
        "chown 0:0 $(docker volume inspect -f '{{.Mountpoint}}' socialize_postgres-data)",
        {"App | volumes"},
    ),
    Mishap("images of earlier releases are left over", EARLIER_RELEASES, {"Images | prune"}),
    Mishap("the engine was stopped", "systemctl stop docker.socket docker", {"Engine | installed and running"}),
]


def test_a_first_deploy_killed_three_times_is_completed_by_the_next_run(first_deploy: Run, package: Package) -> None:
    assert len(KILLED_AT) == 3
    assert first_deploy.code == 0, first_deploy.stderr
    assert package.deploy().changed == {}


def test_what_a_dry_run_predicts_on_a_bare_host_is_what_the_deploys_then_do(blank: DryRun, first_deploy: Run) -> None:
    """The killed runs did some of it; the run that ended did the rest and nothing else."""
    assert set(first_deploy.changed) <= blank.run.predicted
    assert {"App | services"} <= set(first_deploy.changed)


def names(mishap: Mishap) -> str:
    return mishap.name


def mended_by_one_run(package: Package, mishap: Mishap) -> None:
    assert package.world.run(mishap.command).succeeded
    predicted = package.dry_run().predicted
    mended = package.deploy()
    assert mended.code == 0, mended.stderr
    assert set(mended.changed) >= mishap.mended_by, mended.stderr
    assert predicted >= mishap.mended_by
    assert package.deploy().changed == {}


@ON_ONE
@pytest.mark.parametrize("mishap", OF_FILES, ids=names)
def test_a_run_mends_files_and_the_next_changes_nothing(clean: Package, mishap: Mishap) -> None:
    mended_by_one_run(clean, mishap)


@pytest.mark.parametrize("mishap", OF_THE_ENGINE, ids=names)
def test_a_run_mends_it_and_the_next_changes_nothing(clean: Package, mishap: Mishap) -> None:
    mended_by_one_run(clean, mishap)


@pytest.mark.parametrize(
    ("setting", "operations"),
    [
        ({"session_ttl_hours": 24, "http_port": 8181}, {FILES, SERVICES}),
        ({"docker_daemon": {"log-level": "warn"}}, {"Engine | daemon.json"}),
    ],
    ids=["services", "engine"],
)
def test_a_setting_changed_and_changed_back(clean: Package, setting: dict[str, object], operations: set[str]) -> None:
    for data in (setting, {} if "docker_daemon" not in setting else {"docker_daemon": {"log-level": "info"}}):
        assert clean.dry_run(**data).predicted == operations
        assert set(clean.deploy(**data).changed) == operations
        assert clean.deploy(**data).changed == {}


@ON_ONE
def test_an_edited_caddyfile_is_reloaded_without_a_new_container(clean: Package) -> None:
    look = "docker inspect -f '{{.Id}} {{.State.StartedAt}}' socialize-caddy-1"
    before = clean.world.check_output(look)
    clean.world.check_output("echo '# mine' >> /srv/preprod/caddy/Caddyfile")
    assert "reload" in clean.deploy().stderr
    assert clean.world.check_output(look) == before


@ON_ONE
def test_keys_that_the_operator_added_to_daemon_json_stay_and_cost_no_restart(clean: Package) -> None:
    started = clean.world.check_output("systemctl show -p ActiveEnterTimestampMonotonic docker")
    clean.world.check_output("""sed -i 's/^{/{ "max-concurrent-downloads": 2,/' /etc/docker/daemon.json""")
    assert clean.deploy().changed == {}
    assert "max-concurrent-downloads" in clean.world.check_output("cat /etc/docker/daemon.json")
    assert clean.world.check_output("systemctl show -p ActiveEnterTimestampMonotonic docker") == started


@ON_ONE
def test_a_rotated_secret_reaches_its_readers(clean: Package) -> None:
    read = "cat /etc/preprod/secrets/api/app_db_password"
    before = clean.world.check_output(read)
    rotated = clean.deploy(secret_generation={"app_db_password": 2})
    assert {"App | secrets", SERVICES} <= set(rotated.changed), rotated.stderr
    after = clean.world.check_output(read)
    assert after != before
    assert clean.world.check_output("cat /etc/preprod/secrets/postgres/app_db_password") == after
    assert clean.deploy(secret_generation={"app_db_password": 2}).changed == {}
    assert clean.deploy().changed == {}, "a generation that is no longer named must not rotate back"


def test_a_reboot_brings_everything_back(clean: Package) -> None:
    clean.world.reboot()
    healthy = f"[ $(docker ps --filter health=healthy -q | wc -l) -eq {len(BASE)} ]"
    waited = clean.world.run(f"timeout 120 sh -c 'until {healthy}; do sleep 1; done'")
    assert waited.succeeded, clean.world.run("docker ps -a").stdout
    assert clean.deploy().changed == {}
