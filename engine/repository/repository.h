/**
 * repository - the settings of a repository, its gc log, and the right to write to it.
 *
 * Threads:  all functions may be called from any thread; close when none does.
 * Memory:   what the gc log adds up to (artifact/record/gc_state.h).
 * Writing:  three things stand before an event: the store was seen to create if absent (once for
 *           each struct repository), no event or feature is unknown to this program, and the gc
 *           log was read to its head at most 10 minutes before (FORMAT §6). repository_gate() is
 *           all three.
 */
#ifndef ENGINE_REPOSITORY_REPOSITORY_H
#define ENGINE_REPOSITORY_REPOSITORY_H

#include "artifact/record/gc_state.h"
#include "engine/repository/log.h"

#define REPOSITORY_FORMAT 1
#define REPOSITORY_GATE_NS                                                                         \
	(600ull * 1000000000) /* how old the gate may be when an event is made                     \
			       */

struct repository;

struct repository_options {
	enum digest_algorithm algorithm; /* 0: DIGEST_MD5 */
	bool has_identity;		 /* SHA-256 in the key of blobs */
};

/**
 * Make a repository in an empty store: proves create-if-absent, then writes the settings.
 * Errors: MUSTER_E_REFUSED if the store holds anything, or lets two creators of one key win.
 */
enum muster_code repository_init(struct store *store, const struct repository_options *options,
				 const struct effects *effects, struct muster_error *err);

/**
 * Borrows `store` and `effects` until repository_close().
 * Errors: MUSTER_E_NAME if there is no repository; MUSTER_E_UNSUPPORTED if reading it needs a
 * feature that this program does not have; MUSTER_E_FORMAT.
 */
enum muster_code repository_open(struct repository **out, struct store *store,
				 const struct effects *effects, struct muster_error *err);
void repository_close(struct repository *repository); /* takes NULL */

/* Lent until repository_close(). */
const uint8_t *repository_id(const struct repository *repository); /* 16 bytes */
struct store *repository_store(const struct repository *repository);
const struct effects *repository_effects(const struct repository *repository);
enum digest_algorithm repository_algorithm(const struct repository *repository);
bool repository_has_identity(const struct repository *repository);

/**
 * Make sure that an event may be created, and read the gc log to its head: one look-up of an absent
 * object. The first call proves create-if-absent, 64 keys with 16 creators each.
 * Errors: MUSTER_E_UNSUPPORTED: some event or feature is unknown; MUSTER_E_REFUSED: the store lets
 * two creators win.
 */
enum muster_code repository_gate(struct repository *repository, struct muster_error *err);
/** The same without the proof: what must hold before work begins that may end in an event. */
enum muster_code repository_check_writable(struct repository *repository, struct muster_error *err);
/** Was the gc log read within REPOSITORY_GATE_NS? */
bool repository_gate_is_fresh(struct repository *repository);
/** Only the proof. For who keeps on this machine that this store passed before: say so instead. */
enum muster_code repository_prove(struct repository *repository, struct muster_error *err);
void repository_assume_proved(struct repository *repository);

/** Read the gc log to its head, for readers: what is unknown in it does not matter to them. */
enum muster_code repository_read_gc(struct repository *repository, struct muster_error *err);
/* As of the last reading. */
enum gc_standing repository_standing(struct repository *repository, const struct object_id *id);
bool repository_is_bad(struct repository *repository, const struct object_id *pack,
		       uint32_t ordinal);
/** Is any copy in this pack bad? */
bool repository_has_bad(struct repository *repository, const struct object_id *pack);
bool repository_vouches(struct repository *repository, const char *log, uint64_t number);
/** Grows with every event of the gc log: who looked something up at this number need not again. */
uint64_t repository_gc_head(struct repository *repository);

/**
 * 16 creators race for each of 64 keys below "probe/"; all is removed again.
 * Errors: MUSTER_E_REFUSED if a key had two winners or none, or does not hold what its winner
 * wrote.
 */
enum muster_code store_prove_create(struct store *store, const struct effects *effects,
				    struct muster_error *err);

/** One name that means a collection. Texts are lent for the call. */
struct collection_listing {
	struct view entity, project, name, type;
	const uint8_t *collection_id; /* 16 bytes */
};
typedef enum muster_code repository_collections_fn(void *state,
						   const struct collection_listing *listing,
						   struct muster_error *err);
/** All names of a project (of an entity where `project` is empty, of all where both are), in the
 *  order of their keys; one whose deletion was cut off may be among them. Anything but MUSTER_OK
 * from `fn` ends it and is returned. */
enum muster_code repository_collections(struct repository *repository, struct view entity,
					struct view project, repository_collections_fn *fn,
					void *state, struct muster_error *err);

#endif
