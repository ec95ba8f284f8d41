"""The description of the API: made by drf-spectacular, with the refusals that it cannot see."""

from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

REFUSAL = {
    "type": "object",
    "description": "Why nothing was done, for a program (`code`) and for a person (`message`).",
    "properties": {
        "code": {"type": "string"},
        "message": {"type": "string"},
        "fields": {
            "type": "object",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
    },
    "required": ["code", "message"],
}


def add_refusals(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """This will give every operation of the schema the answer of `webapp.errors`."""
    schemas = result["components"]["schemas"]
    for name, schema in schemas.items():
        if name.endswith("Request") and "properties" in schema:
            schema["additionalProperties"] = False  # see RequestSerializer
    schemas["Refusal"] = REFUSAL
    answer = {
        "description": "Refused; nothing was changed.",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}},
    }
    for path in result["paths"].values():
        for operation in path.values():
            operation["responses"].setdefault("default", answer)
    return result


class Description(APIView):
    """The whole API, the same for everybody, as YAML or JSON."""

    renderer_classes = SpectacularAPIView.renderer_classes
    content_negotiation_class = DefaultContentNegotiation

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        name = f'inline; filename="plaque.{request.accepted_renderer.format}"'
        return Response(_described(), headers={"Content-Disposition": name})


@cache
def _described() -> dict[str, Any]:
    """Made once in a process: it takes a second."""
    generator: Any = SchemaGenerator  # the library has no types
    schema: dict[str, Any] = generator().get_schema(public=True)
    return schema
