/**
 * lab - a repository in memory with everything in it that check looks at, and ways to damage it.
 */
#ifndef TESTS_ENGINE_CHECK_LAB_H
#define TESTS_ENGINE_CHECK_LAB_H

#include "engine/check/check.h"
#include "engine/repository/collection.h"

struct lab {
	struct store *store;
	struct repository *repository;
	struct effects effects;
	uint64_t random_count;
};

struct lab_options {
	enum digest_algorithm algorithm; /* 0: MD5 */
	bool has_identity;
};

/** NULL options: MD5, no identities. Fails the test where anything fails. */
void lab_make(struct lab *lab, const struct lab_options *options);
void lab_release(struct lab *lab);
/** Open the repository anew, as another process would. */
void lab_open(struct lab *lab);

struct lab_version {
	const char *name;     /* of the collection */
	const char *content;  /* NULL: name; blobs of equal content are equal */
	unsigned entry_count; /* "d012/<40 hex>"; every 50th blob is the one before once more */
	unsigned salt;	      /* entries that `changes` divides have content of this salt */
	unsigned changes;     /* 0: all */
	unsigned large_bytes; /* not 0: one more entry, in a pack of its own */
	bool has_long_paths;  /* 240 bytes more: few entries a leaf, so that blocks fill soon */
	bool is_abandoned;    /* all but the save: as a process that was killed leaves it */
};
/** Blobs, leaves, manifest, event: as put makes them. */
void lab_save(struct lab *lab, const struct lab_version *version);
/** `count` events that move an alias: enough of them make a checkpoint. */
void lab_move_alias(struct lab *lab, const char *name, unsigned count);

/** Three versions of "data" with an alias moved 103 times behind, one of "other". */
void lab_fill(struct lab *lab);

/** The keys that begin with `prefix`, in order. */
struct lab_keys {
	char (*keys)[512];
	size_t count;
};
struct lab_keys lab_list(struct lab *lab, const char *prefix);
void lab_keys_release(struct lab_keys *keys);
/** The n-th of them (from 0; negative: from the end) into `out`. */
void lab_key(struct lab *lab, const char *prefix, int n, char out[512]);

struct bytes lab_get(struct lab *lab, const char *key);
void lab_set(struct lab *lab, const char *key, struct view bytes);
void lab_flip(struct lab *lab, const char *key, size_t at);

#define LAB_FINDINGS 64
struct lab_findings {
	size_t count; /* all; the first LAB_FINDINGS of them are kept */
	struct {
		char object[512];
		struct muster_error error;
	} list[LAB_FINDINGS];
	struct muster_check_report report;
};
/** Opens the repository anew and checks it. */
void lab_check(struct lab *lab, bool quick, struct lab_findings *out);
/** The same with options; job and callback are the lab's. */
void lab_check_with(struct lab *lab, const struct muster_check_options *how,
		    struct lab_findings *out);
/** Checks quickly; fails the test unless there are `count` findings, one of them of `object` with
 * this text (may be NULL where `count` is 0). */
void lab_expect(struct lab *lab, size_t count, const char *object, const char *text,
		struct lab_findings *out);
/** Flip each byte of each object: check ends whatever it finds, says what, and finds most. */
void lab_flip_each(struct lab *lab, const char *const *keys, size_t count);
/** Print what was found, for tests that fail. */
void lab_findings_print(const struct lab_findings *findings);
bool lab_findings_has(const struct lab_findings *findings, const char *object, const char *text);

/* Two versions, one with a large file, and a checkpoint: all that a check reads. */
void lab_make_whole(struct lab *lab);
/* One version whose only pack is gone: two findings, after looking for copies. */
void lab_make_without_a_pack(struct lab *lab);

#endif
