/*
 * Logs ./dataset.h5 as "training_dataset" in a version of the artifact "example_artifact", in the
 * default repository (MUSTER_REPO, else ~/.local/share/muster). In W&B's Python:
 *
 *	run = wandb.init(project="artifacts-example", job_type="add-dataset")
 *	artifact = wandb.Artifact(name="example_artifact", type="dataset")
 *	artifact.add_file(local_path="./dataset.h5", name="training_dataset")
 *	artifact.save()
 */
#include <muster/muster.h>
#include <stdio.h>

static enum muster_code create(struct muster_repository *repository, struct muster_error *error)
{
	struct muster_artifact_options options = { .name = "example_artifact", .type = "dataset" };
	struct muster_add_options as = { .name = "training_dataset" };
	struct muster_artifact *artifact;
	const char *name;
	enum muster_code code = muster_artifact_new(&artifact, repository, &options, error);

	if (!code)
		code = muster_artifact_add_file(artifact, "./dataset.h5", &as, NULL, error);
	if (!code)
		code = muster_artifact_save(artifact, NULL, NULL, error);
	if (!code)
		code = muster_artifact_name(artifact, &name, error);
	if (!code)
		puts(name);
	muster_artifact_close(artifact);
	return code;
}

int main(void)
{
	struct muster_open_options where = { .project = "artifacts-example", .may_init = true };
	struct muster_repository *repository;
	struct muster_error error = { 0 };
	enum muster_code code = muster_repository_open(&repository, &where, NULL, &error);

	if (!code)
		code = create(repository, &error);
	if (code)
		fprintf(stderr, "create_artifact: %s\n", error.message);
	muster_repository_close(repository);
	return code ? 1 : 0;
}
