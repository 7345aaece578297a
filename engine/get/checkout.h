/* What the passes of a checkout share.
 *
 *	1  plan   (walk × version × state, in path order; files are read where only bytes tell)
 *	          -> spools: kept, replaced, removed; or a refusal, and nothing was changed
 *	2  remove (files that go, then directories that are empty)
 *	3  write  (version × kept × replaced: the rest is fetched)
 *	4  state  (kept + written + what was left as it was)
 */
#ifndef ENGINE_GET_CHECKOUT_H
#define ENGINE_GET_CHECKOUT_H

#include "engine/get/found.h"
#include "engine/get/spool.h"
#include "engine/get/target.h"
#include "engine/get/worker.h"
#include "engine/statcache/stat_cache.h"

#define CHECKOUT_LINKS_MAX 65536 /* linked directories in a tree */
/* What a refusal shows of one path, and of all paths of a kind: a message has 256 bytes, and must
 * have room for each kind. */
#define CHECKOUT_NAME_BYTES  40
#define CHECKOUT_NAMES_BYTES 64

/* The first few paths of a kind, and how many there are. */
struct checkout_names {
	uint64_t count, named_count;
	struct bytes text; /* "'a', 'b'" */
};

/* Files that may not be touched: a checkout left them and somebody changed them, or no checkout
 * left them. */
struct checkout_refused {
	struct checkout_names changed, unknown;
};

/* What an earlier checkout left: "<cache>/checkouts/<64 hex of the path>/state", a run of stats. */
struct checkout_state {
	int dir_fd, lock_fd; /* -1: there is none */
	struct stat_run_reader old;
};

struct checkout_run {
	struct get_job job;
	struct get_writing writing; /* pass 3 */
	const struct muster_checkout_options *options;
	struct muster_get_report *report;
	struct checkout_rules rules;
	struct version_reader *version;
	struct get_selection selection;
	struct get_target target;
	bool has_root; /* false: a dry run of a directory that does not exist */
	char absolute[PATH_MAX];
	int64_t start_ns;

	struct walk *walk;
	struct get_merge merge;
	struct checkout_state state;
	struct stat_cache *cache; /* NULL: none */
	struct {		  /* directory readers see these first */
		pthread_mutex_t lock;
		struct bytes links; /* NUL-terminated paths of links to directories */
		uint64_t link_count;
		struct bytes repository; /* where the repository is in the tree; empty: nowhere */
		struct muster_error error;
	} seen;

	/* Written by pass 1. */
	struct get_spool kept, replaced, removed;
	struct get_spool pending; /* old records of files that are to be replaced or removed */
	struct get_spool outside; /* old records of paths that the rules leave out */
	uint64_t fetch_count, fetch_bytes, replace_count, replace_bytes, remove_count;
	struct checkout_names unreadable;     /* directories */
	struct checkout_refused must_replace; /* in the place of an entry: with --overwrite */
	struct checkout_refused must_remove;  /* where no entry is: with --delete */
	/* Written by passes 2 and 3. */
	struct get_spool gone, written;

	struct get_backup backup;
	bool has_backup;
	int backup_fd;
	struct get_spool_reader kept_reader, replaced_reader;
	const struct stat_record *kept_head, *replaced_head;
	bool is_filled;
};

/* Pass 1. */
enum muster_code checkout_plan(struct checkout_run *run, struct muster_error *err);
/** Count a path that stops the checkout, and keep it if it is among the first. */
enum muster_code checkout_name(struct checkout_names *names, struct view path,
			       struct muster_error *err);
/** MUSTER_E_REFUSED if the plan may not be carried out. */
enum muster_code checkout_check_plan(struct checkout_run *run, struct muster_error *err);

/* Passes 2 and 3. */
enum muster_code checkout_remove(struct checkout_run *run, struct muster_error *err);
enum muster_code checkout_write(struct checkout_run *run, struct muster_error *err);

/* The state. Without a cache directory there is none, and all is as if nobody had checked out. */
enum muster_code checkout_state_open(struct checkout_run *run, struct muster_error *err);
void checkout_state_close(struct checkout_run *run);
/** What is known of `path`, lent until the next call; NULL: nothing. Paths ascend. */
enum muster_code checkout_state_find(struct checkout_run *run, struct view path,
				     const struct stat_record **out, struct muster_error *err);
/** Pass over the rest. */
enum muster_code checkout_state_end(struct checkout_run *run, struct muster_error *err);
/** Pass 4: write the new state. */
enum muster_code checkout_state_write(struct checkout_run *run, struct muster_error *err);

#endif
