/**
 * layout - JSON as W&B's two writers lay it out, byte for byte. Private to artifact/wandb.
 *
 * GO:     encoding/json: compact; < > & U+2028 U+2029 escaped, other UTF-8 as it is.
 * PYTHON: json.dump(indent=4): one item a line, ": " behind keys, all but printable ASCII escaped.
 *
 * The first failure sticks in `code`, so that callers write on and look once.
 */
#ifndef ARTIFACT_WANDB_LAYOUT_H
#define ARTIFACT_WANDB_LAYOUT_H

#include "artifact/wandb/manifest_json.h"
#include "base/json/json.h"

struct layout {
	struct bytes *out;
	enum wandb_form form;
	enum muster_code code;
	struct muster_error *err;
	/* private */
	unsigned depth;
	bool has_item;	/* in the container that is open */
	bool after_key; /* a value stands behind its key, not on a line of its own */
};

void layout_open(struct layout *layout, char bracket);
void layout_close(struct layout *layout, char bracket);
void layout_key(struct layout *layout, struct view key);
void layout_string(struct layout *layout, struct view text);
void layout_u64(struct layout *layout, uint64_t value);
/** A number, or true, false, null. */
void layout_word(struct layout *layout, struct view word);
/** Any token of a document; containers open and close by their tokens. */
void layout_token(struct layout *layout, const struct json_token *token);

#endif
