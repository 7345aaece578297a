#include "io/cloud/search.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#define WHY_BYTES 256

void search_release(struct search *search)
{
	bytes_release(&search->tried);
}

static enum muster_code ask_in_order(struct search *search, const struct search_table *table,
				     void *context, struct key_set *out, struct muster_error *err)
{
	size_t first = search->has_found ? search->found : 0;
	size_t end = search->has_found ? first + 1 : table->count;

	for (size_t i = first; i < end; i++) {
		enum muster_code code;

		search->trying = table->names[i];
		code = table->ask(context, i, out, err);
		if (code == MUSTER_ABSENT)
			continue;
		search->has_found |= !code;
		search->found = i;
		return code;
	}
	return MUSTER_ABSENT;
}

enum muster_code search_run(struct search *search, const struct search_table *table, void *context,
			    struct key_set *out, struct muster_error *err)
{
	enum muster_code code;

	search->tried.len = 0;
	code = ask_in_order(search, table, context, out, err);
	search->trying = NULL;
	if (code != MUSTER_ABSENT)
		return code;
	muster_fail(err, MUSTER_E_IO, "no %s: %.*s", table->what,
		    VIEW_ARGS(bytes_view(&search->tried)));
	if (err)
		err->sys_errno = EACCES;
	return MUSTER_E_IO;
}

enum muster_code search_absent(struct search *search, struct muster_error *err, const char *format,
			       ...)
{
	char why[WHY_BYTES];
	va_list args;
	enum muster_code code;

	if (!search->trying)
		return MUSTER_ABSENT;
	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	code = bytes_printf(&search->tried, err, "%s%s (%s)", search->tried.len ? ", " : "",
			    search->trying, why);
	return code ? code : MUSTER_ABSENT;
}

void search_named(struct search *search, const char *format, ...)
{
	va_list args;

	if (!search->trying || search->has_found)
		return;
	va_start(args, format);
	vsnprintf(search->name, sizeof(search->name), format, args);
	va_end(args);
}
