/**
 * encode - bytes as text: lower-case hexadecimal and standard base64 with padding.
 *
 * Each value has exactly one text, and decoding accepts only that one: no upper-case hex digits,
 * no missing padding, no stray bits in the last base64 character, no white space.
 * Source: RFC 4648, sections 4 and 8 (the latter in lower case).
 * Threads: pure functions. Memory: none. No NUL is written behind any text.
 */
#ifndef BASE_TEXT_ENCODE_H
#define BASE_TEXT_ENCODE_H

#include "base/bytes.h"

#define HEX_TEXT_LEN(byte_count)    ((byte_count)*2)
#define BASE64_TEXT_LEN(byte_count) (((byte_count) + 2) / 3 * 4)

/** Writes HEX_TEXT_LEN(len) characters. */
void hex_encode(char *out, const void *in, size_t len);
/** Fills all `len` bytes of `out`, or answers false (`out` may be part filled) unless `text` is
 *  the hex of exactly `len` bytes. */
bool hex_decode(void *out, size_t len, struct view text);

/** Writes BASE64_TEXT_LEN(len) characters. */
void base64_encode(char *out, const void *in, size_t len);
/** Fills all `len` bytes of `out`, or answers false (`out` may be part filled) unless `text` is
 *  the base64 of exactly `len` bytes. */
bool base64_decode(void *out, size_t len, struct view text);
/** How many bytes `text` stands for by its length and padding alone; SIZE_MAX where no base64 text
 *  has that shape. base64_decode() with this length then checks the characters. */
size_t base64_decoded_len(struct view text);

#endif
