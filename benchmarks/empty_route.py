"""`python -m benchmarks.empty_route`: one Starlette route that says nothing, on the server `newsletter run` starts."""

import socket

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


async def _empty(request: Request) -> Response:
    del request
    return Response()


def main() -> None:
    """Print the port, and serve until told to stop."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        web = Starlette(routes=[Route("/{path:path}", _empty)])
        uvicorn.Server(uvicorn.Config(web, log_level="warning", proxy_headers=False)).run(sockets=[listener])


if __name__ == "__main__":
    main()
