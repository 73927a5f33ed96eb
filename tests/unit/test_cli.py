"""The command's exit codes and last words, over the real pyinfra."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from preprod.cli import commands
from preprod.cli.selection import Selection
from unit import hosts

PREPROD = Path(sys.executable).with_name("preprod")

UNREACHABLE = (
    "127.0.0.1: not reached (Could not connect ([Errno None] Unable to connect to port 1 on 127.0.0.1)): "
    "correct its address, port, user or key, or its entry among the known host keys"
)
READY = {"@fake/a": hosts.converged()}
BLANK = {"@fake/a": hosts.blank()}


@pytest.fixture
def preprod(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the command outside the checkout, with standard error not a terminal."""

    def run(*arguments: str, fake: dict[str, hosts.Answers] | None = None, **data: Any) -> Any:
        if fake is not None:
            arguments = (*arguments, "--inventory", str(hosts.inventory(tmp_path / "hosts.py", fake, **data)))
        environment = {**os.environ, **hosts.OUTSIDE_GIT}
        return subprocess.run([PREPROD, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True)

    return run


def last(done: subprocess.CompletedProcess[str]) -> str:
    return done.stderr.rstrip("\n").splitlines()[-1]


def test_a_converged_host_has_nothing_to_do(preprod: Any) -> None:
    done = preprod("plan", fake=READY)
    assert (done.returncode, done.stdout) == (0, "@fake/a: nothing to do\n"), done.stderr


def test_a_plan_with_changes_exits_2_and_names_them(preprod: Any) -> None:
    done = preprod("plan", fake={**READY, "@fake/b": hosts.blank()})
    assert done.returncode == 2, done.stderr
    assert done.stdout.startswith("@fake/a: nothing to do\n@fake/b: would change\n  Engine | installed and running\n")
    assert "[@fake/b] will create /srv/preprod/compose.yaml (mode 0644, owner 0:0)" in done.stderr
    assert "+name: socialize" in done.stderr


def test_a_plan_as_json_is_json_alone(preprod: Any) -> None:
    done = preprod("plan", "--json", "--data", "http_port=9000", fake=READY)
    assert done.returncode == 2, done.stderr
    assert json.loads(done.stdout) == {"changes": {"@fake/a": ["App | files"]}, "problems": []}


def test_an_apply_that_changes_everything_exits_0(preprod: Any) -> None:
    done = preprod("apply", fake=BLANK)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:2] == ["@fake/a: changed", "  Engine | installed and running"]
    assert preprod("apply", fake=READY).stdout == "@fake/a: nothing to do\n"


def test_a_failed_operation_is_told_with_the_hosts_own_words(preprod: Any) -> None:
    broken = {**hosts.blank(), "secrets-put": {"success": False, "stderr": "No space left on device"}}
    done = preprod("apply", fake={"@fake/a": broken, "@fake/b": hosts.converged()})
    assert (done.returncode, done.stdout) == (1, "@fake/b: nothing to do\n")
    assert last(done) == "preprod: @fake/a: 'App | secrets' failed: No space left on device"


def test_a_failure_of_the_only_host_loses_nothing(preprod: Any) -> None:
    broken = {**hosts.blank(), "secrets-put": {"success": False, "stderr": "No space left on device"}}
    done = preprod("apply", fake={"@fake/a": broken})
    assert (done.returncode, done.stdout) == (1, "")
    assert last(done) == "preprod: @fake/a: 'App | secrets' failed: No space left on device"


def test_a_host_that_cannot_be_examined_is_an_error(preprod: Any) -> None:
    broken = {**hosts.converged(), "bundle-look": {"success": False, "stderr": "Input/output error"}}
    done = preprod("plan", fake={"@fake/a": broken, "@fake/b": hosts.converged()})
    assert (done.returncode, done.stdout) == (1, "@fake/b: nothing to do\n")
    assert last(done) == "preprod: @fake/a: cannot be examined: Input/output error"


@pytest.mark.parametrize("verb", ["plan", "apply", "doctor"])
def test_an_unreachable_host_is_an_error(preprod: Any, tmp_path: Path, verb: str) -> None:
    file = hosts.inventory(tmp_path / "both.py", READY)
    file.write_text(file.read_text() + "ssh = [('127.0.0.1', {'ssh_port': 1})]\n")
    done = preprod(verb, "--inventory", str(file))
    assert (done.returncode, last(done)) == (1, f"preprod: {UNREACHABLE}")
    assert done.stdout == {"doctor": "@fake/a: ready\n"}.get(verb, "@fake/a: nothing to do\n")
    assert preprod(verb, "--inventory", str(file), "--limit", "@fake/*").returncode == 0


def test_doctor_names_what_stands_in_the_way_of_each_host(preprod: Any) -> None:
    old = {"host-look": "os debian 11\nmachine x86_64\nuid 0\ndisk 20000000"}
    small = {"host-look": "os debian 12\nmachine x86_64\nuid 0\ndisk 1000000"}
    done = preprod("doctor", fake={"@fake/old": old, "@fake/good": hosts.blank(), "@fake/small": small})
    assert (done.returncode, done.stdout) == (1, "@fake/good: ready\n")
    said = [line for line in done.stderr.splitlines() if line.startswith("preprod: ")]
    assert len(said) == 2
    assert said[0].startswith("preprod: @fake/old: operating system debian 11 is not supported: use ")
    assert said[1].startswith("preprod: @fake/small: only 1.0 GB are free for Docker: 4 GB are needed")


