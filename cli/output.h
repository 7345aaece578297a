/**
 * output - standard output: data, as lines for people, as JSON Lines, or as bytes.
 *
 * Threads: any; a line is built under the lock, from output_begin() to output_end().
 * Memory:  OUTPUT_BUFFER_BYTES and the longest line.
 * Flushed: each line on a terminal; else when the buffer is full or its oldest line a second old.
 * Errors:  the first failure sticks; who builds lines need not look, output_finish() tells.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include "base/bytes.h"
#include "base/json/json.h"
#include "cli/screen.h"

#define OUTPUT_BUFFER_BYTES (64u << 10)

struct output {
	pthread_mutex_t lock;
	int fd;
	bool is_terminal;
	struct screen *screen; /* where a bar may stand in the way */
	struct bytes buffer;
	struct json_writer json; /* into `buffer` */
	uint64_t flushed_ns;
	enum muster_code code;
	struct muster_error error;
	bool is_told; /* some caller was given the error */
};

void output_init(struct output *output, int fd, struct screen *screen);
void output_release(struct output *output);

/** Lends the buffer, to append a line to. */
struct bytes *output_begin(struct output *output);
/** Ends the line with a line feed, or NUL. */
void output_end(struct output *output, char terminator);

/** The same for an object of JSON: it is begun, with its "type". */
struct json_writer *output_json_begin(struct output *output, const char *type);
void output_json_end(struct output *output);

/** Bytes as they are. */
enum muster_code output_bytes(struct output *output, struct view bytes, struct muster_error *err);

/** Write what is held, so that it stands before what standard error says next. */
void output_flush(struct output *output);

/** Write what is left. Errors: MUSTER_E_IO, MUSTER_E_MEMORY, of now or before. */
enum muster_code output_finish(struct output *output, struct muster_error *err);

/** A member whose text may hold any byte: "key", and if it is not UTF-8 "key_hex" with its bytes.
 */
void json_write_name(struct json_writer *json, const char *key, struct view name);

static inline void json_member_text(struct json_writer *json, const char *key, const char *text)
{
	json_write_key(json, key);
	json_write_text(json, text);
}

static inline void json_member_u64(struct json_writer *json, const char *key, uint64_t value)
{
	json_write_key(json, key);
	json_write_u64(json, value);
}

static inline void json_member_bool(struct json_writer *json, const char *key, bool value)
{
	json_write_key(json, key);
	json_write_bool(json, value);
}

#endif
