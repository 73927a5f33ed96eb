"""``docs/settings.md``, generated from the model: ``python -m preprod.render.settings_page`` writes it."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic.fields import FieldInfo

from preprod.notifications import NotificationSettings
from preprod.observability import ObservabilitySettings
from preprod.render.generated import write_or_check
from preprod.render.templates import ROOT
from preprod.settings import Settings

PAGE = ROOT / "docs" / "settings.md"

_HEAD = """# Settings

Generated from `preprod/settings.py`, `preprod/observability.py` and `preprod/notifications.py` by
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
    sources = "".join(map(inspect.getsource, (Settings, ObservabilitySettings, NotificationSettings)))
    for found in _SECTION.finditer(sources):
        name = found["name"]
        if found["title"]:
            parts.append(f"## {found['title'].capitalize()}\n")
        elif name in Settings.model_fields:
            parts.append(_entry(name, Settings.model_fields[name], schema))
    return "\n".join(parts)


def _entry(name: str, field: FieldInfo, schema: Schema) -> str:
    kind = _kind(schema["properties"][name], schema["$defs"])
    said = f"{kind[0].upper()}{kind[1:]}" if kind.endswith("\n") else f"{kind[0].upper()}{kind[1:]}. "
    return f"### `{name}`\n\n{said}Default: `{_default(name)}`\n\n{field.description}\n"


def _default(name: str) -> str:
    value = Settings.model_construct().model_dump(mode="json")[name]
    return repr(value)


def _kind(schema: Schema, definitions: Schema) -> str:
    """A JSON schema in plain words."""
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_kind(option, definitions) for option in schema["anyOf"]))
    if "oneOf" in schema:
        return _either([definitions[option["$ref"].rpartition("/")[2]] for option in schema["oneOf"]], definitions)
    if "const" in schema:
        return f"`{schema['const']!r}`"
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
    return f"mapping with {_listed(schema['properties'], definitions)}"


def _listed(properties: Schema, definitions: Schema) -> str:
    return "; ".join(
        f"`{name}`, {_kind(part, definitions)} ({part['description'].rstrip('.')})" for name, part in properties.items()
    )


def _either(options: Sequence[Schema], definitions: Schema) -> str:
    """Mappings of several kinds: what all of them have, then a list of what each has besides."""
    first, *others = (option["properties"] for option in options)
    shared = {name: part for name, part in first.items() if all(other.get(name) == part for other in others)}
    own = [
        _listed({name: part for name, part in option["properties"].items() if name not in shared}, definitions)
        for option in options
    ]
    return (
        f"mapping with {_listed(shared, definitions)}; and one of\n\n" + "\n".join(f"- {one}" for one in own) + "\n\n"
    )


def _mapping(schema: Schema, definitions: Schema) -> str:
    values = next(iter(schema.get("patternProperties", {}).values()), schema.get("additionalProperties"))
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
