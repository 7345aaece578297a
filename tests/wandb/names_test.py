#!/usr/bin/env python3
"""The names that docs/wandb-compatibility.md has, held against the SDK's own classes.

    names_test.py MUSTER ROOT [unittest arguments]
"""
import inspect
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../docs"))
import sdk
import wandb_names


def parameters_of(function):
    return set(inspect.signature(function).parameters) - {"self"}


def function_of(method):
    """By its name in the page."""
    if method == "Artifact":
        return sdk.wandb.Artifact
    if method == "wandb.init":
        return sdk.wandb.init
    owner, _, name = method.rpartition(".")
    return getattr(sdk.wandb.Run if owner == "run" else sdk.wandb.Artifact, name)


class Names(unittest.TestCase):
    def test_every_name_is_one_of_wandb(self):
        for attribute in wandb_names.ATTRIBUTES:
            self.assertIsInstance(inspect.getattr_static(sdk.wandb.Artifact, attribute), property)
        for method, parameters in wandb_names.METHODS.items():
            with self.subTest(method):
                known = parameters_of(function_of(method))
                self.assertLessEqual({KNOWN_AS.get((method, name), name)
                                      for name in parameters.split()}, known)

    def test_what_wandb_has_besides_is_known(self):
        members = {name for name, member in inspect.getmembers(sdk.wandb.Artifact)
                   if not name.startswith("_")
                   and (callable(member) or isinstance(member, property))}
        documented = set(wandb_names.ATTRIBUTES) | set(wandb_names.METHODS)
        self.assertEqual(members - documented, wandb_names.BESIDES)
        more = {f"{method}({name})" for method, parameters in wandb_names.METHODS.items()
                if "." not in method
                for name in parameters_of(function_of(method)) - set(parameters.split())}
        self.assertEqual(more, wandb_names.BESIDES_PARAMETERS)


KNOWN_AS = {("run.use_artifact", "name"): "artifact_or_name",
            ("run.log_artifact", "artifact"): "artifact_or_path"}

if __name__ == "__main__":
    sdk.enter()
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
