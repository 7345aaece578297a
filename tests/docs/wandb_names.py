"""The names that users of W&B's Artifacts know: attributes, methods and their parameters."""

ATTRIBUTES = """
aliases collection commit_hash created_at description digest entity file_count history_step id
manifest metadata name project qualified_name size source_collection source_entity source_name
source_project source_qualified_name source_version state tags ttl type updated_at url version
""".split()

METHODS = {
    "Artifact": "name type description metadata incremental use_as digest_algorithm",
    "__getitem__": "name",
    "__setitem__": "name item",
    "add": "obj name overwrite",
    "add_dir": "local_path name skip_cache policy merge",
    "add_file": "local_path name is_tmp skip_cache policy overwrite",
    "add_reference": "uri name checksum max_objects",
    "checkout": "root",
    "delete": "delete_aliases",
    "download": "root allow_missing_references skip_cache path_prefix",
    "file": "root",
    "files": "names per_page",
    "finalize": "",
    "get": "name",
    "get_added_local_path_name": "local_path",
    "get_entry": "name",
    "get_path": "name",
    "is_draft": "",
    "json_encode": "",
    "link": "target_path aliases",
    "logged_by": "",
    "new_draft": "",
    "new_file": "name mode encoding",
    "remove": "item",
    "save": "project settings",
    "unlink": "",
    "used_by": "",
    "verify": "root",
    "wait": "timeout",
    "wandb.init": "project job_type",
    "run.use_artifact": "name",
    "run.log_artifact": "artifact",
}

# What the SDK has besides: newer than the reference, or not for users.
BESIDES = {"digest_algorithm", "distributed_id", "incremental", "is_link", "linked_artifacts",
           "linked_at", "source_artifact", "use_as"}
BESIDES_PARAMETERS = {"Artifact(storage_region)", "download(multipart)", "files(start)",
                      "new_file(policy)"}

# Names without a meaning here, as the page explains.
WITHOUT = ["Artifact(use_as)", "save(settings)"]

# What this build leaves out, and the page says so: nothing else may. Media objects:
NOT_YET = ["__getitem__()", "__getitem__(name)", "__setitem__()", "__setitem__(name)",
           "__setitem__(item)", "add()", "add(obj)", "add(name)", "add(overwrite)", "get()",
           "get(name)"]


def rows():
    """The first cell of each row that the page must have."""
    yield from ATTRIBUTES
    for method, parameters in METHODS.items():
        yield f"{method}()"
        for parameter in parameters.split():
            yield f"{method}({parameter})"
