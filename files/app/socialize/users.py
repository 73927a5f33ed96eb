"""Users: registration."""

import logging
import uuid
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import AfterValidator, EmailStr, Field
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from socialize.database import Base, CreatedAt, Db, PrimaryKey
from socialize.errors import ApiError
from socialize.passwords import hash_password
from socialize.schemas import Name, Password, Request, Response

_log = logging.getLogger(__name__)
router = APIRouter(tags=["auth"])

EmailAddress = Annotated[EmailStr, AfterValidator(str.lower)]
"""An e-mail address in lower case, so that one mailbox is one user."""


class User(Base):
    """A person who can log in."""

    __tablename__ = "users"

    id: Mapped[PrimaryKey]
    email: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    display_name: Mapped[str]
    created_at: Mapped[CreatedAt]


class Registration(Request):
    """A new user."""

    email: EmailAddress
    password: Annotated[Password, Field(min_length=12)]
    display_name: Name


class UserView(Response):
    """A user as they see themselves."""

    id: uuid.UUID
    email: str
    display_name: str
    created_at: datetime


@router.post("/api/auth/register", status_code=201)
async def register(new: Registration, db: Db) -> UserView:
    """Make a user. 409 when the e-mail address is taken."""
    user = User(
        email=new.email, password_hash=await hash_password(new.password), display_name=new.display_name
    )
    db.add(user)
    try:
        await db.commit()
    except IntegrityError:
        raise ApiError(409, "This e-mail address is registered already.") from None
    _log.info("user registered")
    return UserView.model_validate(user)
