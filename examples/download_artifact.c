/*
 * Downloads the latest version of "example_artifact" into ./artifacts/example_artifact:vN, and says
 * where. In W&B's Python:
 *
 *	artifact = run.use_artifact("example_artifact:latest")
 *	datadir = artifact.download()
 */
#include <muster/muster.h>
#include <stdio.h>

int main(void)
{
	struct muster_open_options where = { .project = "artifacts-example" };
	struct muster_repository *repository;
	struct muster_artifact *artifact = NULL;
	struct muster_error error = { 0 };
	const char *directory = NULL;
	enum muster_code code = muster_repository_open(&repository, &where, NULL, &error);

	if (!code)
		code = muster_artifact_open(&artifact, repository, "example_artifact:latest", NULL,
					    &error);
	if (!code)
		code = muster_artifact_download(artifact, NULL, &directory, NULL, &error);
	if (code)
		fprintf(stderr, "download_artifact: %s\n", error.message);
	else
		puts(directory);
	muster_artifact_close(artifact);
	muster_repository_close(repository);
	return code ? 1 : 0;
}
