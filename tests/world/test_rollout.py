"""Under constant load nothing that a deploy does to the app loses a request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from harness import wait_for
from load import Load, reached
from package import ON_ONE, Package

BROKEN = r"""
cd $(mktemp -d)
cat > socialize <<'EOF'
#!/bin/sh
case $1 in
  migrate) exit 0 ;;
  serve) echo "cannot find my config"; exec sleep 1000 ;;
  healthcheck) echo "503 broken on purpose"; exit 1 ;;
esac
EOF
chmod 755 socialize
cat > Dockerfile <<EOF
FROM $(docker inspect -f '{{.Config.Image}}' $(docker ps -q --filter label=com.docker.compose.service=api))
COPY socialize /opt/socialize/bin/socialize
EOF
docker build -q -t broken:1 .
"""


@pytest.fixture
def address(clean: Package) -> Iterator[str]:
    with reached(clean.world, 8080) as url:
        yield url


def serving(package: Package) -> str:
    """Name of the one container of the app."""
    return package.world.check_output("docker ps --format '{{.Names}}' --filter label=com.docker.compose.service=api")


@pytest.fixture
def load(address: str, record_property: Callable[[str, object], None]) -> Iterator[Load]:
    """A load that says in the summary what came of it, whatever came of the test."""
    load = Load(address)
    yield load
    record_property("figures", load.summary)


def no_request_is_lost(load: Load, package: Package, **data: Any) -> None:
    with load.running():
        deployed = package.deploy(**data)
    assert deployed.code == 0, deployed.stderr
    assert not load.failed, (load.summary, load.failed[:5])


@ON_ONE
def test_a_changed_setting(clean: Package, load: Load) -> None:
    before = serving(clean)
    no_request_is_lost(load, clean, session_ttl_hours=24)
    assert serving(clean) not in (before, "")


def test_a_new_release(clean: Package, load: Load) -> None:
    clean.world.check_output(
        "image=$(docker inspect -f '{{.Config.Image}}' $(docker ps -q --filter label=com.docker.compose.service=api));"
        ' printf "FROM $image\\nLABEL release=new\\n" | docker build -q -t release:new -'
    )
    no_request_is_lost(load, clean, app_image="release:new")


@ON_ONE
def test_a_reload_of_caddy(clean: Package, load: Load) -> None:
    clean.world.check_output("echo '# mine' >> /srv/preprod/caddy/Caddyfile")
    no_request_is_lost(load, clean)


@ON_ONE
def test_a_broken_release_is_removed_and_the_old_one_goes_on_serving(clean: Package, load: Load) -> None:
    clean.world.check_output(BROKEN)
    before = serving(clean)
    with load.running():
        stopped = clean.deploy(app_image="broken:1", health_timeout=10)
    assert stopped.code == 1
    assert "the old version goes on serving: api not healthy after 10 s" in stopped.stderr, stopped.stderr
    assert "503 broken on purpose" in stopped.stderr, "the last health answer"
    assert "cannot find my config" in stopped.stderr, "the end of its log"
    assert not load.failed, (load.summary, load.failed[:5])
    assert serving(clean) == before


@ON_ONE
def test_a_failed_migration_leaves_the_old_version_serving(clean: Package, load: Load) -> None:
    clean.world.check_output(BROKEN.replace("migrate) exit 0", "migrate) echo 'no such column'; exit 1"))
    before = serving(clean)
    with load.running():
        stopped = clean.deploy(app_image="broken:1")
    assert stopped.code == 1
    assert "no such column" in stopped.stderr, stopped.stderr
    assert not load.failed, load.summary
    assert serving(clean) == before


@ON_ONE
def test_a_caddy_that_refuses_its_reload_goes_on_as_it_was(clean: Package, load: Load) -> None:
    """A file that only the running Caddy sees, not the check beforehand, spoils the reload."""
    look = "cat /srv/preprod/caddy/Caddyfile /srv/preprod/.state/upstream/api.caddy"
    before, old = clean.world.check_output(look), serving(clean)
    clean.world.check_output("echo nonsense >/srv/preprod/.state/upstream/spoilt.caddy")
    with load.running():
        refused = clean.deploy(log_level="warning")
    clean.world.check_output("rm /srv/preprod/.state/upstream/spoilt.caddy")
    assert refused.code == 1
    assert "caddy does not lead requests to" in refused.stderr, refused.stderr
    assert not load.failed, (load.summary, load.failed[:5])
    assert clean.world.check_output(look) == before
    assert old in serving(clean).splitlines()


# What becomes of each job is written down by the database itself, whoever takes it.
# Jobs come until it is told `enough`.
_TALLY = """
CREATE TABLE queued (id uuid DEFAULT gen_random_uuid());
CREATE TABLE enough ();
CREATE TABLE tally (id uuid, attempts integer);
CREATE FUNCTION tally() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN INSERT INTO tally VALUES (OLD.id, OLD.attempts); RETURN OLD; END $$;
CREATE TRIGGER tally AFTER DELETE ON jobs FOR EACH ROW EXECUTE FUNCTION tally();
GRANT ALL ON tally TO socialize;
"""
_QUEUE = """
DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM enough) LOOP
  WITH new AS (INSERT INTO queued DEFAULT VALUES RETURNING id)
    INSERT INTO jobs (id, kind, payload) SELECT id, 'clean_up', '{}' FROM new;
  COMMIT; PERFORM pg_sleep(0.1);
END LOOP; END $$;
"""
_DONE = "SELECT count(*), count(DISTINCT id), max(attempts) FROM tally"
_FORGET = "DROP TABLE queued, enough, tally; DROP FUNCTION tally CASCADE;"


def psql(package: Package, statements: str) -> str:
    """What the world's Postgres says to these statements."""
    container = "$(docker ps -q --filter label=com.docker.compose.service=postgres)"
    return package.world.check_output(
        f"docker exec -i {container} psql -qAt -v ON_ERROR_STOP=1 -U postgres -d socialize <<'SQL'\n{statements}\nSQL"
    )


def test_the_worker_loses_no_job(clean: Package, record_property: Callable[[str, object], None]) -> None:
    psql(clean, _TALLY)
    with ThreadPoolExecutor(1) as aside:
        queueing = aside.submit(psql, clean, _QUEUE)
        try:
            wait_for(lambda: psql(clean, "SELECT count(*) FROM tally") != "0", 30, "the worker to take the first jobs")
            deployed = clean.deploy(session_ttl_hours=24)
        finally:
            psql(clean, "INSERT INTO enough DEFAULT VALUES")
        queueing.result()
    wait_for(
        lambda: psql(clean, "SELECT count(*) FROM jobs WHERE schedule IS NULL") == "0", 60, "the queue to be empty"
    )
    queued, done = psql(clean, "SELECT count(*) FROM queued"), psql(clean, _DONE)
    psql(clean, _FORGET)
    record_property("figures", f"jobs queued {queued}; done, different ones, most attempts: {done}")
    assert deployed.code == 0, deployed.stderr
    assert done == f"{queued}|{queued}|1"
