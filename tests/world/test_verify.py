"""The suite that operators run passes on a deployed world, and fails where something is wrong."""

from __future__ import annotations

import re

from package import API, ON_ONE, ROOT, Package

MANUAL = ROOT / "docs" / "operations.md"
COUNT = """docker exec socialize-postgres-1 psql -U postgres -d socialize -Atc "select count(*) from users where {}" """


def test_the_suite_passes_over_ssh(clean: Package) -> None:
    done = clean.verify()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "skipped" not in done.stdout


@ON_ONE
def test_its_users_go_by_the_command_in_the_manual_and_others_stay(clean: Package) -> None:
    def count(condition: str) -> int:
        return int(clean.world.check_output(COUNT.format(condition)))

    assert clean.verify("-k", "content_item").returncode == 0
    others = count("email !~ '^verify-'")
    assert count("email ~ '^verify-'") > 0
    blocks = re.findall(r"^```sh\nhost# (.*?)^```$", MANUAL.read_text(), re.MULTILINE | re.DOTALL)
    (command,) = (block for block in blocks if "verify-" in block)
    clean.world.check_output(command)
    assert (count("email ~ '^verify-'"), count("email !~ '^verify-'")) == (0, others)


@ON_ONE
def test_the_suite_fails_where_a_container_is_softened(clean: Package) -> None:
    clean.world.check_output(f"docker update --pids-limit -1 {API}")
    done = clean.verify("-k", "limit")
    clean.world.check_output(f"docker rm -f {API}")
    assert done.returncode == 1, done.stdout


@ON_ONE
def test_the_suite_names_the_secret_that_lies_elsewhere_and_where(clean: Package) -> None:
    place = "/srv/preprod/left-behind"
    clean.world.check_output(f"base64 -w 0 /etc/preprod/secrets/api/invite_key > {place}")
    done = clean.verify("-k", "nowhere_else")
    clean.world.check_output(f"rm {place}")
    failed = re.findall(r"^FAILED \S+\[(?:.*/)?(\w+)\]", done.stdout, re.MULTILINE)
    assert failed == ["invite_key"], done.stdout
    assert f"file {place}" in done.stdout, done.stdout


@ON_ONE
def test_with_the_app_down_it_is_asked_once(clean: Package) -> None:
    clean.world.check_output(f"docker stop {API}")
    done = clean.verify("-k", "test_endpoints or test_workflow")
    assert done.returncode == 1, done.stdout
    assert "serves nothing: 50" in done.stdout, done.stdout
    assert " passed" not in done.stdout, done.stdout
    seconds = float(re.findall(r" in (\d+\.\d+)s", done.stdout)[-1])
    assert seconds < 40, "Caddy lets a request wait for 15 s: one waits, the others need not"
