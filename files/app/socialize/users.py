"""Users: registration."""

import uuid
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import AfterValidator, EmailStr, Field
from sqlalchemy import CheckConstraint, String
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from socialize.database import Base, CreatedAt, Db, PrimaryKey
from socialize.errors import COMMON, ApiError, responses
from socialize.logs import audit, remember
from socialize.passwords import hash_password
from socialize.schemas import Name, Password, Request, Response

router = APIRouter(tags=["auth"], responses=COMMON)

EmailAddress = Annotated[EmailStr, AfterValidator(str.lower)]
"""An e-mail address in lower case, so that one mailbox is one user."""


UserRole = Literal["user", "admin"]


class User(Base):
    """A person who can log in."""

    __tablename__ = "users"
    __table_args__ = (CheckConstraint("role IN ('user', 'admin')", name="role"),)

    id: Mapped[PrimaryKey]
    email: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    display_name: Mapped[str]
    role: Mapped[UserRole] = mapped_column(String, server_default="user")
    """What the user is to the whole deployment; their roles in organizations are memberships."""
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
    role: UserRole
    created_at: datetime


@router.post("/api/auth/register", status_code=201, responses=responses(409))
async def register(new: Registration, db: Db) -> UserView:
    """Make a user. 409 when the e-mail address is taken."""
    user = User(
        email=new.email,
        password_hash=await hash_password(new.password),
        display_name=new.display_name,
    )
    db.add(user)
    try:
        await db.commit()
    except IntegrityError:
        raise ApiError(409, "This e-mail address is registered already.") from None
    remember("user_id", user.id)
    audit("user.registered", "user", user.id)
    return UserView.model_validate(user)
