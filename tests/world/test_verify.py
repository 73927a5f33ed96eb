"""The suite that operators run passes on a deployed world, and fails where something is wrong."""

from __future__ import annotations

from package import Package


def test_the_suite_passes_over_ssh(clean: Package) -> None:
    done = clean.verify()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "skipped" not in done.stdout


def test_the_suite_fails_where_a_container_is_softened(clean: Package) -> None:
    clean.world.check_output("docker update --pids-limit -1 socialize-api-1")
    done = clean.verify("-k", "limit")
    clean.world.check_output("docker rm -f socialize-api-1")
    assert done.returncode == 1, done.stdout
