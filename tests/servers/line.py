"""The line to a server: ./delay.c between a program under test and the server, and what it saw."""
import signal
import subprocess
import threading

import launch


class Line:
    """A proxy that cuts connections and loses answers. `answers`, `cut` and `lost` count them."""

    def __init__(self, program, port, cut=0, lose=0, seed=0, latency_ms=0):
        """Of `cut` chunks one resets its connection, of `lose` answers one is lost; 0: none."""
        self.target, self.changed = port, threading.Condition()
        self.answers = self.cut = self.lost = 0
        self.process = subprocess.Popen(
            [program, "-n", "1", "-c", str(cut), "-a", str(lose), "-s", str(seed),
             "-l", str(latency_ms), str(port)], stdout=subprocess.PIPE, text=True,
            preexec_fn=launch.die_with_parent)
        self.port = int(self.process.stdout.readline().split()[1])
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.reader.join()
        self.process.wait()
        self.process.stdout.close()

    def read(self):
        for text in self.process.stdout:
            with self.changed:
                self.answers, self.cut, self.lost = map(int, text.split()[1:])
                self.changed.notify_all()

    def environment(self, environment):
        """The same, where what names the server names this line."""
        there, here = f"127.0.0.1:{self.target}", f"127.0.0.1:{self.port}"
        return {name: value.replace(there, here) for name, value in environment.items()}

    def reset_all(self):
        self.process.send_signal(signal.SIGUSR1)

    def wait_for(self, answers, job):
        """Waits until so many answers have come. False: the job has ended before."""
        def tell_end():
            job.wait()
            with self.changed:
                self.changed.notify_all()

        threading.Thread(target=tell_end, daemon=True).start()
        with self.changed:
            self.changed.wait_for(lambda: self.answers >= answers or job.poll() is not None)
            return job.poll() is None
