"""Bad input: one clear sentence, a non-zero exit, and nothing touched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from harness import differences
from package import Package

REFUSALS: list[tuple[str, dict[str, Any], str]] = [
    ("unknown setting", {"htp_port": 80}, "unknown setting 'htp_port': did you mean 'http_port'?"),
    ("wrong type", {"http_port": "high"}, "setting 'http_port' is 'high', but: "),
    ("disk too small", {"disk_free_min_gb": 1e6}, "1e+06 GB are needed"),
    ("port taken", {"http_port": 22}, "port 22 is taken by another program"),
    ("secret not supplied", {"app_secrets": ["smtp_password"]}, "secret smtp_password is needed and not supplied"),
    ("no such archives", {"image_archives": "/nowhere"}, "image_archives /nowhere is no directory"),
]


@pytest.mark.parametrize(("data", "sentence"), [r[1:] for r in REFUSALS], ids=[r[0] for r in REFUSALS])
def test_it_is_refused_and_nothing_is_touched(clean: Package, data: dict[str, Any], sentence: str) -> None:
    before = clean.world.snapshot(["/srv", "/etc", "/usr/local"])
    refused = clean.deploy(**data)
    assert refused.code == 1
    assert sentence in refused.stderr, refused.stderr
    assert "Traceback" not in refused.stderr
    assert differences(before, clean.world.snapshot(["/srv", "/etc", "/usr/local"])) == {}


def test_all_missing_images_are_listed_at_once(clean: Package, tmp_path: Path) -> None:
    refused = clean.deploy(image_archives=str(tmp_path), image_mirror="mirror.invalid", packages_date="2000-01-01")
    assert refused.code == 1
    for component in ("postgres", "api", "caddy"):
        assert f"{component} (" in refused.stderr, refused.stderr
    assert "docker save" in refused.stderr


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


def test_an_app_that_never_becomes_healthy_stops_the_deploy_with_its_last_words(clean: Package) -> None:
    clean.world.check_output(BROKEN)
    stopped = clean.deploy(app_image="broken:1", health_timeout=20)
    assert stopped.code == 1
    assert "api not healthy after 20 s" in stopped.stderr, stopped.stderr
    assert "503 broken on purpose" in stopped.stderr
    assert "cannot find my config" in stopped.stderr
    mended = clean.deploy()
    assert mended.code == 0, mended.stderr
    assert clean.deploy().changed == {}
