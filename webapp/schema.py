"""What drf-spectacular cannot see by itself: every endpoint may also refuse, in one shape."""

from typing import Any

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
