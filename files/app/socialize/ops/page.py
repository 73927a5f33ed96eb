"""The pages: HTML from the report. They load nothing, run no script, and carry a policy that allows none."""

import base64
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.resources import files

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from socialize.ops.report import Report

REFRESH_SECONDS = 30

_STYLE = files("socialize.ops").joinpath("templates/style.css").read_text(encoding="utf-8")
_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_DIGEST}'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}


def _percent(share: float, digits: int = 2) -> str:
    """Rounded, but never to all."""
    most = 100 - 10**-digits
    if most < share * 100 < 100:
        return f"> {most:.{digits}f} %"
    return f"{share * 100:.{digits}f} %"


def _age(since: datetime) -> str:
    seconds = max(0.0, (datetime.now(UTC) - since).total_seconds())
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size:.0f} {unit}"
    return f"{seconds:.0f} s"


_templates = Environment(
    loader=PackageLoader("socialize.ops"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters |= {"percent": _percent, "age": _age}
_templates.globals["style"] = _STYLE


def report_page(report: Report, *, live: bool) -> HTMLResponse:
    """The report.

    Args:
        report: to be shown.
        live: whether the page loads itself anew every `REFRESH_SECONDS`.
    """
    return _html("ops.html.j2", 200, report=report, refresh=REFRESH_SECONDS if live else None)


def log_in_page(status: int, message: str = "", headers: Mapping[str, str] | None = None) -> HTMLResponse:
    """The form to log in, and why it is shown again.

    Args:
        status: HTTP status.
        message: a sentence of our own.
        headers: further response headers.
    """
    answer = _html("log_in.html.j2", status, message=message)
    answer.headers.update(headers or {})
    return answer


def refused_page() -> HTMLResponse:
    """For somebody who has logged in and is no administrator."""
    return _html("refused.html.j2", 403)


def _html(template: str, status: int, **values: object) -> HTMLResponse:
    return HTMLResponse(_templates.get_template(template).render(values), status, _HEADERS)
