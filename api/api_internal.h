/* What the parts of api share. */
#ifndef API_API_INTERNAL_H
#define API_API_INTERNAL_H

#include <pthread.h>

#include "artifact/name.h"
#include "engine/cache/blob_cache.h"
#include "engine/look/named_version.h"
#include "engine/repository/run.h"
#include "engine/remote/remote.h"
#include "io/store/local.h"
#include "muster/muster.h"

struct muster_repository {
	struct store *store;   /* the remote's, or its own */
	struct remote *remote; /* NULL: it is a local directory */
	struct repository *engine;
	char *url;	       /* what is told: an absolute path, or the URL of a cloud */
	char *path;	       /* absolute; NULL: it is remote */
	uint64_t buffer_bytes; /* of the remote; 0: its own default, beside a job's memory */
	char *entity, *project, *cache_dir;
	struct {
		uint64_t size_bytes; /* the limit; 0: the default */
		bool is_off;
		pthread_mutex_t lock;
		struct muster_cache_use use; /* under lock: of all jobs */
	} cache;
	pthread_mutex_t prove_lock;
	bool is_proved; /* under prove_lock */
};

/** Before the first write of a process: this store must create if absent. What was proved once from
 *  this machine is noted below the cache directory. */
enum muster_code api_prepare_write(struct muster_repository *repository, struct muster_error *err);

/** The cache directory, a copy; NULL where there is no place for one. */
enum muster_code api_cache_dir(const char *given, char **out, struct muster_error *err);

/** "<cache>/<kind>/<hex>", with a NUL: where this machine notes something of this repository at
 * this place. There must be a cache directory. */
enum muster_code api_note_path(const struct muster_repository *repository, const char *kind,
			       struct bytes *out, struct muster_error *err);

/* --- cache.c --- */

/** The limit that was given, else the environment's, else 0; the environment's 0 is `*is_off`.
 *  Errors: MUSTER_E_USAGE for a size that is none. */
enum muster_code api_cache_size(uint64_t given, uint64_t *out, bool *is_off,
				struct muster_error *err);
/** The cache for a job; NULL: it does without. What goes wrong is noted. */
struct blob_cache *api_cache_open(struct muster_repository *repository, bool is_skipped);
/** Takes NULL. */
void api_cache_close(struct muster_repository *repository, struct blob_cache *cache);

/* --- place.c --- */

/** Where a repository lies. A zeroed one is none. */
struct api_place {
	struct bytes url;	/* as it is told, with a NUL */
	struct bytes path;	/* of a local directory, with a NUL */
	struct cloud_url cloud; /* if is_remote */
	bool is_remote;
};
/** What `url` names; NULL: what MUSTER_REPO does, else the default. Errors: MUSTER_E_USAGE. */
enum muster_code api_place_find(const char *url, struct api_place *out, struct muster_error *err);
void api_place_release(struct api_place *place);
/** Gives the store; with `*remote`, which is NULL where it is local, it is that one's. */
enum muster_code api_place_open(const struct api_place *place, const struct muster_limits *limits,
				struct remote **remote, struct store **store,
				struct muster_error *err);
/** What a job in a bucket may have beside the buffers of its requests. */
void api_job_in(const struct muster_repository *repository, struct muster_job *job);
/** The same; and jobs that read from a bucket wait more than they work: unless it was said how
 * many, sixteen threads wait at once, or as many as the memory has buffers for. */
void api_job_reads(const struct muster_repository *repository, const struct muster_job *from,
		   struct muster_job *out);
/** Make the directories before the last '/', as far as it goes. */
void api_make_parents(char *path);
/** "<home of this kind>/muster": $XDG_…_HOME, else below the home directory. */
enum muster_code api_default_dir(const char *xdg_name, const char *below_home, struct bytes *out,
				 struct muster_error *err);
/** The value of a variable that is set, and not empty; or NULL. */
const char *api_environment(const char *name);

/* --- url.c --- */

/** The path of a repository's URL, percent-decoded; appended with a NUL. Errors: MUSTER_E_USAGE for
 *  a URL that is none, and for a place that is no local directory. */
enum muster_code api_url_path(const char *url, struct bytes *out, struct muster_error *err);

/* --- names.c --- */

/** A name that was split, with the repository's defaults where parts were left out. Points into the
 *  text and the repository. Errors: MUSTER_E_USAGE. */
enum muster_code api_address(const struct muster_repository *repository, const char *text,
			     struct artifact_address *out, struct muster_error *err);
/** The same where no alias may be written. */
enum muster_code api_collection_name(const struct muster_repository *repository, const char *text,
				     struct collection_name *out, struct muster_error *err);

/** The name of an artifact that gets a new version; points into `name`. Errors: MUSTER_E_USAGE. */
enum muster_code api_new_name(const char *name, struct artifact_address *out,
			      struct muster_error *err);

/** The name of an artifact as it was given: `name` may be written "[[entity/]project/]name"; what
 * it leaves out is `entity` and `project`, where these are NULL the repository's defaults. */
struct api_given_name {
	const char *entity, *project, *name;
};
/** A name of a collection in three C strings. Release when done; a zeroed one, too. */
struct api_full_name {
	struct bytes text;
	const char *entity, *project, *name;
};
enum muster_code api_full_name(const struct muster_repository *repository,
			       const struct api_given_name *given, struct api_full_name *out,
			       struct muster_error *err);
