"""The suite that operators run passes on a deployed world, and fails where something is wrong."""

from __future__ import annotations

from package import API, Package


def test_the_suite_passes_over_ssh(clean: Package) -> None:
    done = clean.verify()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "skipped" not in done.stdout


def test_the_suite_fails_where_a_container_is_softened(clean: Package) -> None:
    clean.world.check_output(f"docker update --pids-limit -1 {API}")
    done = clean.verify("-k", "limit")
    clean.world.check_output(f"docker rm -f {API}")
    assert done.returncode == 1, done.stdout
