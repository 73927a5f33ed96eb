"""Docker's own package repository as the source of the engine.

The real repository cannot be reached from everywhere that runs these tests. In its place stands a signed repository of
the same layout in the world itself, whose ``docker-ce`` is the distribution's engine under that name: what is proven is
the way to the engine (key, fingerprint, source file, package names), not Docker's packages.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from harness import World, differences
from package import Package

PORT = 8000

SERVE = f"""
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends apt-utils gnupg busybox >/dev/null
. /etc/os-release
site=/repository/linux/$ID
mkdir -p $site/pool $site/dists/$VERSION_CODENAME/stable/binary-amd64
empty() {{
  mkdir -p /tmp/$1/DEBIAN
  printf '%s\\n' "Package: $1" 'Version: 1' 'Architecture: all' 'Maintainer: test' 'Description: stand-in' \\
    >/tmp/$1/DEBIAN/control
  dpkg-deb --build /tmp/$1 $site/pool >/dev/null
}}
empty docker-ce-cli
empty containerd.io
cd /tmp
apt-get download -qq docker.io
dpkg-deb -R docker.io_*.deb engine
sed -i -e 's/^Package: .*/Package: docker-ce/' -e '/^Conflicts: /d' engine/DEBIAN/control
dpkg-deb -Znone --build engine $site/pool >/dev/null
cd $site
apt-ftparchive packages pool >dists/$VERSION_CODENAME/stable/binary-amd64/Packages
apt-ftparchive -o APT::FTPArchive::Release::Suite=$VERSION_CODENAME -o APT::FTPArchive::Release::Components=stable \\
  -o APT::FTPArchive::Release::Architectures=amd64 release dists/$VERSION_CODENAME >/tmp/Release
mv /tmp/Release dists/$VERSION_CODENAME/
export GNUPGHOME=/tmp/gnupg; install -d -m 0700 $GNUPGHOME
gpg --batch --quiet --passphrase '' --quick-generate-key repository@preprod.example ed25519 sign never 2>/dev/null
gpg --batch --armor --export >gpg
gpg --batch --clearsign -o dists/$VERSION_CODENAME/InRelease dists/$VERSION_CODENAME/Release
systemd-run -q --unit=repository busybox httpd -f -p {PORT} -h /repository
gpg --list-keys --with-colons | awk -F: '$1 == "fpr" {{print $10; exit}}'
"""


@dataclass(frozen=True)
class Repository:
    """A package on its way to a world that serves a repository like Docker's, signed with this key."""

    package: Package
    fingerprint: str


@pytest.fixture(scope="module")
def repository(new_world: Callable[[str], World], archives: Path) -> Repository:
    world = new_world("bookworm")
    fingerprint = world.check_output("sh", stdin=SERVE.encode())
    data = {
        "docker_source": "docker",
        "docker_packages": f"http://{world.address}:{PORT}/linux",
        "image_source": "archives",
        "image_archives": str(archives),
    }
    return Repository(Package(world, data), fingerprint)


def test_a_repository_signed_with_another_key_is_refused(repository: Repository) -> None:
    world = repository.package.world
    before = world.snapshot(["/etc/apt", "/srv"])
    refused = repository.package.deploy(docker_packages_key="0" * 40)
    assert refused.code == 1
    assert f"has fingerprint {repository.fingerprint}, expected {'0' * 40}" in refused.stderr, refused.stderr
    assert differences(before, world.snapshot(["/etc/apt", "/srv"])) == {}
    assert not world.run("command -v dockerd").succeeded


def test_the_engine_comes_from_the_repository(repository: Repository) -> None:
    deployed = repository.package.deploy(docker_packages_key=repository.fingerprint)
    assert deployed.code == 0, deployed.stderr
    assert ":8000/linux/debian" in repository.package.world.check_output(
        "apt-cache policy docker-ce | sed -n '/\\*\\*\\*/,$p'"
    )
    assert repository.package.deploy(docker_packages_key=repository.fingerprint).changed == {}
