"""How each server is started on loopback, and what a client must know to reach it.

A recipe is a class: NAME, the programs it needs, start(), and environment(). A server keeps its
data below one directory, which lies in memory where the machine has room for that. Every process
gets a session of its own and dies with the program that started it, however that ends.

All keys here are constants for tests, worth nothing anywhere else.
"""
import ctypes
import http.client
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

import azure
import gcs
import s3

BUCKET = "muster-test"
REPOSITORY = "repository"
ACCESS_KEY = "mustertestkey"
SECRET_KEY = "muster-test-secret"
REGION = "us-east-1"
READY_SECONDS = 90  # radosgw on a busy machine takes 25
TRIES = 3           # a port found free may be taken before the server has it
PR_SET_PDEATHSIG = 1

LIBC = ctypes.CDLL(None, use_errno=True)


class NotInstalled(Exception):
    """The server cannot be started here; the text says why."""


class Failed(Exception):
    """The server started wrongly; the text ends with its log."""


def default_directory():
    """Where tests/servers/install puts servers, and tests look for them."""
    named = os.environ.get("MUSTER_TEST_SERVERS")
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return pathlib.Path(named or os.path.join(cache, "muster-test-servers"))


def scratch_parent():
    """The directory for data: in memory when there is 2 GiB of it, else the usual one."""
    try:
        room = os.statvfs("/dev/shm")
        if room.f_bavail * room.f_frsize >= 2 << 30 and os.access("/dev/shm", os.W_OK):
            return "/dev/shm"
    except OSError:
        pass
    return None


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def die_with_parent():
    """In the child: die when the starter does. Its own session keeps the terminal's signals off."""
    os.setsid()
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Server:
    """One running server. `main` is the process that clients talk to."""
    NAME = ""
    KEEPS_DATA = True  # over stop() and start()

    def __init__(self, installed, scratch):
        self.installed, self.scratch = pathlib.Path(installed), pathlib.Path(scratch)
        self.port = free_port()
        self.main = None
        self.helpers = []
        self.log = self.scratch / "log"

    # What a recipe says.

    def prepare(self):
        """Runs once, before the first start."""

    def command(self):
        """The words that start `main`, in the foreground."""
        raise NotImplementedError

    def main_environment(self):
        return {}

    def client(self):
        """A client of ./s3.py, ./gcs.py or ./azure.py."""
        raise NotImplementedError

    def environment(self):
        """What programs under test get."""
        raise NotImplementedError

    # What all have in common.

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.port}"

    def program(self, *names):
        """The path of a program below the directory of servers, or on PATH."""
        for name in names:
            for path in (self.installed / "bin" / name, shutil.which(name)):
                if path and os.access(path, os.X_OK):
                    return str(path)
        reason = self.installed / f"{self.NAME}.skipped"
        why = reason.read_text().strip() if reason.exists() else "see tests/servers/install"
        raise NotInstalled(f"no {names[0]}: {why}")

    def spawn(self, words, **extra):
        with open(self.log, "ab") as log:
            return subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                    cwd=self.scratch, preexec_fn=die_with_parent,
                                    env={**os.environ, **extra})

    def tool(self, *words, timeout=60):
        """Runs a helper program to its end."""
        with open(self.log, "ab") as log:
            done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                  cwd=self.scratch, timeout=timeout, check=False,
                                  preexec_fn=die_with_parent)
        if done.returncode:
            self.fail(f"{os.path.basename(words[0])} returned {done.returncode}")

    def fail(self, what):
        end = self.log.read_text(errors="replace")[-2000:] if self.log.exists() else ""
        raise Failed(f"{self.NAME}: {what}\n{end}")

    def wait(self, what, is_ready, process=None):
        """Asks until the answer is yes; ends early when the process does."""
        deadline, pause = time.monotonic() + READY_SECONDS, 0.02
        while not is_ready():
            if process and process.poll() is not None:
                self.fail(f"ended with {process.returncode} before it was ready")
            if time.monotonic() > deadline:
                self.fail(f"{what}: not within {READY_SECONDS} s")
            time.sleep(pause)
            pause = min(pause * 1.5, 0.25)

    def answers(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status < 500
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def start(self):
        """Starts `main` and waits until it answers."""
        self.main = self.spawn(self.command(), **self.main_environment())
        self.wait("first answer", self.answers, self.main)

    def open(self):
        """Brings the server up for the first time, with its bucket."""
        for left in reversed(range(TRIES)):
            try:
                self.prepare()
                self.start()
                break
            except Failed:
                self.close()
                if not left:
                    raise
                self.port = free_port()
        self.client().make_bucket()

    def freeze(self):
        """It hangs: connections stay open, or are accepted by the kernel, and nothing answers."""
        self.signal(self.main, signal.SIGSTOP)

    def thaw(self):
        self.signal(self.main, signal.SIGCONT)

    def stop(self, how=signal.SIGTERM):
        """It ends: connections are refused until start()."""
        self.end(self.main, how)
        self.main = None

    def kill(self):
        self.stop(signal.SIGKILL)

    def close(self):
        for process in [self.main, *reversed(self.helpers)]:
            self.end(process, signal.SIGKILL)
        self.main, self.helpers = None, []

    @staticmethod
    def signal(process, number):
        if process:
            try:
                os.killpg(process.pid, number)
            except ProcessLookupError:
                pass

    def end(self, process, how):
        if not process:
            return
        self.signal(process, how)
        self.signal(process, signal.SIGCONT)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            pass
        self.signal(process, signal.SIGKILL)  # and what it may have started
        process.wait()


class S3Server(Server):
    def client(self):
        return s3.Client(self.port, BUCKET, ACCESS_KEY, SECRET_KEY, REGION)

    def environment(self):
        return {"MUSTER_TEST_URL": f"s3://{BUCKET}/{REPOSITORY}",
                "MUSTER_TEST_S3_ENDPOINT": self.endpoint, "AWS_ENDPOINT_URL_S3": self.endpoint,
                "AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
                "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION,
                # Nothing of a user's own account may be reached by a test.
                "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
                "AWS_EC2_METADATA_DISABLED": "true"}


class Radosgw(S3Server):
    """Ceph's gateway over one monitor and one object store in memory: about 15 s to start."""
    NAME = "radosgw"
    FSID, OSD_ID = "4a0c52ce-7a8c-4c5c-9d0e-6d7573746572", "c1a9bd0e-3f0b-4c55-8a55-6d7573746572"

    def configure(self):
        """Without the two `update on start` lines an OSD that meets a young monitor gives up."""
        self.monitor = f"[v1:127.0.0.1:{free_port()}]"
        here = self.scratch
        (here / "ceph.conf").write_text(f"""[global]
fsid = {self.FSID}
mon host = {self.monitor}
ms bind msgr2 = false
ms bind ipv6 = false
auth cluster required = none
auth service required = none
auth client required = none
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
osd objectstore = memstore
memstore device bytes = {os.environ.get('MUSTER_TEST_SERVER_BYTES', 2 << 30)}
osd class update on start = false
osd crush update on start = false
mon allow pool size one = true
mon data avail warn = 1
mon data avail crit = 1
public addr = 127.0.0.1
cluster addr = 127.0.0.1
run dir = {here}/run
admin socket = {here}/run/$name.asok
pid file = {here}/run/$name.pid
log file = {here}/run/$name.log
crash dir = {here}/run
mon data = {here}/mon
osd data = {here}/osd
keyring = {here}/keyring
[client.rgw.a]
rgw frontends = beast endpoint=127.0.0.1:{self.port}
rgw data = {here}/rgw
rgw dns name = s3.localhost
rgw gc obj min wait = 5
rgw gc processor period = 5
rgw gc processor max time = 5
""")

    def prepare(self):
        programs = ("ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "ceph", "ceph-authtool",
                    "monmaptool")
        mon, osd, gateway, admin, ceph, authtool, monmaptool = map(self.program, programs)
        self.gateway = gateway
        for name in ("run", "mon", "osd", "rgw"):
            shutil.rmtree(self.scratch / name, ignore_errors=True)
            (self.scratch / name).mkdir()
        self.configure()
        conf = ("-c", str(self.scratch / "ceph.conf"))
        self.tool(authtool, "--create-keyring", "keyring", "--gen-key", "-n", "mon.", "--cap",
                  "mon", "allow *")
        self.tool(monmaptool, "--create", "--clobber", "--fsid", self.FSID, "--addv", "a",
                  self.monitor, "monmap")
        self.tool(mon, *conf, "--mkfs", "-i", "a", "--monmap", "monmap", "--keyring", "keyring")
        self.helpers.append(self.spawn([mon, *conf, "-f", "-i", "a"]))
        self.tool(ceph, *conf, "--connect-timeout", "30", "osd", "new", self.OSD_ID, "0")
        self.tool(osd, *conf, "-i", "0", "--mkfs", "--osd-uuid", self.OSD_ID)
        self.helpers.append(self.spawn([osd, *conf, "-f", "-i", "0"]))
        self.tool(ceph, *conf, "osd", "crush", "add", "osd.0", "1.0", "host=localhost",
                  "root=default")
        self.tool(admin, *conf, "-n", "client.rgw.a", "user", "create", "--uid=test",
                  "--display-name=test", f"--access-key={ACCESS_KEY}",
                  f"--secret-key={SECRET_KEY}")

    def command(self):
        return [self.gateway, "-c", str(self.scratch / "ceph.conf"), "-f", "-n", "client.rgw.a"]


class Versitygw(S3Server):
    NAME = "versitygw"

    def prepare(self):
        self.gateway = self.program("versitygw")
        for name in ("data", "versions"):
            shutil.rmtree(self.scratch / name, ignore_errors=True)
            (self.scratch / name).mkdir()

    def command(self):
        where = ["--versioning-dir", str(self.scratch / "versions"), str(self.scratch / "data")]
        try:
            os.setxattr(self.scratch / "data", "user.muster", b"")
        except OSError:  # in memory only since Linux 6.6
            where[:0] = ["--sidecar", str(self.scratch / "sidecar")]
            (self.scratch / "sidecar").mkdir(exist_ok=True)
        return [self.gateway, "--port", f"127.0.0.1:{self.port}", "--region", REGION, "--quiet",
                "--access", ACCESS_KEY, "--secret", SECRET_KEY, "posix", *where]


class Seaweedfs(S3Server):
    NAME = "seaweedfs"

    def prepare(self):
        self.weed = self.program("weed")
        self.others = [free_port() for _ in range(7)]
        shutil.rmtree(self.scratch / "data", ignore_errors=True)
        (self.scratch / "data").mkdir()
        (self.scratch / "s3.json").write_text(
            '{"identities": [{"name": "test", "credentials": [{"accessKey": "%s", "secretKey":'
            ' "%s"}], "actions": ["Admin", "Read", "Write", "List", "Tagging"]}]}'
            % (ACCESS_KEY, SECRET_KEY))

    def command(self):
        master, master_grpc, volume, volume_grpc, filer, filer_grpc, s3_grpc = self.others
        return [self.weed, "server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-dir=data",
                f"-master.port={master}", f"-master.port.grpc={master_grpc}",
                f"-volume.port={volume}", f"-volume.port.grpc={volume_grpc}", "-volume.max=32",
                "-master.volumeSizeLimitMB=256", "-filer", f"-filer.port={filer}",
                f"-filer.port.grpc={filer_grpc}", "-s3", f"-s3.port={self.port}",
                f"-s3.port.grpc={s3_grpc}", "-s3.config=s3.json"]


class Minio(S3Server):
    NAME = "minio"

    def prepare(self):
        self.minio = self.program("minio")
        shutil.rmtree(self.scratch / "data", ignore_errors=True)
        (self.scratch / "data").mkdir()

    def command(self):
        return [self.minio, "server", "--quiet", "--address", f"127.0.0.1:{self.port}", "data"]

    def main_environment(self):
        return {"MINIO_ROOT_USER": ACCESS_KEY, "MINIO_ROOT_PASSWORD": SECRET_KEY,
                "MINIO_BROWSER": "off", "MINIO_UPDATE": "off"}


class FakeGcs(Server):
    """Keeps objects in memory: as files it could not have both `a` and `a/b`."""
    NAME = "fake-gcs"
    KEEPS_DATA = False

    def prepare(self):
        self.fake = self.program("fake-gcs-server")

    def command(self):
        return [self.fake, "-backend", "memory", "-scheme", "http", "-host", "127.0.0.1", "-port",
                str(self.port), "-public-host", f"127.0.0.1:{self.port}", "-external-url",
                self.endpoint, "-log-level", "warn"]

    def client(self):
        return gcs.Client(self.port, BUCKET)

    def environment(self):
        return {"MUSTER_TEST_URL": f"gs://{BUCKET}/{REPOSITORY}",
                "STORAGE_EMULATOR_HOST": self.endpoint, "CLOUDSDK_CONFIG": "/dev/null"}


class Azurite(Server):
    """Its only account and key are published constants of the emulator."""
    NAME = "azurite"
    ACCOUNT = "devstoreaccount1"
    KEY = ("Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq"
           "/K1SZFPTOtr/KBHBeksoGMGw==")

    def prepare(self):
        self.azurite = self.installed / "azurite/node_modules/.bin/azurite-blob"
        if not self.azurite.exists():
            self.azurite = self.program("azurite-blob")
        self.node = self.program("node")
        shutil.rmtree(self.scratch / "data", ignore_errors=True)
        (self.scratch / "data").mkdir()

    def command(self):
        # Telemetry would ask hosts outside. Data kept by Node.js itself would not outlive stop().
        return [self.node, str(self.azurite), "--silent", "--disableTelemetry", "--location",
                "data", "--blobHost", "127.0.0.1", "--blobPort", str(self.port),
                "--skipApiVersionCheck"]

    def client(self):
        return azure.Client(self.port, BUCKET, self.ACCOUNT, self.KEY)

    def environment(self):
        return {"MUSTER_TEST_URL":
                f"https://{self.ACCOUNT}.blob.core.windows.net/{BUCKET}/{REPOSITORY}",
                "AZURE_STORAGE_ACCOUNT": self.ACCOUNT, "AZURE_STORAGE_KEY": self.KEY,
                "AZURE_STORAGE_CONNECTION_STRING":
                f"DefaultEndpointsProtocol=http;AccountName={self.ACCOUNT};AccountKey={self.KEY};"
                f"BlobEndpoint={self.endpoint}/{self.ACCOUNT};"}


SERVERS = {recipe.NAME: recipe
           for recipe in (Radosgw, Versitygw, Seaweedfs, Minio, FakeGcs, Azurite)}
