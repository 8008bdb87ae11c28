"""Interactive documentation without a content delivery network: Swagger UI comes with a package.

The page loads nothing from elsewhere, and its Content-Security-Policy holds the browser to that.
"""

from __future__ import annotations

from importlib import resources

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response

__all__ = ["router"]

ASSETS = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
}
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Coalition ledger</title>
<link rel="stylesheet" href="docs/swagger-ui.css">
<link rel="icon" href="docs/favicon-32x32.png">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
START = """SwaggerUIBundle({
  url: "openapi.json", dom_id: "#swagger-ui", deepLinking: true, displayRequestDuration: true, validatorUrl: null,
});
"""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)

router = APIRouter(include_in_schema=False)


@router.get("/")
async def root() -> Response:
    """Lead a curious browser to the documentation."""
    return RedirectResponse("docs")


@router.get("/docs")
async def page() -> Response:
    """The documentation, to read and to try."""
    return Response(PAGE, headers={"Content-Security-Policy": POLICY}, media_type="text/html")


@router.get("/docs/start.js")
async def start() -> Response:
    """The script that starts it."""
    return Response(START, media_type="text/javascript")


def _serve(name: str, media_type: str) -> None:
    async def asset() -> Response:
        content = resources.files("fastapi_swagger.resources").joinpath(name).read_bytes()
        return Response(content, headers={"Cache-Control": "max-age=86400"}, media_type=media_type)

    router.add_api_route(f"/docs/{name}", asset)


for _name, _media_type in ASSETS.items():
    _serve(_name, _media_type)