REFUSED = [
    (["--inventory", "nope.py"], "there is no inventory file nope.py: use inventory/local.py or inventory/preprod.py"),
    (["--inventory", "empty.py"], "inventory empty.py names no host: add at least one"),
    (["--inventory", "broken.py"], "cannot be read: pyinfra crashed: SyntaxError: '[' was never closed (see above"),
    (["--inventory", "local.py", "--limit", "typo"], "--limit typo matches no host of local.py: its hosts are @local;"),
    (["--inventory", "local.py", "--data", "http_port"], "http_port has no value: write name=value"),
    (["--inventory", "local.py", "--data", "ssh_password=x"], "ssh_password would stand where others can read it"),
    (["--inventory", "local.py", "--data", "http_prot=1"], "@local: unknown setting 'http_prot': did you mean 'http_"),
    (["--inventory", "local.py", "--data", "http_port=0"], "@local: setting 'http_port' is 0, but: Input should be"),
    (["--inventory", "crash.py"], "pyinfra crashed: RuntimeError: boom (see above where)"),
    (["--limt", "x"], "No such option '--limt'. Did you mean '--limit'?"),
]


@pytest.mark.parametrize(("arguments", "sentence"), REFUSED, ids=[" ".join(row[0][1:]) for row in REFUSED])
def test_bad_input_exits_1_with_one_sentence_last(
    preprod: Any, tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    (tmp_path / "local.py").write_text("local = ['@local']\n")
    (tmp_path / "empty.py").write_text("hosts = []\n")
    (tmp_path / "broken.py").write_text("hosts = [\n")
    (tmp_path / "crash.py").write_text("raise RuntimeError('boom')\n")
    done = preprod("plan", *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert last(done).startswith("preprod: ")
    assert sentence in last(done)


def test_a_secret_that_was_not_supplied_is_named(preprod: Any) -> None:
    done = preprod("plan", fake=BLANK, app_secrets=["smtp_password"])
    assert done.returncode == 1
    assert last(done).startswith("preprod: @fake/a: secret smtp_password is needed and not supplied: set ")


# A shell starts what it runs in the background deaf to SIGINT, and all its children inherit that.
HEEDS_INTERRUPTS = ("env", "--default-signal=INT")


@pytest.mark.parametrize(
    ("number", "to_child", "code", "sentence"),
    [
        (signal.SIGINT, False, 130, "preprod: interrupted; what was done stays, and the next run completes it"),
        (signal.SIGINT, True, 130, "preprod: interrupted; what was done stays, and the next run completes it"),
        (signal.SIGTERM, False, 143, "preprod: terminated; what was done stays, and the next run completes it"),
        (signal.SIGKILL, True, 1, "preprod: pyinfra was killed by signal 9 and without a result: see what it said"),
    ],
)
def test_an_interrupted_run_is_no_success(
    tmp_path: Path, number: int, to_child: bool, code: int, sentence: str
) -> None:
    file = hosts.inventory(tmp_path / "slow.py", READY, delay=2)
    with subprocess.Popen(
        [*HEEDS_INTERRUPTS, PREPROD, "plan", "--inventory", file],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as run:
        assert run.stderr is not None
        assert run.stdout is not None
        assert any("Loading: deploy.py" in line for line in run.stderr)
        (child,) = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
        os.kill(int(child) if to_child else run.pid, number)
        said = run.stderr.read()
        assert run.stdout.read() == ""
    assert run.returncode == code
    assert said.rstrip("\n").splitlines()[-1].startswith(sentence)
    assert not Path(f"/proc/{child}").exists()


TIDY = """\
import pathlib, time, pytest

@pytest.fixture
def first():
    yield
    pathlib.Path("first").touch()

@pytest.fixture
def second(first):
    yield
    print("putting back", flush=True)
    time.sleep(2)
    pathlib.Path("second").touch()

def test_slow(second):
    print("under way", flush=True)
    time.sleep(60)
"""


def test_interrupted_tests_put_back_what_they_changed(tmp_path: Path) -> None:
    """As a terminal does it: the suite is told, and so is the command that started it, here a moment later."""
    (tmp_path / "test_tidy.py").write_text(TIDY)
    options = ["-s", "-c/dev/null", f"--rootdir={tmp_path}", "test_tidy.py"]
    code = f"from preprod.cli import child; child.ROOT = {str(tmp_path)!r}; child.pytest(*{options!r})"
    command = [*HEEDS_INTERRUPTS, sys.executable, "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as run:
        assert run.stdout is not None
        assert any("under way" in line for line in run.stdout)
        (suite,) = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
        os.kill(int(suite), signal.SIGINT)
        assert any("putting back" in line for line in run.stdout)
        run.send_signal(signal.SIGINT)
        run.stdout.read()
    assert {path.name for path in tmp_path.iterdir()} >= {"first", "second"}


@pytest.mark.parametrize(("of_pytest", "code"), [(0, 0), (1, 1), (2, 2), (5, 1)])
def test_verify_exits_as_pytest_does_and_no_tests_are_an_error(
    monkeypatch: pytest.MonkeyPatch, of_pytest: int, code: int
) -> None:
    asked: list[str] = []
    selection = Selection(Path("/x/hosts.py"), ("web", "@local"), ("@local",))
    monkeypatch.setattr(commands, "select", lambda inventory, limits: selection)
    monkeypatch.setattr(commands, "pytest", lambda *arguments: asked.extend(arguments) or of_pytest)
    monkeypatch.setattr(sys, "argv", ["preprod", "verify", "-v", "--", "--ca=x.pem"])
    with pytest.raises(SystemExit) as ended:
        commands.main()
    assert ended.value.code == code
    assert asked == ["tests/verify", "--inventory=/x/hosts.py", "--limit=web", "--limit=@local", "-v", "--ca=x.pem"]


def test_the_help_names_every_verb() -> None:
    text = CliRunner().invoke(commands.preprod, ["--help"]).output
    assert all(verb in text for verb in ("plan", "apply", "doctor", "verify"))
