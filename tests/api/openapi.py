"""Holds answers against the OpenAPI document."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from httpx import Response
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

Json = dict[str, Any]


class Contract:
    """An OpenAPI document that answers can be held against."""

    def __init__(self, document: Json) -> None:
        self.document = document
        self.paths = [
            (re.compile(re.sub(r"\\\{\w+\\\}", ".*" if path.endswith("}") else "[^/]+", re.escape(path))), path)
            for path in sorted(document["paths"], key=lambda path: ("{" in path, -path.count("/")))
        ]
        resource: Resource[Json] = Resource(contents=document, specification=DRAFT202012)
        self._registry = Registry().with_resource("urn:api", resource)

    def operations(self) -> Iterator[tuple[str, str, Json]]:
        """Path, method and description of every operation."""
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                yield path, method, operation

    def check(self, response: Response) -> None:
        """Fail if the document does not announce this status, these limits, this type and content for this address."""
        path = response.request.url.raw_path.decode().partition("?")[0]
        known = next((name for pattern, name in self.paths if pattern.fullmatch(path)), None)
        operation = self.document["paths"].get(known, {}).get(response.request.method.lower())
        if operation is None:
            return
        response.read()
        announced = operation["responses"].get(str(response.status_code))
        assert announced is not None, f"{response.status_code} of {known} is not in the document: {response.text}"
        told = {name for name in response.headers if name.startswith("ratelimit-") or name == "retry-after"}
        unannounced = told - {name.lower() for name in announced.get("headers", {})}
        assert not unannounced, f"{unannounced} of {response.status_code} of {known}"
        content = announced.get("content", {})
        if not content:
            assert not response.content
            return
        media_type = response.headers["content-type"].partition(";")[0]
        assert media_type in content
        if "schema" not in content[media_type] or "$ref" not in content[media_type]["schema"]:
            return  # a file
        if media_type == "text/event-stream":
            for line in response.text.splitlines():
                if line.startswith("data: "):
                    self.validate(json.loads(line[6:]), {"$ref": "#/components/schemas/EventBody"})
            return
        lines = response.text.splitlines() if media_type == "application/x-ndjson" else [response.text]
        for line in lines:
            self.validate(json.loads(line), content[media_type]["schema"])

    def validate(self, value: Any, schema: Json) -> None:
        """Fail if a value is not of a schema of the document, which is named by its `$ref`."""
        Draft202012Validator({"$ref": "urn:api" + schema["$ref"]}, registry=self._registry).validate(value)
