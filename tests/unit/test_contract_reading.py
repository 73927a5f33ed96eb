"""How the file of a telemetry contract is read, and what is said to one that cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from preprod.contract import ContractError, load, loads
from unit.contracts import GIVEN, Wrong, refusal, refusal_of

REFUSED: dict[str, Wrong] = {
    "an unknown key": (
        "    unit: s\n",
        "    units: s\n",
        ["26: histograms.'shop.basket.duration' lacks 'unit': add it (UCUM: `1`, `s`, `By`, or what is counted, as in "
         "`{request}`)",
         "28: histograms.'shop.basket.duration' has the unknown key 'units': did you mean 'unit'?"],
    ),
    "a name that is none": (
        "  bill: {",
        "  Bill customers: {",
        ["38: jobs.'Bill customers' is 'Bill customers': a name of lower-case letters, digits and '_', '-' or '.' is "
         "expected"],
    ),
    "a key that is no text": (
        "description: A shop.",
        "? [description]\n: A shop.",
        ["2: is no YAML (a key must be a text)"],
    ),
    "a mapping for a list": (
        "[1, 10, 100]",
        "{a: 1}",
        ["30: histograms.'shop.basket.duration'.buckets is a mapping: write a list"],
    ),
    "a list that is empty": (
        "[1, 10, 100]",
        "[]",
        ["30: histograms.'shop.basket.duration'.buckets is empty: name at least one"],
    ),
    "a text for a number": (
        "at_most: 10,",
        "at_most: ten,",
        ["31: histograms.'shop.basket.duration'.expect.at_most is 'ten': write a number"],
    ),
    "a key given twice": (
        "description: A shop.",
        "description: A shop.\ndescription: Another.",
        ["3: is no YAML (key 'description' is given twice)"],
    ),
    "an alias": (
        "{shop-api: The API.}",
        "{shop-api: &api The API., other: *api}",
        ["3: is no YAML (aliases are not read: write the value out)"],
    ),
    "a control character": (
        "description: A shop.",
        "description: A\x07shop.",
        ["2: is no YAML (it holds the character U+0007, which no YAML file may: remove it)"],
    ),
    "a date that is none": (
        "every_seconds: 60",
        "every_seconds: 2020-13-45",
        ["38: is no YAML ('2020-13-45' is no timestamp: write another value, or put it in quotes if it is a text)"],
    ),
    "a number that is none": (
        "every_seconds: 60",
        "every_seconds: !!int abc",
        ["38: is no YAML ('abc' is no int: write another value, or put it in quotes if it is a text)"],
    ),
    "a time that is none": (
        "every_seconds: 60",
        "every_seconds: !!timestamp abc",
        ["38: is no YAML ('abc' is no timestamp: write another value, or put it in quotes if it is a text)"],
    ),
    "a truth that is none": (
        "every_seconds: 60",
        "every_seconds: !!bool abc",
        ["38: is no YAML ('abc' is no bool: write another value, or put it in quotes if it is a text)"],
    ),
    "no number at all": (
        "every_seconds: 60",
        "every_seconds: !!int ''",
        ["38: is no YAML ('' is no int: write another value, or put it in quotes if it is a text)"],
    ),
    "no YAML": (
        "{shop-api: The API.}",
        "{shop-api: The API.",
        ["4: is no YAML (expected ',' or '}', but got ':')"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("wrong", REFUSED.values(), ids=REFUSED)
def test_a_wrong_contract_is_told_file_line_field_and_remedy(wrong: Wrong) -> None:
    assert refusal_of(wrong) == wrong[2]


def test_every_problem_is_told_at_once_in_the_order_of_the_file() -> None:
    wrong = GIVEN.replace("unit: s\n", "unit: ms\n").replace("  service.version: Version.\n", "").replace("V-000", "W-")
    assert [line.split(":")[1] for line in refusal(wrong).splitlines()] == ["4", "27", "52"]


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just a text\n"])
def test_a_file_that_is_no_mapping_is_told_so(text: str) -> None:
    assert refusal(text) == "wrong.yaml:1: a mapping is expected, as in docs/contract.schema.json"


def test_a_file_that_cannot_be_read_is_told_so(tmp_path: Path) -> None:
    for path, reason in ((tmp_path / "none.yaml", "No such file or directory"), (tmp_path, "Is a directory")):
        with pytest.raises(ContractError) as caught:
            load(path)
        assert str(caught.value) == f"{path}: cannot be read ({reason})"
    (tmp_path / "latin.yaml").write_bytes(b"\xe9")
    with pytest.raises(ContractError) as caught:
        load(tmp_path / "latin.yaml")
    assert str(caught.value).endswith("cannot be read (it is not UTF-8 text)")


def places(data: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in inner:
        yield (*path, key)
        yield from places(value, (*path, key))


PLACES = list(places(yaml.safe_load(GIVEN)))


@pytest.mark.parametrize("value", [None, 7, "~odd value~", [1], {"odd": 1}], ids=str)
def test_no_value_anywhere_is_more_than_it_can_bear(value: object) -> None:
    refusals = [str(error) for error in map(refused, (changed(path, value) for path in PLACES)) if error]
    assert len(refusals) > len(PLACES) / 3
    assert all(line.startswith("wrong.yaml:") for text in refusals for line in text.splitlines())


def changed(path: tuple[str | int, ...], value: object) -> str:
    data = yaml.safe_load(GIVEN)
    inner = data
    for part in path[:-1]:
        inner = inner[part]
    inner[path[-1]] = value
    return yaml.safe_dump(data, sort_keys=False)


def refused(text: str) -> ContractError | None:
    try:
        loads(text, "wrong.yaml")
    except ContractError as error:
        return error
    return None
