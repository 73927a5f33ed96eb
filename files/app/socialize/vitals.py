"""Web vitals: what browsers measure while people use the service."""

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import Field, FiniteFloat

from socialize import schemas
from socialize.errors import COMMON
from socialize.signals import CLS, INP, LCP

router = APIRouter(tags=["vitals"], responses=COMMON)

_MILLISECONDS_A_SECOND = 1000


class Vital(schemas.Request):
    """One measurement, as https://github.com/GoogleChrome/web-vitals hands it over."""

    name: Literal["LCP", "INP", "CLS"]
    value: Annotated[FiniteFloat, Field(ge=0, le=600_000)]
    """LCP and INP in milliseconds, CLS as a score."""


class Vitals(schemas.Request):
    """What a page has measured since it last told."""

    measurements: Annotated[list[Vital], Field(min_length=1, max_length=20)]


@router.post("/api/ux/vitals", status_code=204)
async def report_vitals(given: Vitals) -> None:
    """Take measurements. Nobody need be logged in: the pages before that are measured, too."""
    for vital in given.measurements:
        if vital.name == "CLS":
            CLS.record(vital.value)
        else:
            (LCP if vital.name == "LCP" else INP).record(vital.value / _MILLISECONDS_A_SECOND)
