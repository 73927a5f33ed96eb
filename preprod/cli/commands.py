"""The verbs: plan, apply, doctor, verify."""

from __future__ import annotations

import importlib.util
import json
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from preprod.cli.child import pyinfra, pytest, say
from preprod.cli.render import render
from preprod.cli.selection import Selection, select
from preprod.cli.verdict import Verdict, judge

NOTHING_TO_DO, ERROR, CHANGES = 0, 1, 2
INTERRUPTED = 130
"""As a shell says it: 128 and the number of SIGINT."""

DEPLOY = "deploy.py"
DOCTOR = "preprod/deploys/doctor.py"

_PYTEST_NO_TESTS = 5
_Function = TypeVar("_Function", bound=Callable[..., Any])


def main() -> None:
    """Entry point; exits 1 for every error, also of usage, since 2 says that there are changes."""
    signal.signal(signal.SIGTERM, _terminated)
    try:
        code = preprod.main(prog_name="preprod", standalone_mode=False)
    except click.ClickException as error:
        say(f"preprod: {error.format_message()}\n")
        code = ERROR
    except (click.Abort, KeyboardInterrupt):
        say("preprod: interrupted; what was done stays, and the next run completes it\n")
        code = INTERRUPTED
    sys.exit(code)


def _terminated(number: int, _: object) -> None:
    say("preprod: terminated; what was done stays, and the next run completes it\n")
    sys.exit(128 + number)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="socialize-preprod")
def preprod() -> None:
    """Bare machines become preproduction hosts: plan, apply, verify, doctor."""


preprod.add_command(render)


def _about_hosts(function: _Function) -> _Function:
    for option in (
        click.option("-v", "verbose", count=True, help="Show more: -v facts, -vv commands, -vvv their output."),
        click.option("--limit", "limits", multiple=True, metavar="X", help="Only this host, pattern or group; repeat."),
        click.option(
            "--inventory", default="inventory/preprod.py", show_default=True, metavar="PATH", help="The hosts."
        ),
    ):
        function = option(function)
    return function


def _data(context: click.Context, parameter: click.Parameter, values: Sequence[str]) -> list[str]:
    for name, equals, _ in (value.partition("=") for value in values):
        if not equals:
            raise click.BadParameter(f"{name} has no value: write name=value")
        if name.endswith("password"):
            raise click.BadParameter(
                f"{name} would stand where others can read it: set it in the inventory, from os.environ"
            )
    return [f"--data={value}" for value in values]


_settings = click.option(
    "--data", multiple=True, metavar="NAME=VALUE", callback=_data, help="A setting for every host; repeat."
)


@preprod.command()
@_about_hosts
@_settings
@click.option("--json", "as_json", is_flag=True, help="The plan as JSON on standard output.")
def plan(inventory: str, limits: Sequence[str], data: list[str], verbose: int, as_json: bool) -> int:
    """Say what `apply` would change, with diffs. Exit code: 0 nothing to do, 2 changes, 1 error."""
    selection = select(inventory, limits)
    ended = pyinfra(*_arguments(selection, DEPLOY, data, verbose), "--dry", "--diff", "--json")
    verdict = judge(ended, selection.hosts, "plan")
    click.echo(_as_json(verdict) if as_json else _summary(verdict, "would change"), nl=as_json)
    return _ended(verdict) or (CHANGES if any(verdict.changes.values()) else NOTHING_TO_DO)


@preprod.command()
@_about_hosts
@_settings
def apply(inventory: str, limits: Sequence[str], data: list[str], verbose: int) -> int:
    """Make the hosts as the settings say. Exit code: 0 done, 1 a host failed or was not reached."""
    selection = select(inventory, limits)
    ended = pyinfra(*_arguments(selection, DEPLOY, data, verbose), "--yes", "--json")
    verdict = judge(ended, selection.hosts, "results")
    click.echo(_summary(verdict, "changed"), nl=False)
    return _ended(verdict)


@preprod.command()
@_about_hosts
@_settings
def doctor(inventory: str, limits: Sequence[str], data: list[str], verbose: int) -> int:
    """Look whether hosts are ready for a deploy; touch nothing. Exit code: 0 all are, 1 otherwise."""
    selection = select(inventory, limits)
    return max(_examined(selection, host, data, verbose) for host in selection.hosts)


def _examined(selection: Selection, host: str, data: list[str], verbose: int) -> int:
    # One run a host: pyinfra gives up the others when one is refused.
    alone = Selection(selection.inventory, (host,), (host,))
    ended = pyinfra(*_arguments(alone, DOCTOR, data, verbose), "--dry", "--json", quiet=not verbose)
    verdict = judge(ended, alone.hosts, None)
    if not verdict.problems:
        click.echo(f"{host}: ready")
    elif not verbose:
        say(ended.log)
    return _ended(verdict)


@preprod.command()
@_about_hosts
@click.argument("pytest_arguments", nargs=-1, metavar="[-- PYTEST ARGUMENTS]")
def verify(inventory: str, limits: Sequence[str], verbose: int, pytest_arguments: Sequence[str]) -> int:
    """Prove on the hosts themselves that all is as it should be. Exit code: that of pytest; no tests are an error."""
    if importlib.util.find_spec("pytest") is None:
        raise click.ClickException("pytest is not installed: install this package with its extra 'test'")
    selection = select(inventory, limits)
    wanted = [f"--inventory={selection.inventory}", *selection.limit_arguments, *_verbosity(verbose)]
    code = pytest("tests/verify", *wanted, *pytest_arguments)
    if code == _PYTEST_NO_TESTS:
        raise click.ClickException(f"no test ran for {', '.join(selection.hosts)}: see above why")
    return code


def _arguments(selection: Selection, deploy: str, data: Sequence[str], verbose: int) -> list[str]:
    return [str(selection.inventory), deploy, *selection.limit_arguments, *data, *_verbosity(verbose)]


def _verbosity(count: int) -> list[str]:
    return [f"-{'v' * count}"] if count else []


def _summary(verdict: Verdict, verb: str) -> str:
    lines: list[str] = []
    for host, names in verdict.changes.items():
        lines.append(f"{host}: {verb}" if names else f"{host}: nothing to do")
        lines += [f"  {name}" for name in names]
    return "".join(f"{line}\n" for line in lines)


def _as_json(verdict: Verdict) -> str:
    return json.dumps({"changes": verdict.changes, "problems": verdict.problems}, indent=2)


def _ended(verdict: Verdict) -> int:
    """The problems, last of all that is said, and the exit code that they ask for."""
    for problem in verdict.problems:
        say(f"preprod: {problem}\n")
    return ERROR if verdict.problems else NOTHING_TO_DO
