/* What the parts of a copy share. */
#ifndef ENGINE_COPY_COPY_INTERNAL_H
#define ENGINE_COPY_COPY_INTERNAL_H

#include "engine/copy/copy.h"
#include "engine/get/fetch.h"
#include "engine/get/job.h"
#include "engine/get/line.h"
#include "engine/manifest/version_writer.h"
#include "engine/repository/version_words.h"
#include "io/spill/spill.h"

#define COPY_ALGORITHMS	     3	  /* enum digest_algorithm as an index */
#define COPY_NAME_TEXT_BYTES 2048 /* three names of 128 characters, and a number */
#define COPY_NOTE_BYTES	     (COPY_NAME_TEXT_BYTES + 128)
#define COPY_IS_PRESENT	     "it is there already"

/* One call of copy_run(): what all its versions share. */
struct copy {
	const struct copy_request *request;
	const struct muster_copy_options *options;
	struct muster_copy_report *report;
	struct muster_job job;		  /* the options', with failures told by version */
	struct muster_progress *progress; /* never NULL */
	struct muster_progress own_progress;
	struct repository *source, *target;
	struct store *store; /* the target's */
	bool has_identity;   /* the target keeps them */
	unsigned worker_count;
	size_t table_bytes, pack_max_blobs, spill_bytes;
	struct collection_name to;  /* the artifact on its way, as it is called in the target */
	const char *version_text;   /* of the version on its way */
	bool makes_links;	    /* of the artifact on its way */
	char note[COPY_NOTE_BYTES]; /* why its links become versions of their own; "": none does */

	struct { /* the artifact that was linked last, in the target */
		bool is_known;
		uint8_t collection_id[16]; /* in the source */
		struct collection_name name;
		struct bytes names;	  /* that `name` points into */
		struct collection *there; /* NULL: none has that name */
	} linked;

	struct { /* of the target; opened by who needs one first */
		pthread_mutex_t lock;
		struct blob_set *of[COPY_ALGORITHMS];
		bool has_dead; /* a killed copy whose packs were adopted */
		uint8_t dead[16];
	} blobs;

	struct { /* of the version on its way; begun before its first object */
		pthread_mutex_t lock;
		struct session *session;
	} session;

	/* Of worker w and algorithm a: [w * COPY_ALGORITHMS + a]. Closed packs outlive workers. */
	struct blob_packer **packers;
};

/* One version on its way. */
struct copy_version {
	struct copy *copy;
	struct collection *from, *to;
	const struct version *version; /* lent by `from` */
	struct version_words words;
	uint8_t id[16];
	uint64_t gc_head; /* of the target's gc log: what is relied on was judged by it */
	struct get_start start;
	struct get_job job; /* what is read of the source */
	struct version_reader *source;
	struct version_reader *base; /* the target's latest; NULL: none that vouches */
	struct version_writer *writer;
	const struct manifest_footer *footer; /* lent by the writer, when it is complete */
	unsigned worker_count;		      /* opened so far */

	struct { /* under the line's order: who fills */
		uint64_t rank;
		struct entry base_head;
		bool has_base_head;
	} plan;

	struct { /* where entries lie in the target, by rank */
		pthread_mutex_t lock;
		struct spill *spill;
	} places;
};

/* --- blobs.c --- */

/** The set for an algorithm. The first time, packs of killed copies are adopted. */
enum muster_code copy_need_set(struct copy *copy, enum digest_algorithm algorithm,
			       struct blob_set **out, struct muster_error *err);
enum muster_code copy_need_packer(struct copy *copy, unsigned worker,
				  enum digest_algorithm algorithm, struct blob_packer **out,
				  struct muster_error *err);
/** All that was packed is durable and in the index, whatever becomes of the version. */
enum muster_code copy_keep_blobs(struct copy *copy, struct muster_error *err);
/** A blob_next_id_fn: `state` is the copy. Begins the session. */
enum muster_code copy_next_id(void *state, struct object_id *out, struct muster_error *err);
void copy_close_blobs(struct copy *copy);
/** May this pack of the target be relied on? */
bool copy_is_usable(void *repository, const struct object_id *pack, uint32_t ordinal);
/** Does the target hold these bytes for sure, at this placement? */
bool copy_is_stored(struct copy *copy, struct blob_set *set, const struct placement *place);
/** An item's key in the target; false where it is not known before its bytes are read. */
bool copy_key(const struct copy *copy, const struct get_item *item, struct blob_key *out);

