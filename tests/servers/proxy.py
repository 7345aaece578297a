"""A proxy before the server that tests/servers/serve has started: it counts what goes there, says
when it is so much, and may change bytes on their way."""
import os
import re
import socket
import threading

ENDPOINT = os.environ["MUSTER_TEST_ENDPOINT"]


class Proxy:
    """Forwards connections to the server's port; `sent` counts bytes on their way there, each piece
    of which goes through `change`."""

    def __init__(self, change=lambda data: data):
        self.target = int(ENDPOINT.rsplit(":", 1)[1].split("/")[0])
        self.change, self.sent, self.lock = change, 0, threading.Lock()
        self.wanted, self.reached = None, threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            near = self.listener.accept()[0]
            far = socket.create_connection(("127.0.0.1", self.target))
            for pair in ((near, far, True), (far, near, False)):
                threading.Thread(target=self.copy, args=pair, daemon=True).start()

    def count(self, more):
        with self.lock:
            self.sent += more
            if self.wanted is not None and self.sent >= self.wanted:
                self.reached.set()

    def copy(self, source, to, is_counted):
        try:
            while data := source.recv(1 << 20):
                to.sendall(self.change(data) if is_counted else data)
                if is_counted:
                    self.count(len(data))
            to.shutdown(socket.SHUT_WR)
        except OSError:
            for each in (source, to):
                each.close()

    def begin(self, wanted=None):
        with self.lock:
            self.sent, self.wanted = 0, wanted
            self.reached.clear()

    def environment(self):
        """As serve made it, with the proxy for the server."""
        return {key: re.sub(rf"(127\.0\.0\.1|localhost):{self.target}\b",
                            f"127.0.0.1:{self.port}", value)
                for key, value in os.environ.items()}
