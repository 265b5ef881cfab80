"""Servers of web pages: where they can be, what they print, what they do not do."""

import socket
import subprocess
import sys
from contextlib import closing

import pytest

from humanoid_gym.engine.graphics import page_server
from humanoid_gym.engine.graphics.page_server import address_of, free_port, serve, stop

HOST = "127.0.0.1"


@pytest.fixture
def taken():
    """Take a port: the returned function does, and returns which."""
    sockets = []

    def take(port=0):
        listener = socket.create_server((HOST, port))
        sockets.append(listener)
        return listener.getsockname()[1]

    yield take
    for listener in sockets:
        listener.close()


def test_a_taken_port_is_passed_over(taken):
    port = taken()
    assert free_port(HOST, port) > port
    assert free_port(HOST, 0) == 0


def test_a_port_whose_connection_has_just_ended_is_free():
    with socket.create_server((HOST, 0)) as listener:
        port = listener.getsockname()[1]
        with closing(socket.create_connection((HOST, port))):
            connection, _ = listener.accept()
            connection.close()  # the first to close waits for stragglers, at the server's port
    assert free_port(HOST, port) == port


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid", 70 * "a"])
def test_a_host_that_is_not_this_machine_is_one_line(host):
    pytest.importorskip("viser", reason="the extra browser is not installed")
    with pytest.raises(OSError, match=f"^no web page can be served at {host}:8080: .+$"):
        serve(host, 8080, "")


def test_after_the_last_port_there_is_none(taken):
    try:
        last = taken(page_server.HIGHEST_PORT)
    except OSError:  # somebody else has it
        last = page_server.HIGHEST_PORT
    with pytest.raises(OSError, match="the ports from 65535 on are taken"):
        free_port(HOST, last)


@pytest.mark.parametrize(
    ("host", "address"),
    [(HOST, "127.0.0.1"), ("::1", "[::1]"), ("0.0.0.0", "localhost"), ("::", "localhost")],
)
def test_addresses_can_be_opened(host, address):
    class Server:
        def get_host(self):
            return host

        def get_port(self):
            return 8080

    assert address_of(Server()) == f"http://{address}:8080"


def test_nothing_is_printed_and_nothing_is_shared(capsys, monkeypatch):
    viser = pytest.importorskip("viser", reason="the extra browser is not installed")
    from web_page import WebPage, until

    shared, asked = [], []
    monkeypatch.setattr(viser._viser, "ViserTunnel", lambda *arguments: shared.append(arguments))
    server = serve(HOST, 0, "title")
    own = server.request_share_url
    server.request_share_url = lambda: asked.append(own())
    with WebPage(address_of(server)) as page:
        page.send("ShareUrlRequest")  # as any page of this machine's browser could
        assert until(lambda: asked)
    stop(server)
    stop(server)  # once more does nothing
    assert asked == [None]
    assert not shared
    assert capsys.readouterr().out == ""


def test_a_program_prints_nothing_about_its_server():
    pytest.importorskip("viser", reason="the extra browser is not installed")
    program = """if True:
        import socket, time
        from humanoid_gym.engine.graphics.page_server import serve
        server = serve("127.0.0.1", 0, "")
        place = "127.0.0.1", server.get_port()
        socket.create_connection(place).close()  # as browsers open in advance
        with socket.create_connection(place) as connection:
            connection.sendall(b"GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
            assert connection.recv(15) == b"HTTP/1.1 200 OK"
        time.sleep(0.2)  # what viser does about either is done
    """
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
