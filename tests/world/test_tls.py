"""A domain turns on automatic TLS: Caddy gets its certificate from a real ACME server, Pebble, in the world itself."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from package import ON_ONE, Package

DOMAIN = "app.preprod.example"
ACME_PORT, MANAGEMENT_PORT = 14000, 15000

# Pebble asks the domain itself for proof, on the ports where the world under test answers.
START = f"""
set -e
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends pebble openssl >/dev/null
echo "$1 {DOMAIN}" >> /etc/hosts
mkdir -p /root/pebble; cd /root/pebble
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=pebble -addext "subjectAltName=IP:$1" \
  -addext basicConstraints=critical,CA:TRUE -keyout key.pem -out cert.pem 2>/dev/null
cat > config.json <<EOF
{{"pebble": {{"listenAddress": "0.0.0.0:{ACME_PORT}", "managementListenAddress": "0.0.0.0:{MANAGEMENT_PORT}",
  "certificate": "cert.pem", "privateKey": "key.pem", "httpPort": 80, "tlsPort": 443}}}}
EOF
systemd-run -q --unit=pebble --working-directory=/root/pebble --setenv=PEBBLE_VA_NOSLEEP=1 pebble -config config.json
cat cert.pem
"""

STOP = f"systemctl stop pebble; sed -i /{DOMAIN}/d /etc/hosts; rm -r /root/pebble"


@dataclass(frozen=True)
class Authority:
    """Pebble in a world: the settings that lead Caddy to it, and the root that it made for this run."""

    settings: dict[str, str]
    root: Path


@pytest.fixture
def authority(clean: Package, tmp_path: Path) -> Iterator[Authority]:
    world = clean.world
    certificate = world.check_output(f"sh -s {world.address}", stdin=START.encode())
    root = tmp_path / "root.pem"
    fetch = f"https://{world.address}:{MANAGEMENT_PORT}/roots/0"
    (tmp_path / "pebble.pem").write_text(certificate + "\n")
    patient = ["curl", "-sS", "--fail", "--retry", "20", "--retry-connrefused"]
    command = [*patient, "--cacert", tmp_path / "pebble.pem", "-o", root, fetch]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr + world.run("journalctl -u pebble --no-pager").stdout
    settings = {
        "domain": DOMAIN,
        "acme_directory": f"https://{world.address}:{ACME_PORT}/dir",
        "acme_root": certificate + "\n",
        "acme_email": "ops@preprod.example",
    }
    yield Authority(settings, root)
    world.check_output(STOP)


def ask(package: Package, url: str, *options: object) -> str:
    """An answer from outside the host, its status in the last line; TLS is verified."""
    pinned = [part for port in (80, 443) for part in ("--resolve", f"{DOMAIN}:{port}:{package.world.address}")]
    command = ["curl", "-sS", "--max-time", "20", "-i", "-w", "\n%{http_code}", *pinned, *map(str, options), url]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@ON_ONE
def test_a_domain_brings_a_certificate_and_its_removal_goes_back_to_loopback(
    clean: Package, authority: Authority
) -> None:
    deployed = clean.deploy(**authority.settings)
    assert deployed.code == 0, deployed.stderr
    assert clean.deploy(**authority.settings).changed == {}
    patient = ("--retry", "20", "--retry-all-errors")
    answer = ask(clean, f"https://{DOMAIN}/health/ready", "--cacert", authority.root, *patient)
    assert answer.endswith("\n200"), answer
    assert "strict-transport-security" in answer.lower()
    redirect = ask(clean, f"http://{DOMAIN}/health")
    assert redirect.endswith("\n308"), redirect
    assert f"https://{DOMAIN}/health" in redirect
    outside = (f"--resolve={DOMAIN}={clean.world.address}", f"--ca={authority.root}")
    verified = clean.verify(*outside, data=authority.settings)
    assert verified.returncode == 0, verified.stdout
    clean.deploy()
    listening = clean.world.check_output("ss -Hltn")
    assert "127.0.0.1:8080 " in listening
    assert ":443 " not in listening
