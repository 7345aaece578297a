#!/usr/bin/env python3
"""What the proxy of ./delay.c does to a connection. No case judges how fast it was.

    delay_test.py DELAY
"""
import hashlib
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest

DELAY = ""
DEADLINE_S = 60


class Target:
    """A server on loopback that runs `talk(connection)` in a thread for each connection."""

    def __init__(self, talk):
        self.talk = talk
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            connection.settimeout(DEADLINE_S)
            threading.Thread(target=self.run, args=(connection,), daemon=True).start()

    def run(self, connection):
        with connection:
            try:
                self.talk(connection)
            except OSError:
                pass  # reset: what some cases are about

    def close(self):
        self.listener.close()


def echo(connection):
    while data := connection.recv(65536):
        connection.sendall(data)


def read_all(connection):
    parts = []
    while data := connection.recv(65536):
        parts.append(data)
    return b"".join(parts)


class Delay(unittest.TestCase):
    def through(self, talk, *options):
        """A way to make connections to a target that talks so, through a proxy."""
        target = Target(talk)
        self.addCleanup(target.close)
        port = self.start(*options, str(target.port))
        return lambda: socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S)

    def start(self, *words):
        """Starts the proxy; its port. It must end well when told to."""
        self.proxy = subprocess.Popen([DELAY, *words], stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.proxy.stdout.close)
        self.addCleanup(lambda proxy=self.proxy: self.assertEqual(proxy.wait(), 0))
        self.addCleanup(self.proxy.terminate)
        return int(self.proxy.stdout.readline().split()[1])

    def send_later(self, connection, data):
        def send():
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        thread = threading.Thread(target=send, daemon=True)
        thread.start()
        self.addCleanup(thread.join)

    def test_bytes_come_back_equal_and_in_order(self):
        for options in ((), ("-l", "5"), ("-l", "1", "-b", "50000000")):
            data = random.Random(1).randbytes(9 << 20)  # more than fits on the wire
            with self.through(echo, *options)() as connection:
                self.send_later(connection, data)
                back = read_all(connection)
            self.assertEqual(hashlib.sha256(back).digest(), hashlib.sha256(data).digest())

    def test_many_connections_at_once_keep_apart(self):
        connect = self.through(echo, "-l", "20")
        connections = [connect() for _ in range(64)]
        for n, connection in enumerate(connections):
            self.send_later(connection, random.Random(n).randbytes(100000))
        for n, connection in enumerate(connections):
            with connection:
                self.assertEqual(read_all(connection), random.Random(n).randbytes(100000))

    def test_the_end_of_one_way_leaves_the_other_open(self):
        def answer_after_the_end(connection):
            connection.sendall(b"got %d" % len(read_all(connection)))

        with self.through(answer_after_the_end, "-l", "5")() as connection:
            connection.sendall(b"x" * 1000)
            connection.shutdown(socket.SHUT_WR)
            self.assertEqual(read_all(connection), b"got 1000")

    def test_a_target_that_ends_first_is_read_to_its_end(self):
        with self.through(lambda connection: connection.sendall(b"y" * 300000),
                          "-l", "5")() as connection:
            self.assertEqual(len(read_all(connection)), 300000)

    def test_a_reader_that_waits_loses_nothing(self):
        """Its window fills, then the wire, then the sender stops; then all comes."""
        with self.through(echo)() as connection:
            self.send_later(connection, b"z" * (32 << 20))
            connection.recv(1, socket.MSG_PEEK)
            self.assertEqual(len(read_all(connection)), 32 << 20)

    def test_latency_is_not_paid_for_each_packet(self):
        """50 requests one after the other wait for 100 latencies, 50 at once for two: a bound
        from below for the first, which holds however slow the machine is."""
        connect = self.through(echo, "-l", "10")
        with connect() as connection:
            begin = time.monotonic()
            for n in range(50):
                connection.sendall(b"%02d" % n)
                self.assertEqual(connection.recv(2, socket.MSG_WAITALL), b"%02d" % n)
            one_by_one = time.monotonic() - begin
            begin = time.monotonic()
            for n in range(50):
                connection.sendall(b"%02d" % n)
            for n in range(50):
                self.assertEqual(connection.recv(2, socket.MSG_WAITALL), b"%02d" % n)
            at_once = time.monotonic() - begin
        print(f"50 round trips of 2 x 10 ms: {one_by_one:.3f} s one by one, "
              f"{at_once:.3f} s at once", file=sys.stderr)
        self.assertGreaterEqual(one_by_one, 50 * 0.020)
        self.assertGreaterEqual(at_once, 0.020)

    def test_bandwidth_is_bounded(self):
        with self.through(echo, "-b", "4000000")() as connection:
            begin = time.monotonic()
            self.send_later(connection, bytes(2 << 20))
            self.assertEqual(len(read_all(connection)), 2 << 20)
            self.assertGreaterEqual(time.monotonic() - begin, (2 << 20) / 4000000)

    def test_a_signal_resets_all_connections_and_new_ones_work(self):
        connect = self.through(echo, "-l", "1")
        connections = [connect() for _ in range(3)]
        for connection in connections:
            connection.sendall(b"a")
            self.assertEqual(connection.recv(1), b"a")
        os.kill(self.proxy.pid, signal.SIGUSR1)
        for connection in connections:
            with connection, self.assertRaises(ConnectionResetError):
                connection.recv(1)
        with connect() as connection:
            connection.sendall(b"b")
            self.assertEqual(connection.recv(1), b"b")

    def ask(self, connect, count):
        """Asks so many times, each on a connection of its own: how many were answered."""
        answered = 0
        for _ in range(count):
            with connect() as connection:
                try:
                    connection.sendall(b"question")
                    answered += connection.recv(60, socket.MSG_WAITALL) == b"answer" * 10
                except ConnectionError:
                    pass
        return answered

    def test_answers_are_lost_after_the_target_gave_them(self):
        asked = []

        def answer(connection):
            asked.append(connection.recv(64))
            connection.sendall(b"answer" * 10)

        answered = self.ask(self.through(answer, "-a", "2", "-s", "7", "-n", "1"), 40)
        self.assertEqual(len(asked), 40)
        self.proxy.terminate()
        last = self.proxy.stdout.read().splitlines()[-1].split()
        self.assertEqual(last[0], "answers")
        self.assertEqual(int(last[3]) + answered, 40, last)
        self.assertIn(int(last[3]), range(8, 33))

    def test_connections_are_cut_by_chance(self):
        with self.through(echo, "-c", "8", "-s", "3", "-n", "1")() as connection:
            with self.assertRaises(ConnectionError):
                for _ in range(1000):
                    connection.sendall(b"x" * 100)
                    if not connection.recv(100):
                        raise ConnectionError

    def test_a_target_that_is_gone_is_a_reset(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        port = self.start(str(port))
        with self.assertRaises(ConnectionError):  # while connecting or later
            with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S) as connection:
                if not connection.recv(1):
                    raise ConnectionError


if __name__ == "__main__":
    DELAY = sys.argv.pop(1)
    unittest.main()
