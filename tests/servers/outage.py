#!/usr/bin/env python3
"""A server that hangs, ends and comes back, as tests of stores will have it.

    tests/servers/serve NAME DIR -- tests/servers/outage.py
"""
import http.client
import os
import pathlib
import socket
import subprocess
import sys
import unittest

import capabilities
import launch

SERVE = pathlib.Path(__file__).resolve().parent / "serve"
NAME = os.environ.get("MUSTER_TEST_SERVER", "")
HANG_SECONDS = 1  # how long one must wait to say that a server does not answer


def control(word):
    subprocess.run([sys.executable, "-B", SERVE, "--control", word], check=True, timeout=120)


class Outage(unittest.TestCase):
    def setUp(self):
        self.client, _ = capabilities.connect(NAME)

    def ask(self, timeout=30):
        """The status of any answer at all, on a new connection."""
        connection = http.client.HTTPConnection("127.0.0.1", self.client.wire.port,
                                                timeout=timeout)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status
        finally:
            connection.close()

    def test_a_frozen_server_hangs_and_goes_on(self):
        control("freeze")
        self.addCleanup(control, "thaw")
        with self.assertRaises(socket.timeout):
            self.ask(HANG_SECONDS)
        self.doCleanups()
        self.assertLess(self.ask(), 500)

    def test_a_server_that_was_stopped_comes_back_with_its_data(self):
        self.assertLess(self.client.put("kept", b"bytes").status, 300)
        control("stop")
        try:
            with self.assertRaises(ConnectionRefusedError):
                self.ask()
        finally:
            control("start")
        if launch.SERVERS[NAME].KEEPS_DATA:
            self.assertEqual(self.client.get("kept").body, b"bytes")
        else:
            self.assertEqual(self.client.get("kept").status, 404)
            self.client.make_bucket()


if __name__ == "__main__":
    unittest.main()
