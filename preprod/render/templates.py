"""The one Jinja environment: a missing variable is an error, and a template says what it means."""

from __future__ import annotations

import json
from pathlib import Path

import jinja2

ROOT = Path(__file__).resolve().parents[2]
"""The checkout: templates and recipes are read from it, an editable install keeps it in place."""

_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.FileSystemLoader(ROOT / "templates"),
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
# A JSON string is a YAML string: quoting that no value can break out of.
_ENVIRONMENT.filters["quoted"] = lambda value: json.dumps(value, ensure_ascii=False)


def rendered(template: str, **values: object) -> str:
    """A template's text with these values.

    :raises jinja2.UndefinedError: the template names a value that was not given.
    """
    return _ENVIRONMENT.get_template(template).render(values)
