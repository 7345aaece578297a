/* A worker that takes entries out of the repository into a tree: get, and the last pass of a
 * checkout. */
#ifndef ENGINE_GET_WORKER_H
#define ENGINE_GET_WORKER_H

#include "engine/get/existing.h"
#include "engine/get/line.h"
#include "engine/get/reference.h"
#include "engine/get/spool.h"

/* What all workers share, and where their batches end. */
struct get_writing {
	struct get_job *job;
	int root_fd;
	bool checks_existing; /* look what is there before anything is fetched */
	bool overwrite;
	bool allow_missing_references;
	bool may_prune;
	int64_t start_ns;
	struct get_backup *backup;	  /* NULL: none */
	struct muster_get_report *report; /* under `lock` */
	struct get_spool *spool;	  /* files that were written or proved; NULL: not noted */
	pthread_mutex_t lock;
};

struct get_worker {
	struct get_writing *writing;
	struct get_line *line;
	struct get_fetcher fetcher;
	struct get_tree tree;
	struct get_existing existing;
	struct {			 /* large items that it does side by side */
		struct get_item *first;	 /* the one to begin with */
		struct get_item *wanted; /* a list: what is there was looked at */
		unsigned looked_count;	 /* at most LONG_INTAKE_FILES before they are fetched */
	} large;
};

/* For struct get_line_ops; batches are struct get_batch, what comes later is a struct get_item. */
enum muster_code get_worker_open(void **out, struct get_writing *writing, struct get_line *line,
				 struct muster_error *err);
void get_worker_close(void *worker);
enum muster_code get_worker_batch(void *worker, void *batch, struct muster_error *err);
enum muster_code get_worker_later(void *worker, void *item, struct muster_error *err);
void get_worker_drop(void *item);
/** Count, note and report what became of a batch, and empty it. */
enum muster_code get_writing_end(struct get_writing *writing, struct get_batch *batch,
				 struct muster_error *err);

#endif
