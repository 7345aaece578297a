/**
 * manifest_json - W&B's `wandb_manifest.json`, read and written as a stream.
 *
 * Both forms are read: Python's (json.dump, any order of entries) and Go's (compact, sorted). Keys
 * come in any order, `contents` before or after the others; unknown ones are ignored, as are
 * `local_path` and `skip_cache`, which only mean something to the uploader. A tag "alg" in `extra`
 * is the entry's algorithm and never part of entry->extra: "XXH128" makes DIGEST_XXH128, anything
 * else MD5. A digest that is the base64 of 16 bytes is kept as these (that form is canonical, so
 * it comes back the same), every other one as a text.
 *
 * Threads: one at a time for each reader and writer.
 * Memory:  the reader holds one entry, the limits of artifact/entry.h; the writer nothing.
 * Source:  W&B SDK, artifact_manifest_v1.py and core/pkg/artifacts/manifest.go.
 */
#ifndef ARTIFACT_WANDB_MANIFEST_JSON_H
#define ARTIFACT_WANDB_MANIFEST_JSON_H

#include "artifact/entry.h"

#define WANDB_REGION_MAX_BYTES 256

/** What a manifest says beside its entries. */
struct wandb_manifest {
	unsigned storage_layout;    /* 1 or 2 */
	struct view storage_region; /* empty if none */
};

struct wandb_reader;

enum muster_code wandb_reader_new(struct wandb_reader **out, struct muster_error *err);
void wandb_reader_free(struct wandb_reader *reader);

/** Borrows `piece` until wandb_reader_next() answers MUSTER_FULL. Only then, or first, may be
 *  fed. */
void wandb_reader_feed(struct wandb_reader *reader, struct view piece);
/** No more bytes will come. */
void wandb_reader_finish(struct wandb_reader *reader);

/**
 * The next entry, in the order of the document, lent until the next call. A path that is there
 * twice comes twice. MUSTER_FULL: feed more, or finish. MUSTER_END: the document was whole; only
 * now are version, policy and layout known to be good, so nothing of it counts before.
 *
 * Errors: MUSTER_E_FORMAT with the offset (a path that may not be one too), MUSTER_E_UNSUPPORTED
 * for another version, policy or layout, MUSTER_E_LIMIT, MUSTER_E_MEMORY. The reader is then of
 * no more use.
 */
enum muster_code wandb_reader_next(struct wandb_reader *reader, struct entry *out,
				   struct muster_error *err);
/** Complete behind MUSTER_END. Lent until the reader is freed. */
const struct wandb_manifest *wandb_reader_manifest(const struct wandb_reader *reader);

enum wandb_form {
	WANDB_FORM_GO,	   /* what W&B's uploader stores today */
	WANDB_FORM_PYTHON, /* what its Python SDK writes */
};

struct wandb_writer_options {
	enum wandb_form form;
	struct view storage_region; /* empty: none is written */
};

struct wandb_writer;

/**
 * Gives a writer that appends to `text`, which the caller may drain (set len to 0) after any call;
 * borrows it for its life. The beginning of the document is appended at once. The layout is V2.
 *
 * GO:     compact, < > & U+2028 U+2029 escaped, keys digest, ref, size, birthArtifactID,
 *         skip_cache, extra; an unknown size is written as 0, as W&B's does. Members of `extra`
 *         keep their order, "alg" last; W&B's would sort those of an entry that has several.
 * PYTHON: indented by 4, ASCII only, keys digest, ref, birthArtifactID, size, extra.
 * Errors: MUSTER_E_LIMIT for a region over WANDB_REGION_MAX_BYTES, MUSTER_E_MEMORY.
 */
enum muster_code wandb_writer_new(struct wandb_writer **out,
				  const struct wandb_writer_options *options, struct bytes *text,
				  struct muster_error *err);
void wandb_writer_free(struct wandb_writer *writer);
/** Entries are written in the order they come: byte order of the paths for a document equal to
 *  W&B's. Errors: MUSTER_E_FORMAT for a text that is not UTF-8 or an `extra` that is not a JSON
 *  object, MUSTER_E_MEMORY. The writer is then of no more use. */
enum muster_code wandb_writer_entry(struct wandb_writer *writer, const struct entry *entry,
				    struct muster_error *err);
/** The end of the document; no line feed behind it, as with W&B's. */
enum muster_code wandb_writer_end(struct wandb_writer *writer, struct muster_error *err);

#endif
