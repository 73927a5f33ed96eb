"""A dry run on a bare machine is right, and touches nothing."""

from __future__ import annotations

from deployments import DryRun
from harness import differences


def test_a_dry_run_succeeds_where_docker_and_the_directories_do_not_exist(blank: DryRun) -> None:
    assert blank.run.code == 0, blank.run.stderr


def test_it_shows_every_file_that_would_be_written(blank: DryRun) -> None:
    for path in (
        "/etc/docker/daemon.json",
        "/usr/local/lib/docker/cli-plugins/docker-compose",
        "/etc/preprod/secrets/postgres/db_superuser_password",
        "/etc/preprod/secrets/api/app_db_password",
        "/srv/preprod/caddy/Caddyfile",
        "/srv/preprod/postgres/init/10-app.sh",
        "/srv/preprod/compose.yaml",
        "/srv/preprod/manifest.json",
    ):
        assert path in blank.run.stderr, f"{path} is missing in:\n{blank.run.stderr}"
    assert "+services:" in blank.run.stderr.replace(" ", ""), "the new compose.yaml is not shown"


def test_it_predicts_every_operation_of_the_first_deploy(blank: DryRun) -> None:
    assert blank.run.predicted == {
        "Engine | installed and running",
        "Engine | daemon.json",
        "Engine | Compose plugin",
        "Images | load",
        "App | secrets",
        "App | volumes",
        "App | files",
        "App | services",
        "Images | prune",
    }


def test_it_changes_nothing(blank: DryRun) -> None:
    """Left out are only the paths of ``harness.VOLATILE``: the journal, and the records of SSH log-ins."""
    assert differences(blank.before, blank.after) == {}
