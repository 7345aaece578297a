/**
 * copy - versions out of one repository into another, or under another name of the same one.
 *
 * A copied version has the digest, entries, description, metadata, aliases, tags and ttl of the one
 * that it was made of; its number is the next one of the target's artifact, and so is its time. A
 * version is copied once: its id follows from the id of the one it was made of.
 *
 * In another repository a link stays one where the version that it links is there, under the name
 * that its artifact has in the source; every artifact is copied before the portfolios. Where some
 * of an artifact's links have none there, and it has no version yet, all of them become versions of
 * their own. Within one repository every copy of a link is a version of its own.
 */
#ifndef MUSTER_COPY_H
#define MUSTER_COPY_H

#include "muster/declare.h"
#include "muster/progress.h"

MUSTER_DECLARE_BEGIN

/** One version that is in the target now. Texts are lent for the call. */
struct muster_copied_version {
	const char *from, *to; /* "entity/project/name:vN" */
	const char *digest;    /* W&B artifact digest, hex */
	const char *reason;    /* why no version was made; "" where one was */
	bool is_new;
	uint64_t entry_count, size_bytes;
	uint64_t failed_items; /* left out: commit_partial */
	bool is_link;
	const char *note; /* why a link became a version of its own; "" for all others */
};

/** In the order of the source; called by the thread that called muster_copy(). */
typedef void muster_copied_fn(void *state, const struct muster_copied_version *version);

struct muster_copy_options {
	struct muster_job job;
	const char
		*version; /* "[[entity/]project/]name[:alias]"; NULL with `all`: every artifact */
	bool all;	  /* every version of the artifact, in order */
	const char *as;	  /* "[[entity/]project/]name" in the target; NULL: as in the source */
	bool commit_partial;	      /* make a version though some of its bytes cannot be had */
	muster_copied_fn *on_version; /* may be NULL */
	void *on_version_state;
};

struct muster_copy_report {
	uint64_t new_versions;		  /* made in the target */
	uint64_t present_versions;	  /* of those that were asked for: there already */
	uint64_t older_versions;	  /* not there, but older than one that is: left out */
	uint64_t failed_versions;	  /* nothing was committed: some of their items failed, or
					   * what they link is not there */
	uint64_t entry_count, size_bytes; /* of new versions */
	uint64_t read_bytes;		  /* of the source's packs */
	uint64_t packed_blobs, packed_bytes; /* new in the target */
	uint64_t shared_blobs, shared_bytes; /* in the target already */
	uint64_t written_bytes;		     /* packs, leaves, manifests */
	uint64_t failed_items;
	uint64_t digest_collisions; /* two contents with one digest: both stored */
	uint64_t adopted_packs;	    /* of a copy that was killed */
	uint64_t new_links;	    /* of the new versions */
	uint64_t unlinked_versions; /* of the new versions: a link in the source, none here */
};

MUSTER_DECLARE_END

#endif
