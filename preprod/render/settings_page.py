"""``docs/settings.md``, generated from the model: ``python -m preprod.render.settings_page`` writes it."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic.fields import FieldInfo

from preprod.observability import ObservabilitySettings
from preprod.render.generated import write_or_check
from preprod.render.templates import ROOT
from preprod.settings import Settings

PAGE = ROOT / "docs" / "settings.md"

_HEAD = """# Settings

Generated from `preprod/settings.py` and `preprod/observability.py` by
`python -m preprod.render.settings_page`; do not edit.

Set them in `group_data/<group>.py`, for one host in the inventory, or for one run with `--data name=value`: the later
of these is stronger. An unknown or ill-typed setting stops the run before anything is touched.
"""

_SECTION = re.compile(r"^    # -- (?P<title>.+?) -+$|^    (?P<name>\w+):", re.MULTILINE)
"""The headings that part the model, and its fields."""

Schema = Mapping[str, Any]


def page() -> str:
    """The whole page; sections and order are those of the models' sources."""
    schema = Settings.model_json_schema(mode="validation")
    parts = [_HEAD]
    for found in _SECTION.finditer(inspect.getsource(Settings) + inspect.getsource(ObservabilitySettings)):
        name = found["name"]
        if found["title"]:
            parts.append(f"## {found['title'].capitalize()}\n")
        elif name in Settings.model_fields:
            parts.append(_entry(name, Settings.model_fields[name], schema))
    return "\n".join(parts)


def _entry(name: str, field: FieldInfo, schema: Schema) -> str:
    kind = _kind(schema["properties"][name], schema["$defs"])
    return f"### `{name}`\n\n{kind[0].upper()}{kind[1:]}. Default: `{_default(name)}`\n\n{field.description}\n"


def _default(name: str) -> str:
    value = Settings.model_construct().model_dump(mode="json")[name]
    return repr(value)


def _kind(schema: Schema, definitions: Schema) -> str:
    """A JSON schema in plain words."""
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_kind(option, definitions) for option in schema["anyOf"]))
    if "$ref" in schema:
        return _fields(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if "enum" in schema:
        return "one of " + ", ".join(f"`{value!r}`" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list; each entry: {_kind(schema['items'], definitions)}"
    if schema.get("type") == "object":
        return _mapping(schema, definitions)
    return _scalar(schema)


def _fields(schema: Schema, definitions: Schema) -> str:
    inner = schema["properties"].items()
    listed = "; ".join(
        f"`{name}`, {_kind(part, definitions)} ({part['description'].rstrip('.')})" for name, part in inner
    )
    return f"mapping with {listed}"


def _mapping(schema: Schema, definitions: Schema) -> str:
    values = schema.get("additionalProperties")
    return f"mapping of names to: {_kind(values, definitions)}" if isinstance(values, dict) else "mapping"


def _scalar(schema: Schema) -> str:
    formats = {"ipvanynetwork": "IPv4 or IPv6 network"}
    names = {"integer": "whole number", "number": "number", "boolean": "`True` or `False`", "null": "`None`"}
    kind = formats.get(schema.get("format", "")) or names.get(schema["type"], "text")
    return ", ".join([kind, *_bounds(schema)])


def _bounds(schema: Schema) -> Iterable[str]:
    words = {"minimum": "at least {}", "maximum": "at most {}", "maxLength": "at most {} characters"}
    for key, phrase in words.items():
        if key in schema:
            yield phrase.format(schema[key])
    if "pattern" in schema:
        yield f"of the form `{schema['pattern']}`".replace("\n", r"\n")


def main(arguments: Iterable[str]) -> str | None:
    """Write the page, or with ``--check`` say in a sentence that it is stale."""
    return write_or_check(PAGE, page(), "preprod.render.settings_page", arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
