/*
 * Lists the entries of an artifact: digest, size and path of each, one after the other, however
 * many there are.
 *
 *	list_manifest example_artifact:latest
 */
#include <muster/muster.h>
#include <stdio.h>

static enum muster_code list(struct muster_artifact *artifact, struct muster_error *error)
{
	const struct muster_entry *entry;
	struct muster_manifest *manifest;
	enum muster_code code = muster_artifact_manifest(artifact, &manifest, error);

	while (!code && !(code = muster_manifest_next(manifest, &entry, error))) {
		uint64_t size_bytes = 0;

		muster_entry_size(entry, &size_bytes);
		printf("%s %12llu %s\n", muster_entry_digest(entry), (unsigned long long)size_bytes,
		       muster_entry_path(entry));
	}
	muster_manifest_close(manifest);
	return code == MUSTER_END ? MUSTER_OK : code;
}

int main(int argc, char **argv)
{
	struct muster_open_options where = { .project = "artifacts-example" };
	struct muster_repository *repository;
	struct muster_artifact *artifact = NULL;
	struct muster_error error = { 0 };
	enum muster_code code;

	if (argc != 2) {
		fprintf(stderr, "usage: list_manifest ARTIFACT\n");
		return 2;
	}
	code = muster_repository_open(&repository, &where, NULL, &error);
	if (!code)
		code = muster_artifact_open(&artifact, repository, argv[1], NULL, &error);
	if (!code)
		code = list(artifact, &error);
	if (code)
		fprintf(stderr, "list_manifest: %s\n", error.message);
	muster_artifact_close(artifact);
	muster_repository_close(repository);
	return code ? 1 : 0;
}
