"""What is measured in a bucket: programs that move a tree to one and back, and the wire to it.

The bucket and its keys come from outside: --bucket s3://NAME[/PREFIX], and in the environment what
the cloud's own programs read: AWS_ENDPOINT_URL_S3, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
AWS_REGION. Every program gets as many requests at once as make it fast; none compresses.
"""
import contextlib
import os
import subprocess
import urllib.parse

from lib import peers
from lib.measure import Command

FAR_MS = 30  # a round trip to a region nearby
SMALL_AT_ONCE, LARGE_AT_ONCE = "64", "8"  # objects of one request; objects in parts


@contextlib.contextmanager
def wire(build, far):
    """What the environment says of the server; `far`: behind a proxy that adds a round trip."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3")
    if not endpoint:
        raise RuntimeError("--bucket needs AWS_ENDPOINT_URL_S3, as tests/servers/serve gives it")
    if not far:
        yield {}
        return
    parts = urllib.parse.urlsplit(endpoint)
    proxy = subprocess.Popen([build / "tests/servers/delay", "-l", str(FAR_MS // 2),
                              str(parts.port)], stdout=subprocess.PIPE, text=True)
    try:
        port = proxy.stdout.readline().split()[1]
        yield {"AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{port}"}
    finally:
        proxy.terminate()
        proxy.wait()


class Muster(peers.Muster):
    def environment(self, place):
        return {**super().environment(place), "MUSTER_REPO": place.url, **place.settings}

    def prepare(self, place):
        return self.command("init", place.url)

    upload = peers.Muster.put

    def download(self, place):
        return self.command("get", "bench", place.copy)


class S5cmd(peers.Tool):
    name = program = "s5cmd"
    version_argument = "version"

    def environment(self, place):
        endpoint = {**os.environ, **place.settings}["AWS_ENDPOINT_URL_S3"]
        return {**super().environment(place), **place.settings, "S3_ENDPOINT_URL": endpoint}

    def command(self, *argv):
        return [Command([self.program, "--log", "error", "--numworkers", SMALL_AT_ONCE, *argv])]

    def upload(self, place):
        return self.command("cp", f"{place.corpus.path}/", f"{place.url}/")

    def download(self, place):
        return self.command("cp", f"{place.url}/*", f"{place.copy}/")


class Rclone(peers.Tool):
    name = program = "rclone"
    version_argument = "version"

    def environment(self, place):
        return {**super().environment(place), **place.settings}

    def command(self, place, *argv):
        endpoint = {**os.environ, **place.settings}["AWS_ENDPOINT_URL_S3"]
        return [Command([self.program, "-q", "--config", "", "--s3-provider", "Other",
                         "--s3-env-auth", "--s3-endpoint", endpoint, "--s3-no-check-bucket",
                         "--transfers", SMALL_AT_ONCE, "--checkers", SMALL_AT_ONCE,
                         "--s3-upload-concurrency", LARGE_AT_ONCE, *argv])]

    def remote(self, place):
        return f":s3:{place.url.removeprefix('s3://')}"

    def upload(self, place):
        return self.command(place, "copy", "--no-check-dest", str(place.corpus.path),
                            self.remote(place))

    def download(self, place):
        return self.command(place, "copy", "--no-check-dest", self.remote(place),
                            str(place.copy))


class Aws(peers.Tool):
    name = program = "aws"

    def environment(self, place):
        return {**super().environment(place), **place.settings,
                "AWS_CONFIG_FILE": str(place.home / "aws")}

    def prepare(self, place):
        (place.home / "aws").write_text(
            f"[default]\ns3 =\n  max_concurrent_requests = {SMALL_AT_ONCE}\n"
            "  max_queue_size = 10000\n", encoding="ascii")
        return []

    def command(self, *argv):
        return [Command([self.program, "s3", "cp", "--recursive", "--quiet", *argv])]

    def upload(self, place):
        return self.command(str(place.corpus.path), place.url)

    def download(self, place):
        return self.command(place.url, str(place.copy))


KINDS = [Muster, S5cmd, Rclone, Aws]


def make_all(context):
    return [kind(context) for kind in KINDS]


def empty(url, path):
    """Removes what a round left in the bucket, with whatever program is there."""
    for command in (["s5cmd", "--log", "error", "rm", f"{url}/*"],
                    ["aws", "s3", "rm", "--recursive", "--quiet", url]):
        with contextlib.suppress(FileNotFoundError):
            subprocess.run(command, check=False, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL,
                           env={**os.environ, "PATH": path,
                                "S3_ENDPOINT_URL": os.environ["AWS_ENDPOINT_URL_S3"]})
            return
