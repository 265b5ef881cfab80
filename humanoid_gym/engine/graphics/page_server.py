"""Servers of web pages: viser's, quiet in the terminal, and no more public than was asked for."""

from __future__ import annotations

import atexit
import errno
import logging
import os
import socket
from contextlib import AbstractContextManager, redirect_stdout
from io import StringIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import viser

HIGHEST_PORT = 65535
ATTEMPTS = 1000
"""Ports that are tried, one after the other."""
EVERYWHERE = {"", "0.0.0.0", "::"}
"""Hosts that are no address to open, but all of this machine's."""
RUNNING: list[viser.ViserServer] = []
"""What `serve` returned and nobody stopped."""


def serve(host: str, port: int, title: str) -> viser.ViserServer:
    """A server of web pages, at the next free port if this one is taken.

    Args:
        host: name or address of this machine.
        port: 0: any free one.
        title: of the pages.

    Raises:
        ModuleNotFoundError: viser is not installed.
        OSError: no page can be served there.
    """
    try:
        import viser
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "pages for web browsers need viser: pip install 'humanoid_gym[browser]'"
        ) from error
    logging.getLogger("websockets.server").addFilter(is_news)
    port = free_port(host, port)  # viser itself waits forever where there is none
    with silence():
        server = viser.ViserServer(host=host, port=port, label=title, verbose=False)
    RUNNING.append(server)
    atexit.unregister(stop_all)
    atexit.register(stop_all)  # comes before viser's own, which prints a line
    server.gui.configure_theme(show_share_button=False)
    # What the button asked for, any web site that is open in a browser here could ask for.
    shares: Any = server
    shares.request_share_url = not_shared
    return server


def stop(server: viser.ViserServer) -> None:
    """End a server of pages."""
    if server in RUNNING:
        RUNNING.remove(server)
        with silence():
            server.stop()


def stop_all() -> None:
    """End all servers of pages."""
    for server in RUNNING.copy():
        stop(server)


def address_of(server: viser.ViserServer) -> str:
    """What to open in a browser on this machine."""
    host = server.get_host()
    host = "localhost" if host in EVERYWHERE else host
    return f"http://{f'[{host}]' if ':' in host else host}:{server.get_port()}"


def free_port(host: str, port: int) -> int:
    """The first port from this one on that nothing listens at; 0 remains 0.

    Raises:
        OSError: there is none, or no such host here; one line.
    """
    where = f"no web page can be served at {host}:{port}"
    for candidate in range(port, min(port + ATTEMPTS, HIGHEST_PORT + 1)):
        try:
            bind(host, candidate)
        except UnicodeError as error:
            raise OSError(f"{where}: no such host") from error
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise OSError(f"{where}: {error.strerror}") from error
        else:
            return candidate
    raise OSError(f"{where}: the ports from {port} on are taken")


def bind(host: str, port: int) -> None:
    """Bind all addresses of a host for a moment, as a server would.

    Raises:
        OSError: that is not possible.
        UnicodeError: a name that no host can have.
    """
    passive = socket.AI_PASSIVE
    for family, kind, protocol, _, place in socket.getaddrinfo(
        host or None, port, type=socket.SOCK_STREAM, flags=passive
    ):
        with socket.socket(family, kind, protocol) as probe:
            if os.name == "posix":  # where it means: though a connection has just ended there
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            probe.bind(place)


def silence() -> AbstractContextManager[object]:
    """A context in which nothing is printed."""
    return redirect_stdout(StringIO())


def is_news(record: logging.LogRecord) -> bool:
    """Whether a line in the log is not about a connection that ended before it asked for anything.

    Browsers open such ones in advance; viser leaves out these lines only after its first page.
    """
    return record.getMessage() != "opening handshake failed"


def not_shared() -> None:
    """In place of viser's service that gives a server a public address."""
