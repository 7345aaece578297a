/**
 * text - what people read and type: names, sizes, durations, counts, times.
 *
 * Threads: pure functions. Memory: the caller's buffers; text_append_...() grow a struct bytes.
 * Functions that fill a `buf` write a NUL and answer `buf`, so that they can stand in a printf.
 */
#ifndef BASE_TEXT_TEXT_H
#define BASE_TEXT_TEXT_H

#include "base/bytes.h"

/**
 * Append a name so that a terminal can show it: printable UTF-8 as it is, a backslash as \\, and
 * byte by byte as \xNN all that is not UTF-8, controls (C0, DEL, C1), line and paragraph
 * separators, and what changes the order of writing or cannot be seen (bidirectional controls,
 * byte order mark, annotation marks, tags). Reversible: different names give different texts.
 *
 * Errors: MUSTER_E_MEMORY; `out` then ends anywhere within the name.
 */
enum muster_code text_append_safe(struct bytes *out, struct view name, struct muster_error *err);

/** Append the name that text_append_safe() made `safe` of. Errors: MUSTER_E_FORMAT where a
 *  backslash begins neither \\ nor \xNN in lower case, MUSTER_E_MEMORY; `out` is then as it was. */
enum muster_code text_append_unsafe(struct bytes *out, struct view safe, struct muster_error *err);

/**
 * Append what happened to an item whose path is told beside it: the `message` of its error, but
 * where that names the item again, the name is left out or is "it". "open 'a': No such file" of
 * 'a' is "open it: No such file", "follow link 'a'" is "follow link".
 *
 * Errors: MUSTER_E_MEMORY.
 */
enum muster_code text_append_cause(struct bytes *out, struct view path, struct view message,
				   struct muster_error *err);

/** "832 B", "1.5 MiB": powers of 1024, one decimal, rounded to nearest. */
#define TEXT_SIZE_BYTES 16
const char *text_size(char buf[TEXT_SIZE_BYTES], uint64_t size_bytes);

/**
 * A size that a person typed: "4096", "832 B", "512k", "64MiB", "1.5 GiB", "10GB". Letters in any
 * case; k, Ki and KiB are 1024, kB is 1000, and so on up to E. A fraction needs a unit and is
 * rounded down to bytes; at most nine digits of it.
 *
 * Errors: MUSTER_E_USAGE naming the text: not a size, or more than 2^64-1 bytes.
 */
enum muster_code text_parse_size(struct view text, uint64_t *out, struct muster_error *err);

/** "0.4 ms", "250 ms", "1.2 s", "3 min 20 s", "2 h 5 min", "3 d 4 h". */
#define TEXT_DURATION_BYTES 24
const char *text_duration(char buf[TEXT_DURATION_BYTES], uint64_t duration_ns);

/** "1,234,567" */
#define TEXT_COUNT_BYTES 27
const char *text_count(char buf[TEXT_COUNT_BYTES], uint64_t count);

/** The word that goes with a count: `one` for 1, else `many`. Whole phrases, too: a verb may follow
 *  its noun. Every message with a count takes its word from here. */
const char *text_plural(uint64_t count, const char *one, const char *many);

/** The one decimal form of 0 .. 2^64-1: digits only, no sign, no leading zero; else false. */
bool text_parse_u64(struct view text, uint64_t *out);

/** "2026-01-31T23:59:59.123Z" (RFC 3339, UTC); what is below a millisecond is cut off. */
#define TEXT_TIME_BYTES 25
const char *text_time(char buf[TEXT_TIME_BYTES], uint64_t wall_ns);

/** Back from such a text, with none or one to nine digits of a fraction. False where it is not one,
 *  has another zone than Z, names a day that does not exist or a leap second, or lies outside
 *  1970 .. 2554, which is what 64 bits of nanoseconds hold. */
bool text_parse_time(struct view text, uint64_t *wall_ns);

#endif
