#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool is_printable(unsigned char c)
{
	return c >= 0x20 && c != 0x7f;
}

/* Copies `text` to `out`, escaping what a terminal could act on; cut with "..." if too long. */
static void write_safe(char *out, size_t cap, const char *text)
{
	size_t used = 0;

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		size_t need = is_printable(c) ? 1 : 4;

		if (used + need + 4 > cap) {
			memcpy(out + used, "...", 4);
			return;
		}
		if (need == 1)
			out[used++] = (char)c;
		else
			used += (size_t)snprintf(out + used, cap - used, "\\x%02x", c);
	}
	out[used] = '\0';
}

__attribute__((format(printf, 2, 0))) static void
set_message(struct muster_error *err, const char *format, va_list args)
{
	char raw[MUSTER_ERROR_MESSAGE_BYTES];

	vsnprintf(raw, sizeof(raw), format, args);
	write_safe(err->message, sizeof(err->message), raw);
}

enum muster_code muster_fail(struct muster_error *err, enum muster_code code, const char *format,
			     ...)
{
	va_list args;

	if (!err)
		return code;
	err->code = code;
	err->sys_errno = 0;
	va_start(args, format);
	set_message(err, format, args);
	va_end(args);
	return code;
}

enum muster_code muster_fail_errno(struct muster_error *err, const char *format, ...)
{
	int saved = errno;
	enum muster_code code = saved == ENOMEM ? MUSTER_E_MEMORY : MUSTER_E_IO;
	va_list args;
	size_t used;

	if (!err)
		return code;
	err->code = code;
	err->sys_errno = saved;
	va_start(args, format);
	set_message(err, format, args);
	va_end(args);
	used = strlen(err->message);
	snprintf(err->message + used, sizeof(err->message) - used, ": %s", strerror(saved));
	errno = saved;
	return code;
}

enum muster_code muster_context(struct muster_error *err, const char *format, ...)
{
	char inner[MUSTER_ERROR_MESSAGE_BYTES];
	va_list args;
	size_t used;

	if (!err)
		return MUSTER_E_IO;
	memcpy(inner, err->message, sizeof(inner));
	va_start(args, format);
	set_message(err, format, args);
	va_end(args);
	used = strlen(err->message);
	if (used > sizeof(err->message) / 2) { /* keep room for the cause */
		used = sizeof(err->message) / 2;
		memcpy(err->message + used - 3, "...", 3);
	}
	snprintf(err->message + used, sizeof(err->message) - used, ": %s", inner);
	return err->code;
}

enum muster_code muster_fail_memory(struct muster_error *err, const char *what)
{
	return muster_fail(err, MUSTER_E_MEMORY, "out of memory for %s", what);
}

const char *muster_code_name(enum muster_code code)
{
	switch (code) {
	case MUSTER_OK: return "ok";
	case MUSTER_END: return "end";
	case MUSTER_FULL: return "full";
	case MUSTER_ABSENT: return "absent";
	case MUSTER_EXISTS: return "exists";
	case MUSTER_E_USAGE: return "usage";
	case MUSTER_E_NAME: return "name";
	case MUSTER_E_REFUSED: return "refused";
	case MUSTER_E_ITEMS: return "items";
	case MUSTER_E_IO: return "io";
	case MUSTER_E_FORMAT: return "format";
	case MUSTER_E_DIGEST: return "digest";
	case MUSTER_E_LIMIT: return "limit";
	case MUSTER_E_MEMORY: return "memory";
	case MUSTER_E_UNSUPPORTED: return "unsupported";
	case MUSTER_E_CHANGED: return "changed";
	case MUSTER_E_VANISHED: return "vanished";
	case MUSTER_E_CONFLICT: return "conflict";
	case MUSTER_E_CANCELLED: return "cancelled";
	}
	return "unknown";
}
