/**
 * fields - the texts that a document has for the elements of one record, by id.
 *
 * Memory:  FIELDS_TEXT_MAX_BYTES; a zeroed struct is empty. Texts may be secrets: all of the buffer
 * is overwritten when it is cleared or released. Threads: one at a time.
 */
#ifndef IO_CLOUD_FIELDS_H
#define IO_CLOUD_FIELDS_H

#include "io/cloud/document.h"
#include "io/cloud/secret.h"

#define FIELDS_MAX	      40 /* ids are below it */
#define FIELDS_TEXT_MAX_BYTES (1u << 20)

struct fields {
	struct bytes text;
	struct {
		size_t at, len;
		bool is_set, is_encoded;
	} field[FIELDS_MAX];
};

void fields_clear(struct fields *fields);
void fields_release(struct fields *fields);

/** Set a field; one that is set stays as it is. Errors: MUSTER_E_LIMIT, MUSTER_E_MEMORY. */
enum muster_code fields_set(struct fields *fields, uint8_t id, struct view text,
			    struct muster_error *err);
/** Set a field, or put ",text" behind what it has. */
enum muster_code fields_join(struct fields *fields, uint8_t id, struct view text,
			     struct muster_error *err);
bool fields_has(const struct fields *fields, uint8_t id);
/** Lends a field until one is set; empty where it is not set. */
struct view fields_get(const struct fields *fields, uint8_t id);
bool fields_is(const struct fields *fields, uint8_t id, const char *text);

/** As typed values. One that is not set is 0, resp. none. Errors: MUSTER_E_FORMAT naming `what`. */
enum muster_code fields_u64(const struct fields *fields, uint8_t id, const char *what,
			    uint64_t *out, struct muster_error *err);
enum muster_code fields_time(const struct fields *fields, uint8_t id, const char *what,
			     uint64_t *wall_ns, struct muster_error *err);
enum muster_code fields_secret(const struct fields *fields, uint8_t id, struct secret *out,
			       struct muster_error *err);

/** Read a whole small document: the first text of each element. Errors: as document_next(), and
 *  MUSTER_E_LIMIT above FIELDS_TEXT_MAX_BYTES. */
enum muster_code fields_read(struct fields *fields, enum document_syntax syntax,
			     const struct document_rule *rules, struct view document,
			     struct muster_error *err);

#endif
