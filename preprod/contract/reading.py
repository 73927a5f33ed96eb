"""From YAML to a contract; what is wrong is said with file, line and field."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path as FilePath
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from yaml.reader import ReaderError

from preprod.contract.check_privacy import check_privacy
from preprod.contract.check_sections import check_sections
from preprod.contract.check_signals import check_signals
from preprod.contract.model import Contract
from preprod.contract.problems import ContractError, Path, Problem, Problems, field

_SCHEMA = Contract.model_json_schema()

_WANTED = {
    "string_type": "write a text, in quotes if it looks like a number",
    "int_type": "write a whole number",
    "float_type": "write a number",
    "bool_type": "write true or false",
    "tuple_type": "write a list",
    "dict_type": "write a mapping",
    "model_type": "write a mapping",
    "too_short": "name at least one",
    "string_too_short": "do not leave it empty",
}


class _Loader(yaml.SafeLoader):
    """Safe YAML without what hides mistakes: aliases, and keys that are given twice."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(problem="aliases are not read: write the value out", problem_mark=mark)
        return super().compose_node(parent, index)

    def tuple_of(self, node: yaml.SequenceNode) -> tuple[Any, ...]:
        """Lists become tuples, which do not change."""
        return tuple(self.construct_sequence(node, deep=True))

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """A value of the type that its tag or its look says; PyYAML alone lets Python's own errors out."""
        try:
            return super().construct_object(node, deep)
        except (AttributeError, LookupError, ValueError):
            kind = node.tag.rpartition(":")[2]
            problem = f"'{node.value}' is no {kind}: write another value, or put it in quotes if it is a text"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark) from None


_Loader.add_constructor("tag:yaml.org,2002:seq", _Loader.tuple_of)


def load(path: FilePath) -> Contract:
    """The contract of a file.

    :raises ContractError: the file cannot be read, or the contract is wrong; names every problem.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ContractError(f"{path}: cannot be read ({reason})") from None
    return loads(text, str(path))


def loads(text: str, source: str) -> Contract:
    """The contract of a text.

    :param source: what to call the text in a refusal.
    :raises ContractError: names every problem.
    """
    data, lines = _parsed(text, source)
    contract, problems = _validated(data)
    if contract and not problems:
        problems = list(chain(check_signals(contract), check_sections(contract), check_privacy(contract)))
    if contract is None or problems:
        raise ContractError("\n".join(_sentences(problems, lines, source)))
    return contract


def _parsed(text: str, source: str) -> tuple[Any, dict[Path, int]]:
    loader = _loader(text, source)
    try:
        node = loader.get_single_node()
        if not isinstance(node, yaml.MappingNode):
            raise ContractError(f"{source}:1: a mapping is expected, as in docs/contract.schema.json")
        lines = dict(_lines(node, ()))
        return loader.construct_document(node), lines
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ContractError(f"{source}:{line}: is no YAML ({error.problem})") from None
    finally:
        loader.dispose()


def _loader(text: str, source: str) -> _Loader:
    try:
        return _Loader(text)
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        problem = f"it holds the character U+{error.character:04X}, which no YAML file may: remove it"
        raise ContractError(f"{source}:{line}: is no YAML ({problem})") from None


def _lines(node: yaml.Node, path: Path) -> Iterator[tuple[Path, int]]:
    """Path -> line of the key, or of the list entry."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a key must be a text", problem_mark=key.start_mark)
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"key '{key.value}' is given twice", problem_mark=key.start_mark)
            seen.add(key.value)
            yield (*path, key.value), key.start_mark.line + 1
            yield from _lines(value, (*path, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for at, entry in enumerate(node.value):
            yield (*path, at), entry.start_mark.line + 1
            yield from _lines(entry, (*path, at))


def _validated(data: Any) -> tuple[Contract | None, list[Problem]]:
    try:
        return Contract.model_validate(data), []
    except ValidationError as error:
        # A list whose entries are wrong is told to be too short as well.
        return None, [
            _problem(detail) for detail in error.errors() if detail["type"] != "too_short" or not detail["input"]
        ]


def _problem(detail: ErrorDetails) -> Problem:
    path = tuple(part for part in detail["loc"] if part != "[key]")
    kind, given = detail["type"], detail["input"]
    if kind == "missing":
        return Problem(path[:-1], f"lacks '{path[-1]}': add it ({_described(path)})")
    if kind == "extra_forbidden":
        return Problem(path[:-1], f"has the unknown key '{path[-1]}'{_nearest(path)}", path)
    return Problem(path, f"is {_shown(given)}: {_WANTED.get(kind, detail['msg'])}")


def _shown(given: object) -> str:
    if given in (None, "", (), {}):
        return "empty"
    if isinstance(given, tuple | dict):
        return "a list" if isinstance(given, tuple) else "a mapping"
    return repr(given)[:80]


def _described(path: Path) -> str:
    return str(_schema_at(path[:-1])["properties"][path[-1]]["description"]).rstrip(".")


def _nearest(path: Path) -> str:
    known = list(_schema_at(path[:-1])["properties"])
    close = difflib.get_close_matches(str(path[-1]), known, n=1, cutoff=0.5)
    return f": did you mean '{close[0]}'?" if close else f": it may have {', '.join(known)}"


def _schema_at(path: Path) -> Mapping[str, Any]:
    schema: Mapping[str, Any] = _SCHEMA
    for part in path:
        schema = _resolved(schema.get("properties", {}).get(part) or _entry(schema))
    return schema


def _entry(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema of any entry of a mapping or list; keys of a given form are pattern properties."""
    for values in schema.get("patternProperties", {}).values():
        return dict(values)
    return dict(schema.get("additionalProperties") or schema["items"])


def _resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    for option in (schema, *schema.get("anyOf", ())):
        if "$ref" in option:
            return dict(_SCHEMA["$defs"][option["$ref"].rpartition("/")[2]])
    return schema


def _sentences(problems: Problems, lines: Mapping[Path, int], source: str) -> list[str]:
    placed = sorted(
        ((_line(problem.at or problem.path, lines), problem) for problem in problems), key=lambda pair: pair[0]
    )
    return [f"{source}:{line}: {field(problem.path) or 'the contract'} {problem.sentence}" for line, problem in placed]


def _line(path: Path, lines: Mapping[Path, int]) -> int:
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)
