/**
 * making - artifacts that are being made, for tests of the C API: short forms that fail the test,
 * and what an artifact holds.
 */
#ifndef TESTS_API_MAKING_H
#define TESTS_API_MAKING_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/api/fixture.h"

#define HELLO_DIGEST	   "XUFAKrxLKna5cZ2REBfFkg=="	      /* MD5 of "hello" */
#define HELLO_FILE1_DIGEST "a00c2239f036fb656c1dcbf9a32d89b4" /* W&B's, of file1.txt = "hello" */

static inline struct muster_artifact *new_artifact(struct place *place, const char *name)
{
	struct muster_artifact_options options = { .name = name, .type = "dataset" };
	struct muster_artifact *artifact;
	struct muster_error err = { 0 };

	if (muster_artifact_new(&artifact, place->repository, &options, &err))
		fail_msg("%s", err.message);
	return artifact;
}

static inline void add(struct muster_artifact *artifact, const char *local_path, const char *name)
{
	struct muster_add_options options = { .name = name };
	struct muster_error err = { 0 };

	if (muster_artifact_add_file(artifact, local_path, &options, NULL, &err))
		fail_msg("%s", err.message);
}

static inline void save(struct muster_artifact *artifact)
{
	struct muster_error err = { 0 };

	if (muster_artifact_save(artifact, NULL, NULL, &err))
		fail_msg("%s", err.message);
}

/* Paths of all entries, each with a blank behind. */
static inline void expect_entries(struct muster_artifact *artifact, const char *expected)
{
	struct muster_manifest *manifest;
	const struct muster_entry *entry;
	char text[1024] = "";
	size_t len = 0;

	assert_int_equal(muster_artifact_manifest(artifact, &manifest, NULL), MUSTER_OK);
	while (!muster_manifest_next(manifest, &entry, NULL))
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s ",
					muster_entry_path(entry));
	muster_manifest_close(manifest);
	assert_string_equal(text, expected);
}

static inline void expect_digest(struct muster_artifact *artifact, const char *path,
				 const char *expected)
{
	struct muster_manifest *manifest;
	const struct muster_entry *entry;

	assert_int_equal(muster_artifact_manifest(artifact, &manifest, NULL), MUSTER_OK);
	assert_int_equal(muster_manifest_seek(manifest, path, NULL), MUSTER_OK);
	assert_int_equal(muster_manifest_next(manifest, &entry, NULL), MUSTER_OK);
	assert_string_equal(muster_entry_path(entry), path);
	assert_string_equal(muster_entry_digest(entry), expected);
	muster_manifest_close(manifest);
}

/* Files are named from the place's root. */
static inline void enter(struct place *place)
{
	assert_int_equal(chdir(place->root), 0);
	place_write(place, "hello.txt", "hello");
	place_write(place, "dir/a", "1");
	place_write(place, "dir/sub/b", "22");
}

#endif
