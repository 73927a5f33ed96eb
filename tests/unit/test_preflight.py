from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from preprod.facts.host import Look
from preprod.preflight import HostState, problems
from unit.given import settings

GOOD = HostState(os="debian", release="12", machine="x86_64", uid=0, disk_free_bytes=20 * 10**9)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"os": "fedora", "release": "41"},
            "operating system fedora 41 is not supported: use debian 12 and 13, ubuntu 22.04 and 24.04",
        ),
        (
            {"release": "11"},
            "operating system debian 11 is not supported: use debian 12 and 13, ubuntu 22.04 and 24.04",
        ),
        ({"machine": "riscv64"}, "processor riscv64 is not supported: use x86_64 or aarch64"),
        (
            {"uid": 1000},
            "commands run as uid 1000: connect as root (ssh_user) or set _sudo = True in the inventory",
        ),
        (
            {"engine_version": "19.03.15"},
            "Docker Engine 19.03.15 is too old: upgrade it to 20.10 or newer, or remove it to have one installed",
        ),
        (
            {"daemon_json": "[]"},
            "/etc/docker/daemon.json is not a JSON object: mend it, it is merged and never replaced",
        ),
        (
            {"daemon_json": '{"userns-remap": "default"}'},
            "daemon.json has userns-remap, with which no container can read its secrets: take it out",
        ),
        (
            {"disk_free_bytes": 3_900_000_000},
            "only 3.9 GB are free for Docker: 4 GB are needed (free some, or lower disk_free_min_gb)",
        ),
        (
            {"listening": frozenset({8080})},
            "port 8080 is taken by another program: stop what listens there, or set http_port",
        ),
    ],
)
def test_each_obstacle_has_its_sentence(change: dict[str, object], sentence: str) -> None:
    assert problems(settings(), replace(GOOD, **change)) == [sentence]


def test_broken_daemon_json_is_told_with_the_place_of_the_error() -> None:
    (sentence,) = problems(settings(), replace(GOOD, daemon_json='{"a": }'))
    assert sentence.startswith("/etc/docker/daemon.json is not valid JSON (Expecting value: line 1 column 7")


@pytest.mark.parametrize("version", ["20.10", "20.10.24+dfsg1", "26.1.5", "29.0.0-rc.1", "100.0.1"])
def test_engines_from_the_minimum_on_are_used(version: str) -> None:
    assert problems(settings(), replace(GOOD, engine_version=version)) == []


@pytest.mark.parametrize("version", ["20.9.9", "1.13.1", "18.09.1"])
def test_older_engines_are_refused(version: str) -> None:
    assert len(problems(settings(), replace(GOOD, engine_version=version))) == 1


def test_a_domain_needs_the_public_ports_and_not_the_loopback_one() -> None:
    host = replace(GOOD, listening=frozenset({22, 80, 443, 8080}))
    assert problems(settings(domain="a.example.org"), host) == [
        "port 80 is taken by another program: stop what listens there",
        "port 443 is taken by another program: stop what listens there",
    ]


def test_the_deployed_project_does_not_stand_in_its_own_way() -> None:
    host = replace(GOOD, listening=frozenset({8080}), own_ports=frozenset({8080}))
    assert problems(settings(), host) == []


def test_log_lines_are_read_from_where_the_engine_keeps_them() -> None:
    moved, here = replace(GOOD, engine_root="/mnt/docker"), {"docker_daemon": {"data-root": "/mnt/docker"}}
    (sentence,) = problems(settings(observability=True), moved)
    assert sentence.endswith('set docker_daemon = {"data-root": "/mnt/docker"}')
    assert problems(settings(observability=True, **here), moved) == []
    assert problems(settings(observability=False), moved) == []


def test_all_obstacles_are_told_at_once() -> None:
    host = HostState(os="fedora", uid=5, disk_free_bytes=0, listening=frozenset({8080}), engine_version="1.13")
    assert len(problems(settings(), host)) == 5


def test_the_look_at_a_host_reads_every_line() -> None:
    lines = [
        "os debian 13",
        "machine aarch64",
        "uid 0",
        "disk 1000",
        f"daemon {base64.b64encode(b'{}').decode()}",
        "listen 0016",
        "listen 1F90",
        "own 8080",
        "engine 28.2.2",
        "root /srv/docker",
        "image a:1",
        "unreachable b:2",
        "firewall yes",
    ]
    assert Look().process(lines) == HostState(
        os="debian",
        release="13",
        machine="aarch64",
        uid=0,
        disk_free_bytes=1_024_000,
        engine_version="28.2.2",
        engine_root="/srv/docker",
        daemon_json="{}",
        listening=frozenset({22, 8080}),
        own_ports=frozenset({8080}),
        images=frozenset({"a:1"}),
        unreachable_images=frozenset({"b:2"}),
        firewall=True,
    )