void api_full_name_release(struct api_full_name *name);
/** "entity/project/name:alias" with a NUL, overwriting `out`. */
enum muster_code api_full_version(const struct muster_repository *repository, const char *version,
				  struct bytes *out, struct muster_error *err);

/** What is said of a new version, before any work is done for it. */
struct api_new_version {
	struct view name;
	const char *type, *description, *metadata;
	const char *const *aliases;
	size_t alias_count;
	const char *const *tags;
	size_t tag_count;
};
enum muster_code api_check_new_version(const struct api_new_version *version,
				       struct muster_error *err);

/* --- job.c --- */

#define API_WORKERS_MAX	     1024u
#define API_MEMORY_MIN_BYTES (64ull << 20)

/** The job with its defaults. Errors: MUSTER_E_USAGE for limits that no job can keep. */
enum muster_code api_job(const struct muster_job *from, struct muster_job *out,
			 struct muster_error *err);

/* --- get.c --- */

#define API_VERSION_TEXT_BYTES                                                                     \
	512 /* three names of at most 128 characters, cut if they are long ones */

/** A version, and its name with the number that its alias stood for. */
struct api_version {
	struct named_version named;
	char text[API_VERSION_TEXT_BYTES]; /* "entity/project/name:vN" */
};
/** Fill `text`, of a version that is open; `address` has all but the alias. */
void api_version_name(struct api_version *version, const struct artifact_address *address);
/** "./artifacts/NAME:vN" and a NUL, appended. */
enum muster_code api_default_directory(const struct api_version *version, struct bytes *out,
				       struct muster_error *err);
/* muster_get(), muster_checkout() and muster_verify() of a version that is open: the job's defaults
 * are filled in; `version` of the options is not looked at. */
enum muster_code api_get_version(struct muster_repository *repository,
				 const struct api_version *version,
				 const struct muster_get_options *options,
				 struct muster_get_report *report, struct muster_error *err);
enum muster_code api_checkout_version(struct muster_repository *repository,
				      const struct api_version *version,
				      const struct muster_checkout_options *options,
				      struct muster_get_report *report, struct muster_error *err);
enum muster_code api_verify_version(struct muster_repository *repository,
				    const struct api_version *version,
				    const struct muster_verify_options *options,
				    struct muster_verify_report *report, struct muster_error *err);

/* --- expire.c --- */

/** Days, MUSTER_TTL_DISABLED, or (not of a collection) MUSTER_TTL_INHERIT. MUSTER_E_USAGE. */
enum muster_code api_check_ttl(bool of_collection, int64_t days, struct muster_error *err);

/* --- put.c --- */

/** How a new version begins, once what is said of it was checked: its name in full, the job with
 * its defaults, and a store that was proved. */
enum muster_code api_begin_version(struct muster_repository *repository,
				   const struct api_given_name *given, struct muster_job *job,
				   struct api_full_name *name, struct muster_error *err);

/** A muster:// URI, with the repository's defaults where parts of its name were left out, and a
 * NUL; appended. Errors: MUSTER_E_USAGE. */
enum muster_code api_full_uri(const struct muster_repository *repository, const char *uri,
			      struct bytes *out, struct muster_error *err);

/** Can this build take the sources, and does none of them lie in the repository or around it? */
enum muster_code api_check_sources(const struct muster_repository *repository,
				   const struct muster_put_options *options,
				   struct muster_error *err);
/** The sources, each muster:// one with entity and project. Release when done; a zeroed one, too.
 */
struct api_full_sources {
	struct muster_source *sources;
	struct bytes text;
};
enum muster_code api_full_sources(const struct muster_repository *repository,
				  const struct muster_put_options *options,
				  struct api_full_sources *out, struct muster_error *err);
void api_full_sources_release(struct api_full_sources *full);

/* --- run.c --- */

/** The run that a job is done for. */
struct api_run {
	struct run_id id;
	const char *text; /* its id; NULL: none */
};
/** What was given, NULL: what MUSTER_RUN says; "" is none. Errors: MUSTER_E_NAME where there is no
 *  such run (MUSTER_E_USAGE: as MUSTER_RUN says), MUSTER_E_REFUSED where it is finished. */
enum muster_code api_run(struct muster_repository *repository, const char *given,
			 struct api_run *out, struct muster_error *err);
/** If there is one, it uses this version from now on. */
enum muster_code api_run_uses(struct muster_repository *repository, const struct api_run *run,
			      const struct named_version *named, struct muster_error *err);

/* --- machine.c --- */

/** Processors that this process may run on, at least 1. */
unsigned machine_processors(void);

/** Where the system tells of itself: so that tests can tell something else. */
struct machine_files {
	const char *meminfo; /* /proc/meminfo */
	const char *cgroups; /* /proc/self/cgroup */
	const char *mount;   /* /sys/fs/cgroup */
};
extern const struct machine_files machine_system_files;
/** Memory of the machine, or of the smallest cgroup around this process; 0: not known. */
uint64_t machine_memory_bytes(const struct machine_files *files);

#endif
