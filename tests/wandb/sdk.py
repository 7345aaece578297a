"""W&B's own SDK, as the judge of what muster computes. It is asked offline: no run, no server.

tests/servers/install brings it, into a virtual environment. A test calls enter() before all else:
it starts the test anew in that environment, or ends it as a skip.
"""
import atexit
import os
import pathlib
import shutil
import sys
import tempfile

SKIP_CODE = 77
wandb = None


def place():
    """Where tests/servers/install puts it."""
    cache = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    servers = os.environ.get("MUSTER_TEST_SERVERS") or pathlib.Path(cache) / "muster-test-servers"
    return pathlib.Path(servers) / "wandb"


def enter():
    venv = place()
    if pathlib.Path(sys.prefix) != venv:
        python = venv / "bin/python3"
        if not (venv.parent / "wandb.version").exists() or not python.exists():
            print("SKIP: W&B's SDK is not there (tests/servers/install)")
            sys.exit(SKIP_CODE)
        os.execv(python, [os.fspath(python), "-B", *sys.argv])
    load()


def load():
    """All that it writes goes where it is removed at the end, and it reports nothing to anybody."""
    global wandb
    home = tempfile.mkdtemp(prefix="muster-wandb-")
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    for name in ("WANDB_DIR", "WANDB_CACHE_DIR", "WANDB_DATA_DIR", "WANDB_CONFIG_DIR"):
        os.environ[name] = home
    os.environ.update(WANDB_MODE="offline", WANDB_SILENT="true", WANDB_ERROR_REPORTING="false")
    import wandb as module
    wandb = module
    print(f"W&B's SDK {wandb.__version__}", flush=True)


def artifact(algorithm="MD5", name="judged", type="dataset", **more):
    """Empty."""
    if algorithm != "MD5":
        more["digest_algorithm"] = algorithm
    return wandb.Artifact(name, type=type, **more)


def add_dir(made, directory, name=None):
    """Files are neither copied nor cached."""
    made.add_dir(os.fspath(directory), name=name, policy="immutable", skip_cache=True)


def load_manifest(document, algorithm="MD5"):
    """A manifest of the document (a dict), as the SDK reads those that it downloads."""
    from wandb.sdk.artifacts._generated import ArtifactDigestAlgorithm
    from wandb.sdk.artifacts.artifact_manifest import ArtifactManifest
    from wandb.sdk.artifacts.artifact_manifests import artifact_manifest_v1  # it registers itself
    assert artifact_manifest_v1
    return ArtifactManifest.from_manifest_json(
        document, ArtifactDigestAlgorithm[f"MANIFEST_{algorithm}"])


def contents(manifest):
    """Path -> entry, as they stand in its JSON."""
    return manifest.to_manifest_json()["contents"]