/* --- adopt.c --- */

/** Adopt what killed copies have finished and no index names. */
enum muster_code copy_adopt(struct copy *copy, struct blob_set *set, struct muster_error *err);

/* --- plan.c --- */

/** As get_line_ops.fill: `state` is a struct copy_version, `batch` a struct get_batch. */
enum muster_code copy_fill(void *state, void *batch, struct muster_error *err);

/* --- worker.c --- */

/** Every blob of the version that the target lacks is packed, every place is noted. */
enum muster_code copy_blobs(struct copy_version *version, struct muster_error *err);

/* --- places.c --- */

/** Note what became of an item, and count it. */
enum muster_code copy_note(struct copy_version *version, const struct get_item *item,
			   struct muster_error *err);
/** Write all entries whose place is known: sets `footer`. */
enum muster_code copy_complete(struct copy_version *version, struct muster_error *err);

/* --- links.c --- */

/** Of a portfolio, to another repository: within one, copies of links are versions of their own. */
bool copy_keeps_links(const struct copy *copy, const struct collection *from);
/** The id by which a link is known in a portfolio of the target. */
enum muster_code copy_link_id(struct copy *copy, const struct collection *from,
			      const struct version *link, uint8_t out[16],
			      struct muster_error *err);
/** Does this link of the target link a version of the same artifact? Of the link that was asked
 *  for last. */
bool copy_links_same(const struct copy *copy, const struct version *target);
/** Do the versions first .. end - 1 become links? Sets copy->makes_links and copy->note. */
enum muster_code copy_links_decide(struct copy *copy, const struct collection *from,
				   const struct collection *to, size_t first, size_t end,
				   struct muster_error *err);
/** Make one link. Errors: MUSTER_E_ITEMS: what it links is not there. */
enum muster_code copy_link(struct copy *copy, struct collection *from, struct collection *to,
			   const struct version *link, struct muster_error *err);
void copy_links_release(struct copy *copy);

/* --- words.c --- */

/** Aliases and tags of the words that version `number` of `to` lacks; tags of a link are those of
 *  what it links. */
enum muster_code copy_words_apply(const struct version_words *words, struct collection *to,
				  uint64_t number, struct muster_error *err);

/** What is said of `from` as a whole: tags that `to` lacks, and the description if it never had
 *  one. */
enum muster_code copy_words_of_all(struct collection *from, struct collection *to,
				   struct muster_error *err);

/* --- version.c --- */

/** The id that a copy of a version gets under a name. */
enum muster_code copy_id(const struct version *version, const struct collection_name *to,
			 uint8_t out[16], struct muster_error *err);
/** Is this one of the target the content of that one of the source? */
bool copy_is_equal(const struct copy *copy, const struct version *source,
		   const struct version *target);
/** Make one version. Errors: MUSTER_E_ITEMS: it was not made, or without its failed items. */
enum muster_code copy_make(struct copy *copy, struct collection *from, struct collection *to,
			   const struct version *version, struct muster_error *err);
/** All of it is done: no entry of it had to be looked at. */
void copy_count_done(struct copy *copy, const struct version *version);
/** Tell of it: `told` gets its names, digest and totals. */
void copy_tell(struct copy *copy, const struct collection *from, const struct collection *to,
	       const struct version *version, struct muster_copied_version *told, uint64_t number);
/** It is there, as `number`: gets aliases and tags that it lacks. */
enum muster_code copy_present(struct copy *copy, struct collection *from, struct collection *to,
			      const struct version *version, uint64_t number,
			      struct muster_error *err);

/* --- collection.c --- */

/** The version that an alias names (empty: latest). */
enum muster_code copy_one(struct copy *copy, struct collection *from, struct collection *to,
			  struct view alias, struct muster_error *err);
/** All versions that are newer than those that `to` has. */
enum muster_code copy_all(struct copy *copy, struct collection *from, struct collection *to,
			  struct muster_error *err);

#endif
