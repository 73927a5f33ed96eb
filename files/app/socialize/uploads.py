"""Uploads: files that belong to a workspace."""

import asyncio
import hashlib
import logging
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from email.message import Message
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Header, Request, Response
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import ForeignKey, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from socialize import schemas
from socialize.blobs import BlobError, Blobs
from socialize.database import Base, CreatedAt, Db, PrimaryKey
from socialize.errors import COMMON, ApiError, responses
from socialize.logs import audit, remember
from socialize.schemas import Name
from socialize.sessions import CurrentUser
from socialize.workspaces import VisibleWorkspace, Workspace, workspaces_of

_log = logging.getLogger(__name__)
router = APIRouter(tags=["uploads"], responses=COMMON | responses(401, 404))

# Contents are in memory while they come and go: this bounds how much of it, and the time bounds how long.
TRANSFERS_AT_ONCE = 8
TRANSFER_SECONDS = 60
_transfers = asyncio.Semaphore(TRANSFERS_AT_ONCE)

_NAME: TypeAdapter[str] = TypeAdapter(Name)
_BINARY = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}


class Upload(Base):
    """A file. Its content is in the blob storage, under its id."""

    __tablename__ = "uploads"

    id: Mapped[PrimaryKey]
    workspace_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("workspaces.id", ondelete="CASCADE"), index=True
    )
    author_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), index=True
    )
    name: Mapped[str]
    size_bytes: Mapped[int]
    sha256: Mapped[bytes]
    created_at: Mapped[CreatedAt]


class UploadView(schemas.Response):
    """A file as members of its organization see it."""

    id: uuid.UUID
    workspace_id: uuid.UUID
    author_id: uuid.UUID | None
    name: str
    size_bytes: int
    created_at: datetime


async def _blobs(request: Request) -> Blobs:
    blobs: Blobs | None = request.app.state.blobs
    if not blobs:
        raise ApiError(503, "This deployment has no blob storage.", code="blob_storage_not_configured")
    return blobs


async def _visible_upload(upload_id: uuid.UUID, user: CurrentUser, db: Db) -> Upload:
    mine = workspaces_of(user.id).with_only_columns(Workspace.id, Workspace.organization_id).subquery()
    seen = select(Upload, mine.c.organization_id).join(mine, mine.c.id == Upload.workspace_id)
    found = (await db.execute(seen.where(Upload.id == upload_id))).one_or_none()
    if not found:
        raise ApiError(404, "There is no such upload.")
    remember("org_id", found.organization_id)
    upload: Upload = found.Upload
    return upload


Storage = Annotated[Blobs, Depends(_blobs)]
VisibleUpload = Annotated[Upload, Depends(_visible_upload)]


@router.post(
    "/api/workspaces/{workspace_id}/uploads",
    status_code=201,
    openapi_extra={"requestBody": {"content": _BINARY, "required": True}},
)
async def create_upload(
    workspace: VisibleWorkspace,
    user: CurrentUser,
    blobs: Storage,
    db: Db,
    request: Request,
    content_disposition: Annotated[str, Header(max_length=2000)],
) -> UploadView:
    """Keep the body as a file, under the name in Content-Disposition (RFC 6266).

    503 with code "blob_storage_not_configured" in a deployment without storage.
    """
    upload = Upload(
        id=uuid.uuid4(), workspace_id=workspace.id, author_id=user.id, name=_name(content_disposition)
    )
    await db.commit()  # No connection is held while the content comes.
    async with _transfer():
        content = await request.body()
        upload.size_bytes, upload.sha256 = len(content), hashlib.sha256(content).digest()
        await blobs.put(str(upload.id), content)
    await _record(db, blobs, upload)
    audit("upload.created", "upload", upload.id)
    return UploadView.model_validate(upload)


@router.get(
    "/api/uploads/{upload_id}",
    response_class=Response,
    responses={200: {"description": "The content.", "content": _BINARY}},
)
async def get_upload(upload: VisibleUpload, blobs: Storage, db: Db) -> Response:
    """The content of a file, to be saved and never to be shown by a browser as a page of ours."""
    await db.commit()
    async with _transfer():
        content = await blobs.get(str(upload.id))
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(upload.name, safe='')}",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(content, media_type="application/octet-stream", headers=headers)


async def _record(db: AsyncSession, blobs: Blobs, upload: Upload) -> None:
    try:
        db.add(upload)
        await db.commit()
    except BaseException:
        with suppress(BlobError):  # A blob that no row knows would stay for ever.
            await blobs.delete(str(upload.id))
        raise


def _failure(error: BlobError) -> dict[str, str]:
    return {"dependency": error.dependency, "error_type": error.error_type}


def _name(content_disposition: str) -> str:
    header = Message()
    header["Content-Disposition"] = content_disposition
    try:
        return _NAME.validate_python(header.get_filename())
    except (ValidationError, ValueError):
        raise ApiError(422, "Not valid: header.Content-Disposition needs a file name.") from None


@asynccontextmanager
async def _transfer() -> AsyncIterator[None]:
    if _transfers.locked():
        raise ApiError(503, "Too many transfers at once; try again.", {"Retry-After": "5"})
    try:
        async with _transfers, asyncio.timeout(TRANSFER_SECONDS):
            yield
    except TimeoutError:
        raise ApiError(503, "The transfer took too long.") from None
    except BlobError as error:
        _log.error("the blob storage failed a request", exc_info=error, extra=_failure(error))
        raise ApiError(503, "The blob storage cannot answer now; try again.", {"Retry-After": "5"}) from None
