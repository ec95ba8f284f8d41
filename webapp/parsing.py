"""How the API reads JSON."""

import codecs
import json
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class FiniteJSONParser(JSONParser):
    """Takes JSON whose numbers are numbers: NaN, Infinity and 1e999 are refused anywhere."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """This will read the whole of a request; raises ParseError."""
        encoding = (parser_context or {}).get("encoding", settings.DEFAULT_CHARSET)
        try:
            text = codecs.getreader(encoding)(stream)
            return json.load(text, parse_float=finite, parse_constant=refuse)
        except ValueError as error:
            raise ParseError(f"What was sent is not valid JSON ({error}).") from error


def finite(digits: str) -> float:
    """The number that these digits say; raises ValueError for one that is too large."""
    number = float(digits)
    return number if abs(number) < float("inf") else refuse(digits)


def refuse(digits: str) -> NoReturn:
    """Raises ValueError."""
    raise ValueError(f"{digits[:40]} is no number that can be stored")
