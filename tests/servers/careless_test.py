#!/usr/bin/env python3
"""Servers that do not create if absent, as some did: init and the first save refuse them.

    careless_test.py PROGRAM

`ignores`: If-None-Match means nothing (MinIO before 2024-05-07). `tests`: what is there is looked at,
and then the new object is renamed over it (VersityGW before it locked): twelve who look at once all
find nothing.
"""
import http.server
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.parse
from xml.sax.saxutils import escape

PROGRAM = ""
BUCKET = "careless"
# How long one that has looked waits for another one to look. Nobody waits for it to pass who is
# right: where there is no second one it only makes the test longer.
LOOKS_S = 5


class Store:
    def __init__(self):
        self.objects, self.looked, self.changed = {}, {}, threading.Condition()
        self.way = "well"

    def create(self, key, data, if_absent):
        """False: it is there."""
        with self.changed:
            if if_absent and self.way != "ignores" and key in self.objects:
                return False
            if if_absent and self.way == "tests" and key.count("probe/"):
                self.looked[key] = self.looked.get(key, 0) + 1
                self.changed.notify_all()
                self.changed.wait_for(lambda: self.looked[key] > 1, LOOKS_S)
            self.objects[key] = data
            return True


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    store = None

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def key(self):
        path, _, query = self.path.partition("?")
        self.query = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        return urllib.parse.unquote(path).removeprefix(f"/{BUCKET}").removeprefix("/")

    def do_PUT(self):
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.store.create(self.key(), data, self.headers.get("If-None-Match") == "*"):
            self.answer(200, ETag='"e"')
        else:
            self.answer(412, b"<Error><Code>PreconditionFailed</Code><Message>m</Message></Error>")

    def do_DELETE(self):
        self.store.objects.pop(self.key(), None)
        self.answer(204)

    def list(self):
        prefix, after = self.query.get("prefix", ""), self.query.get("start-after", "")
        keys = sorted(k for k in list(self.store.objects) if k.startswith(prefix) and k > after)
        self.answer(200, "".join(
            ["<ListBucketResult>"] +
            [f"<Contents><Key>{escape(urllib.parse.quote(k))}</Key>"
             f"<LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>\"e\"</ETag>"
             f"<Size>{len(self.store.objects[k])}</Size></Contents>" for k in keys] +
            ["<EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>"
             "</ListBucketResult>"]).encode())

    def do_GET(self):
        key = self.key()
        if "list-type" in self.query:
            return self.list()
        data = self.store.objects.get(key)
        if data is None:
            return self.answer(404, b"<Error><Code>NoSuchKey</Code><Message>m</Message></Error>")
        if "Range" not in self.headers:
            return self.answer(200, data, ETag='"e"')
        first, last = self.headers["Range"].removeprefix("bytes=").split("-")
        begin = int(first) if first else max(0, len(data) - int(last))
        end = min(len(data), int(last) + 1) if first and last else len(data)
        return self.answer(206, data[begin:end], ETag='"e"',
                           Content_Range=f"bytes {begin}-{end - 1}/{len(data)}")

    do_HEAD = do_GET


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


class Careless(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.store = Store()
        server = Server(("127.0.0.1", 0), type("Bound", (Handler,), {"store": self.store}))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        (self.folder / "tree").mkdir()
        (self.folder / "tree/a").write_text("a")
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("AWS_")},
            "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{server.server_port}", "AWS_REGION": "r",
            "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "NO_PROXY": "*",
            "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "MUSTER_REPO": f"s3://{BUCKET}/repository", "HOME": str(self.folder)}

    def run_it(self, *words, cache="cache"):
        return subprocess.run([PROGRAM, *words], capture_output=True, text=True, check=False,
                              timeout=120, stdin=subprocess.DEVNULL,
                              env={**self.environment,
                                   "XDG_CACHE_HOME": str(self.folder / cache)})

    def put(self, **where):
        return self.run_it("put", str(self.folder / "tree"), "-n", "data", **where)

    def assert_refused(self, done):
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertRegex(done.stderr, "store does not create if absent: of 16 creators of one key "
                         "[0-9]+ won; it must not be written to|does not hold what its creator")

    def test_init_refuses_and_leaves_nothing(self):
        for self.store.way in ("ignores", "tests"):
            with self.subTest(self.store.way):
                self.assert_refused(self.run_it("init"))
                self.assertEqual(self.store.objects, {})

    def test_the_first_save_from_a_machine_refuses_and_writes_nothing(self):
        self.assertEqual(self.run_it("init").returncode, 0)
        before = dict(self.store.objects)
        for self.store.way in ("ignores", "tests"):
            with self.subTest(self.store.way):
                self.assert_refused(self.put(cache=self.store.way))
                self.assertEqual(self.store.objects, before)

    def test_a_server_that_does_it_well_is_taken(self):
        self.assertEqual(self.run_it("init").returncode, 0)
        done = self.put()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.run_it("cat", "data", "a").stdout, "a")


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
