"""Rules of the code itself: storeys, names, documentation, shell."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from preprod.facts import shell
from preprod.render import firewall
from preprod.render.templates import ROOT
from preprod.settings import Settings

PACKAGE = ROOT / "preprod"

SHELLCHECK_ALLOWED = {
    "SC1091": "/etc/os-release is read on the host, not here",
    "SC2034": "the places of preprod.paths stand before every script, whether it uses them or not",
}


def bin_(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


def trees(folder: str) -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text()) for path in sorted((PACKAGE / folder).glob("*.py"))}


def decorated(tree: ast.Module, decorator: str) -> Iterator[ast.FunctionDef]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            names = [d.func if isinstance(d, ast.Call) else d for d in node.decorator_list]
            if any(isinstance(name, ast.Name) and name.id == decorator for name in names):
                yield node


OPERATIONS = {
    f"{path.stem}.{node.name}": node
    for path, tree in trees("operations").items()
    for node in decorated(tree, "operation")
}
FACTS = {
    f"{path.stem}.{node.name}": node
    for path, tree in trees("facts").items()
    for node in tree.body
    if isinstance(node, ast.ClassDef)
    and any(ast.unparse(base).startswith(("FactBase", "DockerFact")) for base in node.bases)
    and node.name != "DockerFact"
}
CALLS = [
    pytest.param(call, id=f"{path.stem} {ast.unparse(call.func)}:{call.lineno}")
    for path, tree in trees("deploys").items()
    for call in ast.walk(tree)
    if isinstance(call, ast.Call) and ast.unparse(call.func) in OPERATIONS
]


def test_imports_only_point_down() -> None:
    done = subprocess.run([bin_("lint-imports"), "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert "2 kept, 0 broken" in done.stdout


def test_the_story_uses_every_operation_itself_or_within_another() -> None:
    calls = {
        ast.unparse(node.func)
        for tree in trees("operations").values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
    }
    nested = {name for name in OPERATIONS if f"{name}._inner" in calls}
    told = {ast.unparse(param.values[0].func) for param in CALLS}
    assert (told | nested, told & nested) == (set(OPERATIONS), set())


@pytest.mark.parametrize("call", CALLS)
def test_every_operation_call_has_a_name_and_no_condition(call: ast.Call) -> None:
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    name = given.get("name")
    assert isinstance(name, ast.Constant), "without a name pyinfra makes one of the arguments"
    assert name.value
    # A conditional operation never counts as a change in pyinfra's plan, and neither would it in ours.
    assert "_if" not in given


@pytest.mark.parametrize(("name", "function"), OPERATIONS.items(), ids=OPERATIONS)
def test_every_operation_documents_its_arguments_with_an_example(name: str, function: ast.FunctionDef) -> None:
    text = ast.get_docstring(function) or ""
    documented = [line[2:].partition(":")[0] for line in text.splitlines() if line.startswith("+ ")]
    assert documented == [argument.arg for argument in (*function.args.args, *function.args.kwonlyargs)]
    call = example(text)
    assert ast.unparse(call.func) == name
    assert {keyword.arg for keyword in call.keywords} <= {"name", *documented}
    assert "name" in {keyword.arg for keyword in call.keywords}


@pytest.mark.parametrize(("name", "fact"), FACTS.items(), ids=FACTS)
def test_every_fact_documents_its_parameters_with_an_example(name: str, fact: ast.ClassDef) -> None:
    text = ast.get_docstring(fact) or ""
    (command,) = [node for node in fact.body if isinstance(node, ast.FunctionDef) and node.name == "command"]
    wanted = [argument.arg for argument in command.args.args[1:]]
    assert [line.split()[1].rstrip(":") for line in text.splitlines() if line.startswith(":param ")] == wanted
    assert f"host.get_fact({fact.name}" in text.partition(".. code:: python")[2]


def example(docstring: str) -> ast.Call:
    code = docstring.partition(".. code:: python")[2]
    module = ast.parse("\n".join(line.removeprefix("    ") for line in code.splitlines()))
    call = module.body[0]
    assert isinstance(call, ast.Expr)
    assert isinstance(call.value, ast.Call)
    return call.value


def scripts() -> dict[str, str]:
    """Every shell script as it reaches a host or an image."""
    sources = {path: path.read_text() for path in shell._SCRIPTS.glob("*.sh")}
    included = {line.split()[1] for text in sources.values() for line in text.splitlines() if line[:9] == "#include "}
    ours = {
        path.name: f"#!/bin/sh\nset -eu\n{shell._PLACES}\n{shell.text(path.stem)}\n"
        for path in sources
        if path.stem not in included
    }
    whole = [*ROOT.glob("templates/**/*.sh"), *ROOT.glob("files/images/**/*.sh")]
    rules = {firewall.NAME: firewall.script(Settings().firewall_allow)}
    return ours | {str(path.relative_to(ROOT)): path.read_text() for path in whole} | rules


@pytest.mark.parametrize("name", scripts())
def test_every_script_satisfies_shellcheck(name: str) -> None:
    done = subprocess.run(
        [bin_("shellcheck"), f"--exclude={','.join(SHELLCHECK_ALLOWED)}", "-"],
        input=scripts()[name],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


def test_an_included_script_is_there_whole() -> None:
    assert shell.text("engine-service") in shell.text("engine-restart")
    assert not [path.name for path in shell._SCRIPTS.glob("*.sh") if "#include" in shell.text(path.stem)]


def test_arguments_reach_a_script_as_they_are() -> None:
    awkward = ["two words", "it's", '"$(id)"', "", "*", "-n"]
    command = shell.inline('for a in "$@"; do printf "<%s>" "$a"; done', *awkward)
    done = subprocess.run(["sh", "-c", command.get_raw_value()], capture_output=True, text=True)
    assert done.stdout == "".join(f"<{argument}>" for argument in awkward)
