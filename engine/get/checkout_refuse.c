/* May a plan be carried out? Everything that stops a checkout does so here, before its first
 * change. */
#include "engine/get/checkout.h"

#include "base/text/text.h"

enum muster_code checkout_name(struct checkout_names *names, struct view path,
			       struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	if (names->count++ >= CHECKOUT_NAMES_MAX)
		return MUSTER_OK;
	if (names->text.len)
		code = bytes_append_text(&names->text, ", ", err);
	if (!code)
		code = bytes_append_byte(&names->text, '\'', err);
	if (!code)
		code = bytes_append_view(&names->text,
					 view_of(path.ptr, path.len < 80 ? path.len : 80), err);
	if (!code && path.len > 80)
		code = bytes_append_text(&names->text, "...", err);
	return code ? code : bytes_append_byte(&names->text, '\'', err);
}

static enum muster_code add_reason(struct bytes *reason, const struct checkout_names *names,
				   const char *one, const char *many, struct muster_error *err)
{
	if (!names->count)
		return MUSTER_OK;
	return bytes_printf(reason, err, "%s%llu %s (%.*s%s)", reason->len ? "; " : "",
			    (unsigned long long)names->count, text_plural(names->count, one, many),
			    VIEW_ARGS(bytes_view(&names->text)),
			    names->count > CHECKOUT_NAMES_MAX ? ", ..." : "");
}

static enum muster_code refuse(struct checkout_run *run, struct muster_error *err)
{
	struct bytes reason = { 0 };
	enum muster_code code;

	code = add_reason(&reason, &run->unreadable, "directory cannot be looked into",
			  "directories cannot be looked into", err);
	if (!code)
		code = add_reason(&reason, &run->changed,
				  "file in the way is not as a checkout left it, --overwrite "
				  "replaces it or --delete removes it",
				  "files in the way are not as a checkout left them, --overwrite "
				  "replaces or --delete removes them",
				  err);
	if (!code)
		code = add_reason(&reason, &run->unknown,
				  "file no checkout wrote, --delete removes it",
				  "files no checkout wrote, --delete removes them", err);
	if (!code)
		code = muster_fail(err, MUSTER_E_REFUSED, "nothing was changed: %.*s",
				   VIEW_ARGS(bytes_view(&reason)));
	bytes_release(&reason);
	return code;
}

/* Links to directories are files that no checkout wrote. */
static enum muster_code judge_links(struct checkout_run *run, struct muster_error *err)
{
	const char *path = (const char *)run->seen.links.ptr;
	enum muster_code code = MUSTER_OK;

	if (run->seen.link_count > CHECKOUT_LINKS_MAX)
		return muster_fail(err, MUSTER_E_LIMIT,
				   "the tree has %llu links to directories, more than %d",
				   (unsigned long long)run->seen.link_count, CHECKOUT_LINKS_MAX);
	if (run->rules.delete_others) {
		run->remove_count += run->seen.link_count;
		return MUSTER_OK;
	}
	for (uint64_t i = 0; i < run->seen.link_count && !code; i++) {
		code = checkout_name(&run->unknown, view_text(path), err);
		path += strlen(path) + 1;
	}
	return code;
}

enum muster_code checkout_check_plan(struct checkout_run *run, struct muster_error *err)
{
	uint64_t max = run->options->max_delete;
	enum muster_code code;

	if (run->seen.repository.len)
		return muster_fail(err, MUSTER_E_REFUSED, "the repository is in it, at '%.*s'",
				   VIEW_ARGS(bytes_view(&run->seen.repository)));
	code = judge_links(run, err);
	if (code)
		return code;
	if (run->unknown.count || run->changed.count || run->unreadable.count)
		return refuse(run, err);
	if (max && run->remove_count > max && !run->target.is_new)
		return muster_fail(err, MUSTER_E_REFUSED,
				   "nothing was changed: %llu %s would be deleted, more than %llu",
				   (unsigned long long)run->remove_count,
				   text_plural(run->remove_count, "file", "files"),
				   (unsigned long long)max);
	return MUSTER_OK;
}
