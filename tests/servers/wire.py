"""One HTTP connection that sends exactly the bytes it is told, and helpers of all three clients."""
import concurrent.futures
import http.client
import socket
import threading
import urllib.parse
import xml.etree.ElementTree

RACERS = 12

# Names that stores treat in ways of their own.
ODD_KEYS = ["sp ace", "plus+and%25", "a//b", "dot/./x", "dot/../x", "/leading", "trailing/",
            "ctl\x01x", "tab\tx", "new\nline", "caf\u00e9", "cafe\u0301", "\U0001f642",
            "q?x#y&z", "back\\slash", "quote\"'<>", "file", "file/below", "UPPER", "upper",
            "x" * 255, "y/" + "x" * 256, "z/" * 400 + "end"]


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def __repr__(self):
        return f"{self.status} {self.body[:300]!r}"


class Wire:
    """Connections to one port of 127.0.0.1, one for each thread."""

    def __init__(self, port):
        self.port, self.local = port, threading.local()

    def connection(self):
        if not getattr(self.local, "connection", None):
            self.local.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        return self.local.connection

    def send(self, method, target, headers, body):
        """Sends one request. An idle connection that the server closed is opened again."""
        for is_last in (False, True):
            connection = self.connection()
            try:
                connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
                for name, value in headers.items():
                    connection.putheader(name, value)
                connection.endheaders(body or None)
                answer = connection.getresponse()
                found = {name.lower(): value for name, value in answer.getheaders()}
                return Reply(answer.status, found, answer.read())
            except (OSError, http.client.HTTPException) as error:
                # A time-out says nothing of the connection, and once more would take as long.
                connection.close()
                self.local.connection = None
                if is_last or isinstance(error, socket.timeout):
                    raise


def quote(text, safe="/"):
    return urllib.parse.quote(text, safe="-_.~" + safe)


def query_text(query):
    return "&".join(f"{quote(name, '')}={quote(value, '')}"
                    for name, value in sorted(query.items()))


def race(create):
    """How many of twelve creators of one key, at once, are told that they made it.

    `create(n)` answers a Reply, and each n writes other bytes.
    """
    gate = threading.Barrier(RACERS)

    def racer(number):
        gate.wait()
        return number, create(number)

    with concurrent.futures.ThreadPoolExecutor(RACERS) as pool:
        done = list(pool.map(racer, range(RACERS)))
    return [number for number, reply in done if 200 <= reply.status < 300]


def verdict(reply, taken="ignored"):
    """One word for what a store did with a request that it should refuse: `taken`, or its code."""
    return taken if 200 <= reply.status < 300 else reply.status


def odd_keys(put, get, list_all):
    """Which odd keys are refused, and which come back changed from get or list.

    `list_all(prefix)` answers keys, or raises RuntimeError when the server cannot list, ParseError
    when what it says is no XML.
    """
    refused, lost, stored = {}, [], []  # one key may spoil the listing of all
    for key in ODD_KEYS:
        try:
            reply = put(key, b"body of " + key.encode())
        except (OSError, http.client.HTTPException) as error:
            refused[show(key)] = type(error).__name__
            continue
        if reply.status < 300:
            stored.append(key)
        else:
            refused[show(key)] = reply.status
    listed = list_or_none(list_all, "")
    for key in stored:
        reply = get(key)
        if reply.status != 200 or reply.body != b"body of " + key.encode():
            lost.append(f"{show(key)} read")
        if key not in listed and key not in list_or_none(list_all, key):
            lost.append(f"{show(key)} listed")
    strange = sorted(show(key) for key in set(listed) - set(stored))
    return {"odd keys refused": refused, "odd keys lost": lost, "odd keys made up": strange,
            "odd keys listed": len(listed)}


def list_or_none(list_all, prefix):
    try:
        return list_all(prefix)
    except (RuntimeError, xml.etree.ElementTree.ParseError):
        return []


def show(key):
    text = key.encode("unicode_escape").decode()
    return text if len(text) <= 40 else f"{text[:20]}... ({len(key)})"
