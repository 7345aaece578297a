/**
 * date - the ways in which HTTP and clouds write a time.
 *
 * Times are nanoseconds since 1970-01-01 UTC, as everywhere; they come in as arguments.
 * Threads: pure functions. Parsers answer false, and set nothing, for what is no such time.
 */
#ifndef BASE_TEXT_DATE_H
#define BASE_TEXT_DATE_H

#include "base/bytes.h"

/** "20130524T000000Z": x-amz-date; its first eight characters are a scope's date. */
#define DATE_BASIC_BYTES 17
const char *date_basic(char buf[DATE_BASIC_BYTES], uint64_t wall_ns);

/** "Fri, 24 May 2013 00:00:00 GMT" (RFC 9110's IMF-fixdate, RFC 1123): Date, x-ms-date. */
#define DATE_HTTP_BYTES 30
const char *date_http(char buf[DATE_HTTP_BYTES], uint64_t wall_ns);
/** Exactly that form; the name of the day must be the day's. */
bool date_parse_http(struct view text, uint64_t *wall_ns);

/** ISO 8601 as found in documents: text_parse_time() and, instead of Z, "UTC" (old SSO caches) or
 *  an offset "+01:00"; a fraction of more than nine digits is cut. */
bool date_parse_iso(struct view text, uint64_t *wall_ns);

#endif
