"""What request and response bodies have in common."""

from typing import Annotated

from fastapi import Depends, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, StringConstraints


def _storable(text: str) -> str:
    if "\0" in text:  # Postgres text cannot hold it.
        raise ValueError("the character NUL is not allowed")
    return text


def _encodable(secret: SecretStr) -> SecretStr:
    # JSON can escape half of a surrogate pair, and in a secret pydantic lets it pass.
    secret.get_secret_value().encode()
    return secret


Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(_storable)
]
Password = Annotated[SecretStr, Field(max_length=256), AfterValidator(_encodable)]
Note = Annotated[str, StringConstraints(max_length=2_000), AfterValidator(_storable)]
SomeText = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000), AfterValidator(_storable)
]
LongText = Annotated[str, StringConstraints(max_length=100_000), AfterValidator(_storable)]


class Request(BaseModel):
    """A request body; a field that it does not know is an error, so that a typo is not silently lost."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class Response(BaseModel):
    """A response body, made from a row."""

    model_config = ConfigDict(from_attributes=True)


class PageQuery(BaseModel):
    """Which part of a list is wanted, oldest first."""

    limit: Annotated[int, Query(ge=1, le=200)] = 50
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0


Page = Annotated[PageQuery, Depends()]
