/**
 * object - what every binary object begins with, so that `head -c 16` tells what it is.
 *
 * 16 bytes: "muster <kind> <version>\n" padded with NUL, kind one of pack, index, leaf, mani, stat.
 */
#ifndef ARTIFACT_FORMAT_OBJECT_H
#define ARTIFACT_FORMAT_OBJECT_H

#include "artifact/entry.h"

#define OBJECT_HEADER_BYTES	16
#define OBJECT_SHARED_BYTES_MAX (32u << 20) /* leaves objects and packs of small files */

void object_header_put(uint8_t out[OBJECT_HEADER_BYTES], const char *kind, unsigned version);
/** MUSTER_E_FORMAT: not such an object; MUSTER_E_UNSUPPORTED: another version. */
enum muster_code object_header_check(struct view header, const char *kind, unsigned version,
				     struct muster_error *err);

/** Text form of an id ("<32 hex>-<8 hex>") and back (false unless exactly that). */
void object_id_text(const struct object_id *id, char out[OBJECT_ID_TEXT_BYTES]);
bool object_id_parse(struct view text, struct object_id *out);

#endif
