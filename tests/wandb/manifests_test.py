#!/usr/bin/env python3
"""Manifests of muster that W&B's SDK reads, and manifests of the SDK that muster imports.

    manifests_test.py MUSTER ROOT [unittest arguments]
"""
import json
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../cli"))
import harness
import sdk
from harness import MusterTest
from trees import TREES, random_name

RANDOM_MANIFESTS = 30
# The example of the formats' description: as the Go half of the SDK stores it.
WORKED = """{"version":1,"storagePolicy":"wandb-storage-policy-v1","storagePolicyConfig":\
{"storageLayout":"V2"},"contents":{"data/a.bin":{"digest":"XUFAKrxLKna5cZ2REBfFkg==","size":5,\
"local_path":"/tmp/staging/tmpab12","birthArtifactID":"QXJ0aWZhY3Q6NTI1MDk4","skip_cache":false},\
"data/empty":{"digest":"1B2M2Y8AsgTpgAmY7PhCfg==","size":0,"local_path":"/tmp/staging/tmpcd34",\
"birthArtifactID":"QXJ0aWZhY3Q6NTI1MDk4","skip_cache":false},"ref/obj.pb":{"digest":\
"781e5e245d69b566979b86e28d23f2c7","ref":"s3://bkt/obj.pb","size":10,"skip_cache":false,"extra":\
{"etag":"781e5e245d69b566979b86e28d23f2c7"}}}}"""
WORKED_DIGEST = "13b93e169846a15c9b1d17ddc5d8ad54"


class Manifests(MusterTest):
    def setUp(self):
        super().setUp()
        for algorithm in ("MD5", "XXH128"):
            self.run_ok("-R", algorithm, "init", "--digest", algorithm.lower())
        self.count = 0

    def import_text(self, text, algorithm="MD5", directory=None):
        """Gives the version's name and digest."""
        self.count += 1
        name = f"imported-{self.count}"
        self.write("m.json", text)
        self.run_ok("-R", algorithm, "import", "m.json", "-n", name,
                    *(["--from", directory] if directory else []))
        shown = self.run_ok("-R", algorithm, "show", name, "--json").objects()[0]
        return name, shown["digest"]

    def export(self, name, form, algorithm="MD5"):
        return self.run_ok("-R", algorithm, "export", name, "--form", form).out

    def judge_round_trip(self, manifest, algorithm="MD5", directory=None):
        """What the SDK writes comes in with the same digest, and out again as it was."""
        document = manifest.to_manifest_json()
        for indent in (4, None):  # the SDK's own is 4
            name, digest = self.import_text(json.dumps(document, indent=indent), algorithm,
                                            directory)
            self.assertEqual(digest, manifest.digest())
        for form in ("python", "go"):
            back = sdk.load_manifest(json.loads(self.export(name, form, algorithm)), algorithm)
            self.assertEqual(back.digest(), manifest.digest())
            self.judge_entries(sdk.contents(back), sdk.contents(manifest), form)

    def judge_entries(self, back, entries, form):
        if form == "go":  # it knows no size that is not known
            entries = {path: {"size": 0, **entry} for path, entry in entries.items()}
        self.assertEqual(back, entries)

    def write_tree(self, tree):
        self.count += 1
        directory = self.home / f"tree-{self.count}"
        directory.mkdir()
        for path, content in tree.items():
            self.write(directory / path, content)
        return directory

    def test_trees_go_out_and_in(self):
        for name, tree in TREES.items():
            for algorithm in ("MD5", "XXH128") if tree else ("MD5",):
                with self.subTest(name, algorithm=algorithm):
                    directory = self.write_tree(tree)
                    made = sdk.artifact(algorithm)
                    sdk.add_dir(made, directory)
                    self.judge_round_trip(made.manifest, algorithm, directory)

    def test_references_go_out_and_in(self):
        directory = self.write_tree(TREES["order"])
        for algorithm in ("MD5", "XXH128"):
            made = sdk.artifact(algorithm)
            sdk.add_dir(made, directory)
            made.add_reference(f"file://{directory}", name="files")
            made.add_reference("nfs://host/x?y#z%41 é", name="tracked")
            made.add_reference("https://h/p?a=1&b=2#c", name="http", checksum=False)
            self.judge_round_trip(made.manifest, algorithm, directory)

    def test_entries_of_both_digests_in_one_artifact(self):
        """As a draft has them that was begun with an older SDK."""
        from wandb.sdk.artifacts.artifact_manifest_entry import ArtifactManifestEntry
        directory = self.write_tree({"md5.txt": "hello", "xxh.txt": "hello"})
        made = sdk.artifact("XXH128")
        made.add_file(os.fspath(directory / "xxh.txt"))
        made.manifest.add_entry(ArtifactManifestEntry(
            path="md5.txt", digest="XUFAKrxLKna5cZ2REBfFkg==", size=5))
        self.assertEqual(made.digest, "68d532b5d8435c17549c4a49bff00caa")
        self.judge_round_trip(made.manifest, "XXH128", directory)

    def test_a_manifest_without_files_is_taken_for_one_of_md5(self):
        """A manifest does not say how its artifact is digested, only how each file is."""
        made = sdk.artifact("XXH128")
        made.add_reference("nfs://x", name="x")
        document = made.manifest.to_manifest_json()
        _, digest = self.import_text(json.dumps(document), "XXH128")
        self.assertEqual(digest, sdk.load_manifest(document, "MD5").digest())
        self.assertNotEqual(digest, made.digest)

    def test_the_worked_example_goes_in_and_out(self):
        directory = self.write_tree({"data/a.bin": "hello", "data/empty": ""})
        manifest = sdk.load_manifest(json.loads(WORKED))
        self.assertEqual(manifest.digest(), WORKED_DIGEST)
        name, digest = self.import_text(WORKED, directory=directory)
        self.assertEqual(digest, WORKED_DIGEST)
        for form in ("go", "python"):
            back = sdk.load_manifest(json.loads(self.export(name, form)))
            self.assertEqual(back.digest(), WORKED_DIGEST)
            self.assertEqual(sdk.contents(back), sdk.contents(manifest))

    def test_golden_manifests_are_what_the_sdk_reads(self):
        for path in sorted((harness.ROOT / "tests/golden/wandb").glob("*.json")):
            with self.subTest(path.name):
                document = json.loads(path.read_text(encoding="utf-8"))
                manifest = sdk.load_manifest(document)
                contents = {name: {key: value for key, value in entry.items()
                                   if key != "skip_cache"}
                            for name, entry in document["contents"].items()}
                self.assertEqual(sdk.contents(manifest), contents)
                self.assertEqual(manifest.to_manifest_json()["storagePolicyConfig"],
                                 document["storagePolicyConfig"])

    def test_a_region_is_kept(self):
        made = sdk.artifact(storage_region="coreweave-us")
        made.add_reference("nfs://x", name="x")
        name, digest = self.import_text(json.dumps(made.manifest.to_manifest_json()))
        self.assertEqual(digest, made.digest)

    def test_random_references(self):
        for seed in range(RANDOM_MANIFESTS):
            with self.subTest(seed=seed):
                manifest = random_manifest(random.Random(seed))
                self.judge_round_trip(manifest)

    def test_what_the_sdk_refuses_is_refused(self):
        good = json.loads(WORKED)
        for change in ({"version": 2}, {"version": None}, {"storagePolicy": "other"},
                       {"contents": None}, {"contents": {"x": {}}},
                       {"contents": {"x": {"digest": None}}},
                       {"contents": {"x": {"digest": "d", "ref": "s3://b/k", "size": -1}}}):
            with self.subTest(str(change)):
                document = {**good, **change}
                with self.assertRaises(Exception):
                    sdk.load_manifest(document)
                self.write("m.json", json.dumps(document))
                self.run_code(4, "-R", "MD5", "import", "m.json", "-n", "refused")
        self.run_code(2, "-R", "MD5", "show", "refused")


