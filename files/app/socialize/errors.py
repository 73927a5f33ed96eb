"""Errors as clients see them: one shape, and never a value that was sent or an exception's text."""

import logging
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy import exc
from starlette.exceptions import HTTPException

from socialize.logs import correlation_id

_log = logging.getLogger(__name__)

# Spelled out: names in http.HTTPStatus change between Python releases.
_CODES = {
    400: ("bad_request", "The request cannot be read."),
    401: ("unauthorized", "A valid session token is needed."),
    404: ("not_found", "There is nothing here."),
    405: ("method_not_allowed", "This address does not take that method."),
    409: ("conflict", "This exists already."),
    413: ("payload_too_large", "The request body is too large."),
    422: ("validation_failed", "The request is not valid."),
    500: ("internal_error", "Something went wrong on our side."),
    503: ("unavailable", "The service cannot answer now; try again."),
}

# Our own words: pydantic's messages may quote the input. The placeholders are limits of the rule.
_RULES = {
    "missing": "is missing",
    "extra_forbidden": "has a field that does not exist here",
    "json_invalid": "is not JSON",
    "string_type": "must be text",
    "string_too_short": "needs at least {min_length} characters",
    "string_too_long": "may have at most {max_length} characters",
    "too_short": "needs at least {min_length} characters",
    "too_long": "may have at most {max_length} characters",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "uuid_parsing": "must be a UUID",
}


class ApiError(HTTPException):
    """An answer other than success, with a message of our own."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        """
        Args:
            status: HTTP status code, one of those in the table of codes.
            message: a sentence for the client; must not hold what the client sent.
            headers: further response headers.
        """
        super().__init__(status, message, headers)


def error_response(
    status: int, message: str | None = None, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """The uniform error: ``{"error": {"code", "message"}, "correlation_id"}``."""
    code, standard = _CODES.get(status, ("error", "The request failed."))
    error = {"code": code, "message": message or standard}
    return JSONResponse({"error": error, "correlation_id": correlation_id.get()}, status, headers)


def install_error_handlers(app: FastAPI) -> None:
    """Make every error of `app` uniform, also those of the framework."""
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    for kind in (exc.OperationalError, exc.InterfaceError, exc.TimeoutError):
        app.add_exception_handler(kind, _database_error)


async def _http_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101  (narrows the type that Starlette promises)
    message = error.detail if isinstance(error, ApiError) else None
    return error_response(error.status_code, message, error.headers)


async def _validation_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101  (as above)
    return error_response(422, "Not valid: " + "; ".join(map(_fault, error.errors())) + ".")


async def _database_error(_: Request, error: Exception) -> JSONResponse:
    _log.error("the database failed a request", exc_info=error)
    return error_response(503, headers={"Retry-After": "5"})


def _fault(error: Mapping[str, Any]) -> str:
    # The last part of these places is the client's own text or an offset, not a name of ours.
    foreign = error["type"] in ("extra_forbidden", "json_invalid")
    place = error["loc"][:-1] if foreign else error["loc"]
    rule = _RULES.get(error["type"], "is not valid").format(**error.get("ctx", {}))
    return f"{'.'.join(map(str, place))} {rule}"
