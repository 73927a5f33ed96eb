"""Alloy: takes the app's metrics and traces, reads the containers' lines, redacts all of it, and hands it on.

Every signal waits in a queue on disk until its store has taken it. Lines go the same way as traces and metrics, so
that they, too, survive a restart of Alloy while Loki is away, and so that Docker's files may rotate meanwhile.
"""

from __future__ import annotations

from preprod.paths import PROJECT
from preprod.render.bundle import Bundle, File
from preprod.render.observability import redaction, windows
from preprod.render.observability.prometheus import app_jobs
from preprod.render.observability.view import View
from preprod.render.templates import ROOT, rendered

LEVELS = {
    "debug": ("debug", "trace"),
    "info": ("info", "notice", "log"),
    "warning": ("warning", "warn"),
    "error": ("error", "err"),
    "critical": ("critical", "crit", "fatal", "panic"),
}
"""Level -> what programs call it, in lower case; `log` is PostgreSQL's."""


def files(view: View) -> Bundle:
    """Configuration, and the script that has it read again."""
    reload = (ROOT / "templates/alloy/reload.sh").read_text(encoding="utf-8")
    return {
        "alloy/config.alloy": File(_configuration(view), takes_effect="reload", service="alloy"),
        "alloy/reload.sh": File(reload),
    }


def _configuration(view: View) -> str:
    settings, contract = view.settings, view.contract
    memory = view.chosen["alloy"].component.memory_mb
    return rendered(
        "alloy/config.alloy.j2",
        metrics=view.prometheus_takes_otlp and not view.app_is_scraped,
        traces=view.has("tempo"),
        lines=view.has("loki"),
        settings=settings,
        project=PROJECT,
        # Room for what is not OTLP: the lines under way, the mapped files of the queues.
        memory_mb=memory * 7 // 10,
        data=view.chosen["alloy"].image.data_path,
        names=app_jobs(contract),
        log_types=list(contract.logs.types),
        levels=LEVELS,
        queues={
            "prometheus": windows.metric_queue(settings),
            "tempo": windows.trace_queue(settings),
            "loki": windows.line_queue(settings),
        },
        lines_age=windows.LINES_AGE,
        attributes=redaction.attributes(contract),
        span=redaction.text(contract, "name", "status.message"),
        event=redaction.text(contract, "name"),
        line=redaction.line(contract),
        river=redaction.river,
    )
