"""What every canonical record has."""

from decimal import Decimal
from typing import Annotated, ClassVar

from babel.core import get_global
from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _currency(code: str) -> str:
    if code not in get_global("all_currencies"):
        raise ValueError(f"{code!r} is not an ISO 4217 currency code")
    return code


Currency = Annotated[str, AfterValidator(_currency)]
Amount = Annotated[Decimal, Field(max_digits=24, decimal_places=6)]
Rate = Annotated[Decimal, Field(gt=0, max_digits=24, decimal_places=10)]
Text = Annotated[str, Field(max_length=200)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Id = Annotated[str, Field(min_length=1, max_length=120)]


class Record(BaseModel):
    """One version of one record of a source. Ids of other records are the source's own ids."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)
    entity: ClassVar[str]

    source_id: Id
    version: Annotated[str, Field(min_length=1, max_length=60)]
    deleted: bool = False
