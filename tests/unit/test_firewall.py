"""The firewall without a host: its rules, what the fact reads, and what the operation plans to do."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from pyinfra.api import Config, Inventory, State
from pyinfra.api.connect import connect_all
from pyinfra.api.operation import OperationMeta, add_op
from pyinfra.api.operations import run_ops
from pyinfra.connectors.fake import FakeConnector

from preprod.facts.bundle import FileState
from preprod.facts.firewall import Firewall, FirewallState, Rules
from preprod.operations import firewall
from preprod.render.firewall import INIT, SCRIPT, UNIT, allowed, files, script
from preprod.settings import FirewallRule

OFFICE = FirewallRule(source="192.0.2.0/24", ports=(80, 443))
ADMIN = FirewallRule(source="198.51.100.7/32")
OFFICE_V6 = FirewallRule(source="2001:db8::/32", ports=(443,))
APPLIED = f"{SCRIPT} apply"
JUMP = "1:-A DOCKER-USER -j PREPROD"


# -- rendering -----------------------------------------------------------------------------------


def test_a_source_may_reach_the_ports_named_for_it_and_all_when_none_is_named() -> None:
    assert allowed([OFFICE, ADMIN, OFFICE_V6], 4) == [
        "-A PREPROD -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN",
        "-A PREPROD -s 192.0.2.0/24 -p tcp -m conntrack --ctorigdstport 80 -j RETURN",
        "-A PREPROD -s 192.0.2.0/24 -p tcp -m conntrack --ctorigdstport 443 -j RETURN",
        "-A PREPROD -s 198.51.100.7/32 -j RETURN",
    ]


def test_each_family_gets_its_own_sources_only() -> None:
    assert allowed([OFFICE, OFFICE_V6], 6)[1:] == [
        "-A PREPROD -s 2001:db8::/32 -p tcp -m conntrack --ctorigdstport 443 -j RETURN"
    ]


def test_the_last_rule_drops_rewritten_destinations_only_and_follows_the_bridges() -> None:
    text = script([ADMIN])
    places = [text.index(part) for part in ("  foreign_bridges\n", "-i docker0 -j RETURN", "-i br-+ -j RETURN")]
    drop = text.index("-A PREPROD -m conntrack --ctstate DNAT -j DROP\n")
    assert [*places, drop] == sorted([*places, drop])
    assert text.index("198.51.100.7") < places[0]


@pytest.mark.parametrize("allow", [[], [OFFICE, ADMIN, OFFICE_V6]])
def test_every_rendered_program_is_valid_shell(allow: list[FirewallRule]) -> None:
    for systemd in (True, False):
        for path, file in files(allow, systemd).items():
            if path != UNIT:
                done = subprocess.run(["sh", "-n"], input=file.text, text=True, capture_output=True)
                assert (done.returncode, done.stderr) == (0, ""), path


def test_an_unknown_verb_is_refused_in_one_sentence() -> None:
    done = subprocess.run(["sh", "-s", "aply"], input=script([]), text=True, capture_output=True)
    assert (done.returncode, done.stderr) == (1, "preprod-firewall: say apply, check or remove\n")


def test_a_host_without_systemd_gets_an_init_script_that_may_be_executed() -> None:
    assert set(files([], systemd=True)) == {SCRIPT, UNIT}
    assert {path: file.mode for path, file in files([], systemd=False).items()} == {SCRIPT: 0o755, INIT: 0o755}


# -- the fact ------------------------------------------------------------------------------------


def test_a_blank_host_has_nothing() -> None:
    assert Firewall().process([]) == FirewallState()


def test_the_fact_tells_the_families_apart() -> None:
    found = Firewall().process(
        [
            f"file {'a' * 64} 755 0 0 {SCRIPT}",
            "systemd yes",
            "enabled yes",
            "table 4",
            "rules 4 d4",
            "stamp 4 s4 d4",
            f"jump 4 {JUMP}",
            "jump 4 3:-A DOCKER-USER -s 192.0.2.1/32 -j PREPROD",
            "led 4",
            "table 6",
            "rules 6 d6",
        ]
    )
    assert found == FirewallState(
        systemd=True,
        enabled=True,
        files={SCRIPT: FileState("a" * 64, 0o755, 0, 0)},
        families={
            4: Rules("d4", "s4 d4", (JUMP, "3:-A DOCKER-USER -s 192.0.2.1/32 -j PREPROD"), True),
            6: Rules("d6", "", (), False),
        },
    )


# -- the operation -------------------------------------------------------------------------------


@dataclass
class Outcome:
    """What an operation would do, and the commands it sent besides the fact's."""

    changes: bool
    commands: list[str]
    stdin: list[str] = field(default_factory=list)


