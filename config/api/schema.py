"""What the generated OpenAPI document says on top of what the views say: how every operation
fails."""

from __future__ import annotations

from typing import Any

_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
_ALWAYS = {"429": "Too many requests", "503": "Not available just now"}


def with_problems(
    result: dict[str, Any], generator: Any, request: Any, public: bool
) -> dict[str, Any]:
    """Add the problem responses: 400 and 404 to reads with parameters, 401 to what takes a key, 403
    to what is not open.

    Uploads may be too large (413, 507). A cursor, too, may lead nowhere.
    """
    for path, operations in result["paths"].items():
        for method, operation in operations.items():
            failures = dict(_ALWAYS)
            if operation.get("parameters") or operation.get("requestBody"):
                failures["400"] = "Bad request"
            if "{" in path or any(
                parameter["name"] == "cursor" for parameter in operation.get("parameters", [])
            ):
                failures["404"] = "Not found"
            if {} in operation.get("security", [{}]):
                failures["401"] = "An API key was sent, and it is not valid"
            else:
                failures |= {"401": "Not signed in", "403": "Not allowed"}
            if method == "post":
                failures |= {
                    "409": "Conflict",
                    "413": "Too large",
                    "415": "Unsupported media type",
                    "507": "No room to store this",
                }
            for status, description in failures.items():
                operation["responses"].setdefault(
                    status, {"description": description, "content": _PROBLEM}
                )
    return result
