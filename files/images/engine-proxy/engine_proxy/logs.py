"""The program's own errors: one JSON object a line."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime


class JsonLines(logging.Formatter):
    """Writes records in the fields that the app's log lines have."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "service": "engine-proxy",
            "log_type": "app",
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception_stacktrace"] = self.formatException(record.exc_info)
        return json.dumps(line)


def _logger() -> logging.Logger:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines())
    logger = logging.getLogger("engine_proxy")
    logger.addHandler(handler)
    logger.propagate = False
    return logger


log = _logger()
