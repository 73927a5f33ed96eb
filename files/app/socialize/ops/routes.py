"""Addresses of the operations page: the document for programs, the pages for people.

People log in here with a cookie of their own: it goes to these pages alone, scripts cannot read it, forms of
other sites do not carry it. The API takes bearer tokens and never the cookie: no site can use it there.
"""

from typing import Annotated, Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.security import APIKeyCookie
from pydantic import ValidationError

from socialize.database import Db
from socialize.errors import COMMON, ApiError, responses
from socialize.logs import remember
from socialize.ops import page
from socialize.ops.report import Report
from socialize.ops.taking import take
from socialize.sessions import (
    Credentials,
    CurrentAdmin,
    Session,
    authenticate,
    end_session,
    live_session,
    start_session,
)
from socialize.signals import AUTHENTICATION_FAILURES
from socialize.users import User

router = APIRouter(tags=["operations"], responses=COMMON)

COOKIE = "socialize_admin"
COOKIE_PATH = "/admin"
PAGE = "/admin/ops"
SESSION_HOURS = 8
"""A day's work: a browser left open somewhere is no way in tomorrow."""

_cookie = APIKeyCookie(name=COOKIE, auto_error=False)
_HTML: dict[str, Any] = {"content": {"text/html": {"schema": {"type": "string"}}}}
_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "required": ["email", "password"],
                    "properties": {"email": {"type": "string"}, "password": {"type": "string"}},
                }
            }
        },
    }
}


def _pages(*statuses: int) -> dict[int | str, dict[str, Any]]:
    said = {
        200: "The page.",
        401: "The form to log in.",
        403: "Not an administrator.",
        422: "The form again.",
        429: "The form again.",
    }
    return {status: _HTML | {"description": said[status]} for status in statuses}


@router.get("/api/admin/ops", responses=responses(401, 403))
async def operations(_: CurrentAdmin, request: Request, response: Response, db: Db) -> Report:
    """How the deployment is, for its administrators."""
    response.headers["Cache-Control"] = "no-store"
    return await take(request.app, db)


async def _browser_session(db: Db, token: Annotated[str | None, Depends(_cookie)]) -> Session | None:
    if not token:
        return None
    session = await live_session(db, token)
    if not session:
        AUTHENTICATION_FAILURES.add("invalid_session")
    return session


BrowserSession = Annotated[Session | None, Depends(_browser_session)]
"""The session of the cookie; None without a live one."""


# A class without a type of its own: FastAPI would say of the common errors, too, that they are HTML.
@router.get(PAGE, response_class=Response, responses=_pages(200, 401, 403))
async def operations_page(
    session: BrowserSession, request: Request, db: Db, live: bool = False
) -> HTMLResponse:
    """The same as a page, which asks to log in first; `live` lets it load itself anew."""
    if not session:
        return page.log_in_page(401)
    remember("user_id", session.user_id)
    user = await db.get_one(User, session.user_id)
    if user.role != "admin":
        return page.refused_page()
    return page.report_page(await take(request.app, db), live=live)


@router.post(
    "/admin/log-in",
    status_code=303,
    response_class=RedirectResponse,
    responses=_pages(401, 403, 422, 429),
    openapi_extra=_FORM,
)
async def log_in_to_operations(request: Request, db: Db) -> Response:
    """Log a browser in; gives it a cookie for the pages here."""
    if _comes_from_another_site(request):
        return page.log_in_page(403, "Please log in on this page.")
    try:
        user = await authenticate(await _credentials(request), db, request)
    except ApiError as refusal:
        return page.log_in_page(refusal.status_code, refusal.detail, refusal.headers)
    if user.role != "admin":
        await db.commit()
        return page.refused_page()
    hours = min(SESSION_HOURS, request.app.state.settings.session_ttl_hours)
    token, _ = await start_session(db, user, hours)
    answer = RedirectResponse(PAGE, 303)
    secure = request.app.state.settings.public_url.startswith("https://")
    # Not strict: a link in a mail or a message would then always end at the form.
    answer.set_cookie(COOKIE, token, path=COOKIE_PATH, secure=secure, httponly=True, samesite="lax")
    return answer


@router.post("/admin/log-out", status_code=303, response_class=RedirectResponse)
async def log_out_of_operations(session: BrowserSession, request: Request, db: Db) -> Response:
    """End the browser's session."""
    answer = RedirectResponse(PAGE, 303)
    if _comes_from_another_site(request):
        return answer
    if session:
        await end_session(db, session)
    answer.delete_cookie(COOKIE, path=COOKIE_PATH, httponly=True, samesite="lax")
    return answer


async def _credentials(request: Request) -> Credentials:
    try:
        form = parse_qs((await request.body()).decode(), max_num_fields=10)
        return Credentials.model_validate({name: values[-1] for name, values in form.items()})
    except (ValidationError, ValueError):
        raise ApiError(422, "Please give an e-mail address and a password.") from None


def _comes_from_another_site(request: Request) -> bool:
    """Whether it is a form of another site, to log somebody in as somebody else. Old browsers do not say."""
    return request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site")
