#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* How many bytes from here are one character that a terminal only prints: 0 for controls (C0, DEL,
 * C1) and for what is not UTF-8. A cheap form of base/text: this module stands below it. */
static size_t printable_bytes(const unsigned char *c)
{
	size_t len = c[0] < 0x80 ? 1 : c[0] < 0xc2 ? 0 : c[0] < 0xe0 ? 2 : c[0] < 0xf0 ? 3 : 4;

	if (len == 1)
		return c[0] >= 0x20 && c[0] != 0x7f;
	if (c[0] > 0xf4 || (c[0] == 0xc2 && c[1] < 0xa0))
		return 0;
	for (size_t i = 1; i < len; i++) /* a NUL ends it, too */
		if ((c[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

/* Copies `text` to `out`, escaping what a terminal could act on; cut with "..." if too long. */
static void write_safe(char *out, size_t cap, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t used = 0;

	while (*at) {
		size_t len = printable_bytes(at);

		if (used + (len ? len : 4) + 4 > cap) {
			memcpy(out + used, "...", 4);
			return;
		}
		if (len) {
			memcpy(out + used, at, len);
			used += len;
			at += len;
		} else {
			used += (size_t)snprintf(out + used, cap - used, "\\x%02x", *at++);
		}
	}
	out[used] = '\0';
}

__attribute__((format(printf, 3, 0))) static void set_message(struct muster_error *err, size_t cap,
							      const char *format, va_list args)
{
	char raw[MUSTER_ERROR_MESSAGE_BYTES];

	vsnprintf(raw, sizeof(raw), format, args);
	write_safe(err->message, cap, raw);
}

/* Puts ": <cause>" behind a message that was kept short enough for it. */
static void append_cause(struct muster_error *err, const char *cause)
{
	size_t used = strlen(err->message);
	size_t room = sizeof(err->message) - used - 1;
	size_t len = strlen(cause);

	if (room < 3)
		return;
	memcpy(err->message + used, ": ", 2);
	if (len > room - 2)
		len = room - 2;
	memcpy(err->message + used + 2, cause, len);
	err->message[used + 2 + len] = '\0';
}

#define CAUSE_BYTES 64 /* for what strerror() says */

enum muster_code muster_fail(struct muster_error *err, enum muster_code code, const char *format,
			     ...)
{
	va_list args;

	if (!err)
		return code;
	err->code = code;
	err->sys_errno = 0;
	va_start(args, format);
	set_message(err, sizeof(err->message), format, args);
	va_end(args);
	return code;
}

enum muster_code muster_fail_errno(struct muster_error *err, const char *format, ...)
{
	int saved = errno;
	enum muster_code code = saved == ENOMEM ? MUSTER_E_MEMORY : MUSTER_E_IO;
	va_list args;

	if (!err)
		return code;
	err->code = code;
	err->sys_errno = saved;
	va_start(args, format);
	set_message(err, sizeof(err->message) - CAUSE_BYTES, format, args);
	va_end(args);
	append_cause(err, strerror(saved));
	errno = saved;
	return code;
}

enum muster_code muster_context(struct muster_error *err, const char *format, ...)
{
	char inner[MUSTER_ERROR_MESSAGE_BYTES];
	va_list args;

	if (!err)
		return MUSTER_E_IO;
	memcpy(inner, err->message, sizeof(inner));
	va_start(args, format);
	set_message(err, sizeof(err->message) / 2, format, args);
	va_end(args);
	append_cause(err, inner);
	return err->code;
}

enum muster_code muster_fail_memory(struct muster_error *err, const char *what)
{
	return muster_fail(err, MUSTER_E_MEMORY, "out of memory for %s", what);
}

const char *muster_code_name(enum muster_code code)
{
	switch (code) {
	case MUSTER_OK:
		return "ok";
	case MUSTER_END:
		return "end";
	case MUSTER_FULL:
		return "full";
	case MUSTER_ABSENT:
		return "absent";
	case MUSTER_EXISTS:
		return "exists";
	case MUSTER_E_USAGE:
		return "usage";
	case MUSTER_E_NAME:
		return "name";
	case MUSTER_E_REFUSED:
		return "refused";
	case MUSTER_E_ITEMS:
		return "items";
	case MUSTER_E_IO:
		return "io";
	case MUSTER_E_FORMAT:
		return "format";
	case MUSTER_E_DIGEST:
		return "digest";
	case MUSTER_E_LIMIT:
		return "limit";
	case MUSTER_E_MEMORY:
		return "memory";
	case MUSTER_E_UNSUPPORTED:
		return "unsupported";
	case MUSTER_E_CHANGED:
		return "changed";
	case MUSTER_E_VANISHED:
		return "vanished";
	case MUSTER_E_CONFLICT:
		return "conflict";
	case MUSTER_E_CANCELLED:
		return "cancelled";
	case MUSTER_E_LOST:
		return "lost";
	case MUSTER_E_NOT_LOGGED:
		return "not-logged";
	case MUSTER_E_FINALIZED:
		return "finalized";
	}
	return "unknown";
}
