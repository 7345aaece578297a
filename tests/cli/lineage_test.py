#!/usr/bin/env python3
"""run, used-by, logged-by, lineage: what jobs used, what they made, and how it is drawn."""
import json
import subprocess
import xml.dom.minidom

import harness
from harness import MusterTest


class Lineage(MusterTest):
    def in_run(self, run, *arguments, code=0):
        return self.run_code(code, *arguments, environment={"MUSTER_RUN": run})

    def start(self, *options):
        return self.run_ok("run", "start", *options).out.strip()

    def make_chain(self):
        """photos:v0 by ingest; train used it and made model:v0; evaluate used both."""
        self.make_photos()
        for run in ("ingest", "train", "evaluate"):
            self.assertEqual(self.start("--id", run, "--job-type", run), run)
        self.in_run("ingest", "put", "photos", "-n", "photos")
        self.in_run("train", "get", "photos", "copy")
        self.write("weights", "1")
        self.in_run("train", "put", "weights", "-n", "model", "-t", "model")
        self.in_run("evaluate", "checkout", "photos", "exact")
        self.in_run("evaluate", "get", "model", "model")
        self.write("scores", "1")
        self.in_run("evaluate", "put", "scores", "-n", "scores", "-t", "result")

    def runs_of(self, *arguments):
        return [o["id"] for o in self.run_ok(*arguments, "--json").objects() if o["type"] == "run"]

    def test_puts_and_gets_are_noted_in_both_directions(self):
        self.make_chain()
        self.assertEqual(self.runs_of("used-by", "photos:v0"), ["evaluate", "train"])
        self.assertEqual(self.runs_of("used-by", "model"), ["evaluate"])
        self.assertEqual(self.runs_of("logged-by", "model"), ["train"])
        shown = self.run_ok("run", "show", "evaluate", "--json").objects()
        versions = {(o["direction"], o["name"], o["version"]) for o in shown
                    if o["type"] == "run_version"}
        self.assertEqual(versions, {("used", "photos", "v0"), ("used", "model", "v0"),
                                    ("logged", "scores", "v0")})
        self.run_ok("check")

    def test_without_a_run_nothing_is_noted(self):
        self.put_photos()
        self.run_ok("get", "photos", "copy")
        for name in ("runs", "uses", "lineage"):
            self.assertFalse((self.repo / name).exists())
        self.run_ok("logged-by", "photos", told="no run logged it")
        self.run_ok("used-by", "photos", told="no run used it")
        self.assertNotIn('"run"', "".join(p.read_text()
                                          for p in self.repo.rglob("log/*.json")))

    def test_what_makes_no_version_logs_none_and_dry_runs_note_nothing(self):
        self.put_photos()
        run = self.start()
        self.in_run(run, "put", "photos", "-n", "photos")
        self.in_run(run, "put", "photos", "-n", "other", "--dry-run")
        self.in_run(run, "checkout", "photos", "exact", "--dry-run")
        self.assertEqual(self.runs_of("logged-by", "photos"), [])
        self.assertEqual(self.runs_of("used-by", "photos"), [])

    def test_an_import_is_logged_too(self):
        self.put_photos()
        self.run_ok("export", "photos", "-o", "m.json")
        run = self.start()
        self.in_run(run, "import", "m.json", "-n", "back")
        self.assertEqual(self.runs_of("logged-by", "back"), [run])

    def test_a_wrong_or_finished_run_stops_before_any_work(self):
        self.put_photos()
        packs = sorted((self.repo / "packs").rglob("*.pack"))
        run = self.start()
        self.run_ok("run", "finish", run)
        self.write("photos/new")
        for name, reason in (("nosuch", "there is no run 'nosuch', which MUSTER_RUN names"),
                             (run, "is finished already"), ("a/b", "is no id of a run")):
            for command in (("put", "photos", "-n", "photos"), ("get", "photos", "copy"),
                            ("checkout", "photos", "copy")):
                with self.subTest(name=name, command=command):
                    result = self.in_run(name, *command, code=2)
                    self.assertIn(reason, result.err)
                    self.assertNotIn("lists the artifacts", result.err)
        self.assertFalse((self.home / "copy").exists())
        self.assertEqual(sorted((self.repo / "packs").rglob("*.pack")), packs)

    def test_the_shell_form_sets_the_variable(self):
        script = ('eval "$("$0" run start --shell --job-type "a b")" && "$0" run config '
                  '\'{"lr": 1}\' && "$0" run finish --failed && "$0" run show --json')
        done = subprocess.run(["sh", "-c", script, harness.PROGRAM], cwd=self.home, text=True,
                              env=self.environment, capture_output=True, check=True)
        shown = json.loads(done.stdout.splitlines()[0])
        self.assertEqual((shown["job_type"], shown["state"], shown["config"]),
                         ("a b", "failed", {"lr": 1}))

    def test_a_run_is_told_as_it_is(self):
        self.write("config.json", '{"lr": 0.1, "layers": [1, 2]}')
        run = self.start("--project", "cats", "--name", "second try", "--group", "sweep",
                         "--config", "@config.json")
        self.assertRegex(run, r"^[0-9a-z]{8}$")
        self.run_ok("run", "config", '{"lr": null, "epochs": 3}', run)
        text = self.run_ok("run", "show", run).out
        for part in ("tester/cats", "second try", "sweep", "running", '{"layers":[1,2],"epochs":3}'):
            self.assertIn(part, text)
        self.run_ok("run", "finish", run, told=f"run {run} has finished")
        self.run_ok("run", "finish", run)
        self.run_code(2, "run", "finish", run, "--failed")
        self.assertIn("finished", self.run_ok("run", "list").out)
        self.run_code(2, "run", "start", "--id", run)

    def test_a_run_that_nobody_has_finished_shows_when_it_was_heard_of(self):
        self.start("--id", "dead")
        self.assertRegex(self.run_ok("run", "list").out, r"\ndead +running .* ago ")
        self.assertRegex(self.run_ok("run", "show", "dead").out, r"\nheard of +.* ago\n")
        shown = self.run_ok("run", "list", "--json").objects()[0]
        self.assertEqual(shown["last_at"], shown["started_at"])
        self.run_ok("run", "config", '{"a": 1}', "dead")
        last = self.run_ok("run", "list", "--json").objects()[0]["last_at"]
        self.assertGreaterEqual(last, shown["last_at"])
        self.run_ok("run", "finish", "--failed", "dead")
        ended = self.run_ok("run", "list", "--json").objects()[0]
        self.assertEqual(ended["last_at"], ended["finished_at"])
        self.assertNotIn(" ago", self.run_ok("run", "list").out)

    def test_the_newest_runs_are_listed_first(self):
        for name in "abc":
            self.start("--id", name)
        self.assertEqual(self.runs_of("run", "list")[0], "c")
        result = self.run_ok("run", "list", "--last", "2", told="1 older run is not shown")
        self.assertIn("b", result.out)
        self.assertNotIn("\na ", result.out)

    def test_wrong_usage_names_what_is_wrong(self):
        self.put_photos()
        for arguments, reason in (
                (("run", "stop"), "none of start, finish"),
                (("run", "finish"), "which run?"),
                (("run", "start", "--failed"), "run start takes no --failed"),
                (("run", "list", "x"), "'x' is too much"),
                (("run", "start", "--config", "[]"), "not a JSON object"),
                (("run", "start", "--id", "a b"), "no id of a run"),
                (("run", "use"), "name a version"),
                (("run", "show", "nosuch"), "there is no run"),
                (("lineage", "nosuch"), "no artifact 'nosuch'"),
                (("lineage", "photos", "--format", "svg", "--json"), "choose one")):
            with self.subTest(arguments):
                self.assertIn(reason, self.run_code(2, *arguments).err)

    def test_a_tree_is_drawn(self):
        self.make_chain()
        self.assertEqual(self.run_ok("lineage", "model").out, """\
VERSION OR RUN                    TYPE      STATE    NAME
model:v0                          model
├── logged by run train           train     running
│   └── used photos:v0            dataset
│       └── logged by run ingest  ingest    running
└── used by run evaluate          evaluate  running
    └── logged scores:v0          result
""")
        result = self.run_ok("lineage", "model", "--depth", "1", told="--depth N shows more")
        self.assertIn("└── …", result.out)
        self.run_ok("lineage", "model", "--max-nodes", "2", told="--max-nodes N shows more")
        self.run_ok("delete", "photos:v0", "--yes")
        self.assertIn("deleted", self.run_ok("lineage", "model").out)
        for run, direction in (("ingest", "logged"), ("train", "used")):
            self.assertRegex(self.run_ok("run", "show", run).out,
                             rf"(?m)^{direction} +tester/uncategorized/photos:v0 \(deleted\)$")

    def test_graphs_are_well_formed(self):
        self.make_chain()
        dot = self.run_ok("lineage", "model", "--format", "dot").out
        self.assertEqual((dot.count("->"), dot.count("[shape=")), (5, 6))
        document = xml.dom.minidom.parseString(
            self.run_ok("lineage", "photos", "--format", "svg").out)
        self.assertEqual(len(document.getElementsByTagName("g")), 6)
        objects = self.run_ok("lineage", "model", "--json").objects()
        nodes = {o["id"] for o in objects if o["type"] == "lineage_node"}
        edges = [o for o in objects if o["type"] == "lineage_edge"]
        self.assertEqual((len(nodes), len(edges)), (6, 5))
        self.assertTrue(all(e["from"] in nodes and e["to"] in nodes for e in edges))

    def test_what_is_used_some_other_way_can_be_said(self):
        self.put_photos()
        run = self.start()
        self.in_run(run, "run", "use", "photos:v0")
        self.in_run(run, "run", "use", "photos:v0")
        self.assertEqual(self.runs_of("used-by", "photos"), [run])
        self.assertEqual(len(list((self.repo / "uses").rglob("*.json"))), 1)

    def test_a_copy_leaves_lineage_behind(self):
        self.make_chain()
        self.run_ok("copy", "model", "other")
        self.assertFalse((self.home / "other/runs").exists())
        self.assertEqual(self.runs_of("-R", "other", "logged-by", "model"), [])
        self.run_ok("-R", "other", "check")

    def test_damage_is_a_finding(self):
        self.make_chain()
        path = self.repo / "runs/train.json"
        path.chmod(0o644)
        path.write_text("{}")
        found = self.run_code(1, "check").out
        self.assertIn("runs/train.json", found)
        self.assertIn("unreadable", self.run_ok("lineage", "model").out)


if __name__ == "__main__":
    harness.main()
