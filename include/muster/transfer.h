/**
 * transfer - W&B's wandb_manifest.json out of a version and into one; digests without a repository.
 */
#ifndef MUSTER_TRANSFER_H
#define MUSTER_TRANSFER_H

#include "muster/declare.h"
#include "muster/get.h"
#include "muster/look.h"
#include "muster/put.h"

MUSTER_DECLARE_BEGIN

struct muster_export_options {
	const char *version;
	bool python_form; /* as W&B's Python writes it; else as its Go core does */
	muster_bytes_fn *sink;
	void *sink_state;
};

/** The bytes of imported entries come from a directory that holds the files under their paths; an
 *  entry whose blob is stored already needs none. */
struct muster_import_options {
	struct muster_job job;
	const char *manifest_path; /* of a wandb_manifest.json */
	const char *from;	   /* directory; NULL: bytes must be stored already */
	const char *entity, *project, *name, *type;
	const char *description, *metadata;
	const char *const *aliases;
	size_t alias_count;
	const char *const *tags;
	size_t tag_count;
	const char *run; /* as in struct muster_put_options */
	bool commit_partial;
};

struct muster_digest_options {
	struct muster_job job;
	const struct muster_source *sources;
	size_t source_count;
	const char *algorithm; /* "md5" (NULL) or "xxh128" */
	struct muster_wanted_rules rules;
	bool one_file_system;
	muster_entry_fn *on_entry; /* in path order; may be NULL */
	void *on_entry_state;
};

struct muster_digest_report {
	char digest[33];
	uint64_t entry_count, size_bytes, failed_items, special_files, vanished_files;
};

MUSTER_DECLARE_END

#endif
