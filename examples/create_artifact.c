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

int main(void)
{
	struct muster_open_options where = { .project = "artifacts-example", .may_init = true };
	struct muster_source dataset = { .path = "./dataset.h5", .name = "training_dataset" };
	struct muster_put_options options = { .sources = &dataset,
					      .source_count = 1,
					      .name = "example_artifact",
					      .type = "dataset" };
	struct muster_put_report report = { 0 };
	struct muster_repository *repository;
	struct muster_error error = { 0 };
	enum muster_code code = muster_repository_open(&repository, &where, NULL, &error);

	if (!code)
		code = muster_put(repository, &options, &report, &error);
	if (code)
		fprintf(stderr, "create_artifact: %s\n", error.message);
	else
		printf("example_artifact:v%llu\n", (unsigned long long)report.version_number);
	muster_repository_close(repository);
	return code ? 1 : 0;
}
