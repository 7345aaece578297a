/**
 * utf8 - strict UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF.
 *
 * Source: The Unicode Standard, table 3-7 (well-formed byte sequences); RFC 3629.
 * Threads: pure functions.
 */
#ifndef BASE_TEXT_UTF8_H
#define BASE_TEXT_UTF8_H

#include "base/bytes.h"

#define UTF8_MAX_BYTES 4 /* of one code point */

/** Is all of `text` well-formed? Empty text is; NUL bytes are. */
bool utf8_valid(struct view text);

/** The first code point of `text`: its length in bytes, or 0 (nothing set) where `text` is empty
 *  or does not begin with a whole well-formed sequence. */
size_t utf8_decode(struct view text, uint32_t *point);

/** Writes a code point (not a surrogate, at most U+10FFFF); returns how many bytes. */
size_t utf8_encode(uint8_t out[UTF8_MAX_BYTES], uint32_t point);

#endif
