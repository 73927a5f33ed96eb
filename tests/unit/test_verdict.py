"""What a run came to, where pyinfra's own exit code does not tell."""

from __future__ import annotations

import json

import pytest

from preprod.cli.child import Ended
from preprod.cli.verdict import Part, judge

CONNECTED = "--> Connecting to hosts...\n    [a] Connected\n    [b] Connected\n"
PLAN = json.dumps({"plan": [{"name": "One", "hosts_with_change": ["b"]}], "results": None})
DONE = json.dumps({"plan": [], "results": {"operations": [{"name": "One", "success": ["b"]}]}})
NO_RESULT = "pyinfra ended with code 0 and without a result: see what it said above, and run it again"


@pytest.mark.parametrize(("answer", "part"), [(PLAN, "plan"), (DONE, "results")])
def test_changes_are_told_by_host(answer: str, part: Part) -> None:
    verdict = judge(Ended(0, answer, CONNECTED), ["a", "b"], part)
    assert (verdict.problems, verdict.changes) == ((), {"a": (), "b": ("One",)})


@pytest.mark.parametrize(
    ("answer", "part"),
    [
        ("", "plan"),
        ("{", "plan"),
        ("[]", "plan"),
        ('{"plan": [], "results": null}', "plan"),
        (PLAN, "results"),
        ("", None),
    ],
)
def test_a_lost_answer_is_an_error_whatever_the_exit_code(answer: str, part: Part | None) -> None:
    assert judge(Ended(0, answer, CONNECTED), ["a", "b"], part).problems == (NO_RESULT,)


def test_a_run_without_operations_needs_none() -> None:
    assert judge(Ended(0, '{"plan": [], "results": null}', CONNECTED), ["a", "b"], None).problems == ()


def test_an_exit_code_without_a_reason_is_an_error() -> None:
    assert judge(Ended(1, PLAN, CONNECTED), ["a", "b"], "plan").problems == (NO_RESULT.replace("code 0", "code 1"),)


def test_a_host_that_was_never_connected_is_an_error() -> None:
    log = "--> Connecting to hosts...\n    [b] Connected\n"
    assert judge(Ended(0, PLAN, log), ["a", "b"], "plan").problems == ("a: not reached",)


def test_what_a_host_says_elsewhere_is_no_connection() -> None:
    log = "--> Connecting to hosts...\n    [b] Connected\n--> Preparing operation files...\n    [a] Connected\n"
    assert judge(Ended(0, PLAN, log), ["a", "b"], "plan").problems == ("a: not reached",)


FAILED = f"""{CONNECTED}
--> Starting operation: App | services
    [a] >>> sh -euc ...
    [a] waiting for api (0 s left)
    [b] noise of another host
    [a] api is running, unhealthy
    [a]   end of its log:
    [a]     Traceback
    [a] Error: executed 0 commands

--> pyinfra error: No hosts remaining!
"""


def test_the_reason_is_neither_progress_before_the_error_nor_detail_beneath_it() -> None:
    verdict = judge(Ended(1, "", FAILED), ["a", "b"], "results")
    assert verdict.problems == ("a: 'App | services' failed: api is running, unhealthy",)


def test_several_lines_of_an_error_stay_together() -> None:
    log = f"{CONNECTED}--> pyinfra error in /x/plan.py line 5: wheels cannot be collected:\nno matching one\n\n"
    (problem,) = judge(Ended(1, "", log), ["a"], "plan").problems
    assert problem == "wheels cannot be collected:\nno matching one"


def test_a_crash_is_told_by_its_last_line() -> None:
    log = f"{CONNECTED}--> An exception occurred in: deploy.py:\n\nTraceback (most):\n  File x\nKeyError: 'y'\n\n"
    assert judge(Ended(1, "", log), ["a"], "plan").problems == ("pyinfra crashed: KeyError: 'y' (see above where)",)
