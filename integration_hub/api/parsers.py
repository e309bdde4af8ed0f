"""Reading request bodies."""

from collections.abc import Mapping
from io import BytesIO
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from integration_hub.api.errors import PayloadTooLarge


def refuse_too_large(length: str) -> None:
    """Raise PayloadTooLarge for a stated length over the limit, so that nothing of the body is read or kept."""
    if length.isascii() and length.isdigit() and int(length) > settings.MAX_BODY_BYTES:
        raise _too_large()


def _too_large() -> PayloadTooLarge:
    return PayloadTooLarge(f"A body may have up to {settings.MAX_BODY_BYTES} bytes. Send less at once.")


class LimitedJSONParser(JSONParser):
    """JSON up to `MAX_BODY_BYTES`, whatever the length header says."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """The parsed body. Raises ParseError, PayloadTooLarge."""
        limit: int = settings.MAX_BODY_BYTES
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise _too_large()
        try:
            return super().parse(BytesIO(body), media_type, parser_context)
        except RecursionError as error:
            raise ParseError("The body is nested too deeply.") from error