def run(operation: Any, answer: Sequence[str], /, **arguments: Any) -> Outcome:
    """Plan an operation, then run it, on a host whose fact prints `answer`."""
    sent: list[tuple[str, str]] = []

    class Connector(FakeConnector):
        def run_shell_command(self, command: Any, *more: Any, **options: Any) -> Any:
            sent.append((str(command), options.get("_stdin") or ""))
            return super().run_shell_command(command, *more, **options)

    data = {"fake_delay": 0, "fake_delay_jitter": 0, "fake_responses": {"look 6 ip6tables": list(answer)}}
    inventory = Inventory((["@fake/host"], {}), fake=(["@fake/host"], data))
    for host in inventory:
        host.connector_cls = Connector
    state = State(inventory, Config(), check_for_changes=True)
    connect_all(state)
    metas: dict[Any, OperationMeta] = add_op(state, operation, name="Firewall", **arguments)
    (meta,) = metas.values()
    changes = meta.will_change
    run_ops(state)
    own = [(command, text) for command, text in sent if "look 6 ip6tables" not in command]
    return Outcome(changes, [command for command, _ in own], [text for _, text in own])


def settled(*allow: FirewallRule) -> list[str]:
    """The fact's answer on a host where these rules are in force."""
    wanted = files(allow, systemd=True)
    written = [f"file {file.sha256} {file.mode:o} 0 0 {path}" for path, file in wanted.items()]
    families = [
        line
        for family in (4, 6)
        for line in (
            f"table {family}",
            f"rules {family} r{family}",
            f"stamp {family} {wanted[SCRIPT].sha256} r{family}",
            f"jump {family} {JUMP}",
        )
    ]
    return [*written, "systemd yes", "enabled yes", *families, "led 4"]


def test_a_blank_host_is_planned_and_served_in_order() -> None:
    outcome = run(firewall.present, [], rules=[OFFICE])
    assert outcome.changes
    write_script, write_init, apply, enable = outcome.commands
    assert write_script.endswith(f"{SCRIPT} 755")
    assert "ctorigdstport 443" in outcome.stdin[0]
    assert write_init.endswith(f"{INIT} 755")
    assert f"{SCRIPT} apply\n{SCRIPT} check" in apply
    assert "update-rc.d" in enable


def test_rules_in_force_are_left_alone() -> None:
    assert run(firewall.present, settled(OFFICE, ADMIN), rules=(OFFICE, ADMIN)) == Outcome(False, [])


def test_other_rules_change_the_script_and_are_applied_but_the_unit_stays() -> None:
    outcome = run(firewall.present, settled(OFFICE), rules=[ADMIN])
    assert outcome.changes
    write, apply = outcome.commands
    assert write.endswith(f"{SCRIPT} 755")
    assert APPLIED in apply


def without(kind: str) -> list[str]:
    return [line for line in settled(OFFICE) if not line.startswith(kind)]


@pytest.mark.parametrize(
    ("answer", "remedy"),
    [
        (without("rules 4"), APPLIED),
        (without("rules 6"), APPLIED),
        (without("stamp 4"), APPLIED),
        ([*without("rules 6"), "rules 6 other"], APPLIED),
        (without("jump 4"), APPLIED),
        ([*settled(OFFICE), "jump 4 4:-A DOCKER-USER -j PREPROD"], APPLIED),
        ([*without("jump 4"), "jump 4 2:-A DOCKER-USER -j PREPROD"], APPLIED),
        (without("led"), APPLIED),
        (without("enabled"), "systemctl enable"),
    ],
)
def test_one_damage_is_foreseen_and_repaired_by_one_command(answer: list[str], remedy: str) -> None:
    outcome = run(firewall.present, answer, rules=[OFFICE])
    assert outcome.changes
    (command,) = outcome.commands
    assert remedy in command


def test_a_host_without_ipv6_needs_no_rules_there() -> None:
    answer = [line for line in settled(OFFICE) if line.split()[1] != "6"]
    assert not run(firewall.present, answer, rules=[OFFICE]).changes


def test_nothing_of_ours_is_nothing_to_remove() -> None:
    assert run(firewall.absent, ["systemd yes", "table 4", "led 4", "table 6"]) == Outcome(False, [])


@pytest.mark.parametrize("trace", [f"file {'a' * 64} 644 0 0 {UNIT}", "enabled yes", "rules 6 r6", f"jump 4 {JUMP}"])
def test_every_trace_of_ours_is_removed(trace: str) -> None:
    outcome = run(firewall.absent, ["table 4", "table 6", trace])
    assert outcome.changes
    assert outcome.commands[0] == "sh -s remove"
    assert "remove()" in outcome.stdin[0]
    assert f"rm -f /etc/systemd/system/docker.service.wants/preprod-firewall.service {UNIT}" in outcome.commands[1]