def random_json(chance, depth=0):
    kind = chance.randrange(8 if depth < 3 else 6)
    if kind < 6:
        return (None, True, chance.randrange(-2**53, 2**53), chance.random() * 1e6,
                random_name(chance), "")[kind]
    items = [random_json(chance, depth + 1) for _ in range(chance.randrange(4))]
    return items if kind == 6 else {random_name(chance): item for item in items}


def random_manifest(chance):
    """References with all that an entry may have; a reference needs no bytes."""
    from wandb.sdk.artifacts._validators import validate_artifact_path
    from wandb.sdk.artifacts.artifact_manifest_entry import ArtifactManifestEntry
    made = sdk.artifact()
    for _ in range(chance.randrange(1, 25)):
        path = "/".join(random_name(chance) for _ in range(chance.randrange(1, 4)))
        try:
            path = validate_artifact_path(path)
        except ValueError:
            continue
        entry = {"digest": random_name(chance), "ref": "s3://b/" + random_name(chance)}
        if chance.random() < 0.7:
            entry["size"] = chance.choice((0, 1, 5, 2**40, 2**58))
        if chance.random() < 0.5:
            entry["extra"] = {random_name(chance): random_json(chance) for _ in range(3)}
        if chance.random() < 0.3:
            entry["birth_artifact_id"] = "QXJ0aWZhY3Q6NTI1MDk4"
        made.manifest.add_entry(ArtifactManifestEntry(path=path, **entry), overwrite=True)
    return made.manifest


if __name__ == "__main__":
    sdk.enter()
    harness.main()
