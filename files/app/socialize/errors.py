"""Errors as clients see them: one shape, and never a value that was sent or an exception's text."""

import logging
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy import exc
from starlette.exceptions import HTTPException

from socialize.logs import correlation_id

_log = logging.getLogger(__name__)

# Spelled out: names in http.HTTPStatus change between Python releases.
_CODES = {
    400: ("bad_request", "The request cannot be read."),
    401: ("unauthorized", "A valid session token is needed."),
    403: ("forbidden", "Your role does not allow that."),
    404: ("not_found", "There is nothing here."),
    405: ("method_not_allowed", "This address does not take that method."),
    409: ("conflict", "This exists already."),
    413: ("payload_too_large", "The request body is too large."),
    422: ("validation_failed", "The request is not valid."),
    429: ("too_many_requests", "Too many attempts; try again later."),
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


class Fault(BaseModel):
    """What went wrong: a code for programs and a sentence for people."""

    code: str
    message: str


class ErrorBody(BaseModel):
    """The body of every answer that is not a success."""

    error: Fault
    correlation_id: str


class ApiError(HTTPException):
    """An answer other than success, with a message of our own."""

    def __init__(
        self, status: int, message: str, headers: Mapping[str, str] | None = None, code: str | None = None
    ) -> None:
        """
        Args:
            status: HTTP status code, one of those in the table of codes.
            message: a sentence for the client; must not hold what the client sent.
            headers: further response headers.
            code: a code of its own, where that of the status says too little.
        """
        super().__init__(status, message, headers)
        self.code = code


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The errors of an endpoint for the OpenAPI document."""
    return {status: {"model": ErrorBody, "description": _CODES[status][1]} for status in statuses}


COMMON = responses(400, 413, 422, 500, 503)
"""The errors that any endpoint with a body, a path parameter or a look at the database can give."""


def error_response(
    status: int, message: str | None = None, headers: Mapping[str, str] | None = None, code: str | None = None
) -> JSONResponse:
    """The uniform error, an `ErrorBody`."""
    standard_code, standard = _CODES.get(status, ("error", "The request failed."))
    fault = Fault(code=code or standard_code, message=message or standard)
    body = ErrorBody(error=fault, correlation_id=correlation_id.get())
    return JSONResponse(body.model_dump(), status, headers)


def install_error_handlers(app: FastAPI) -> None:
    """Make every error of `app` uniform, also those of the framework."""
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    for kind in (exc.OperationalError, exc.InterfaceError, exc.TimeoutError):
        app.add_exception_handler(kind, _database_error)


async def _http_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101  (narrows the type that Starlette promises)
    if isinstance(error, ApiError):
        return error_response(error.status_code, error.detail, error.headers, error.code)
    return error_response(error.status_code, headers=error.headers)


async def _validation_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101  (as above)
    return error_response(422, "Not valid: " + "; ".join(map(_fault, error.errors())) + ".")


async def _database_error(_: Request, error: Exception) -> JSONResponse:
    _log.error("the database failed a request", exc_info=error, extra={"dependency": "postgres"})
    return error_response(503, headers={"Retry-After": "5"})


def _fault(error: Mapping[str, Any]) -> str:
    # The last part of these places is the client's own text or an offset, not a name of ours.
    foreign = error["type"] in ("extra_forbidden", "json_invalid")
    place = error["loc"][:-1] if foreign else error["loc"]
    rule = _RULES.get(error["type"], "is not valid").format(**error.get("ctx", {}))
    return f"{'.'.join(map(str, place))} {rule}"
