/* What the parts of json share. */
#ifndef BASE_JSON_JSON_INTERNAL_H
#define BASE_JSON_JSON_INTERNAL_H

#include "base/json/json.h"

#define JSON_ESCAPE_MAX_BYTES 12 /* a surrogate pair: \uXXXX\uXXXX */

/** The first byte of [at, end) that is '"', '\\' or a control, or `end`. Sets *has_high if there
 * may be a byte over 0x7f before it; never clears it. */
const uint8_t *json_string_run(const uint8_t *at, const uint8_t *end, bool *has_high);

/** How many bytes at the front of `text` a writer passes as they are: ASCII without controls, '"'
 *  and '\\', and without < > & where the output is to be safe in HTML. */
size_t json_plain_len(struct view text, bool is_html_safe);

enum json_escape {
	JSON_ESCAPE_DONE,
	JSON_ESCAPE_MORE, /* right so far, but cut */
	JSON_ESCAPE_BAD,
	JSON_ESCAPE_LONE, /* half of a surrogate pair */
};

/** Decodes the escape at the front of `text`, which begins with a backslash. Looks at bytes in
 *  order: what it says of a cut escape does not depend on where it is cut. */
enum json_escape json_escape_decode(struct view text, uint32_t *point, size_t *len);

/** The first byte of [at, end) that no number has, or `end`. */
const uint8_t *json_number_run(const uint8_t *at, const uint8_t *end);
/** Is all of `text` one number by RFC 8259, section 6? */
bool json_number_valid(struct view text);

#endif
