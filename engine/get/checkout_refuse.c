/* May a plan be carried out? Everything that stops a checkout does so here, before its first
 * change. */
#include "engine/get/checkout.h"

#include "base/text/text.h"

enum muster_code checkout_name(struct checkout_names *names, struct view path,
			       struct muster_error *err)
{
	bool is_long = path.len > CHECKOUT_NAME_BYTES;
	struct view shown = view_of(path.ptr, is_long ? CHECKOUT_NAME_BYTES : path.len);

	names->count++;
	if (names->named_count && names->text.len + shown.len > CHECKOUT_NAMES_BYTES)
		return MUSTER_OK;
	return bytes_printf(&names->text, err, "%s'%.*s%s'", names->named_count++ ? ", " : "",
			    VIEW_ARGS(shown), is_long ? "..." : "");
}

/* "1 changed file ('a')" */
static enum muster_code add_kind(struct bytes *out, const char *before,
				 const struct checkout_names *names, const char *one,
				 const char *many, struct muster_error *err)
{
	return bytes_printf(out, err, "%s%llu %s (%.*s%s)", before,
			    (unsigned long long)names->count, text_plural(names->count, one, many),
			    VIEW_ARGS(bytes_view(&names->text)),
			    names->count > names->named_count ? ", ..." : "");
}

static uint64_t refused_count(const struct checkout_refused *refused)
{
	return refused->changed.count + refused->unknown.count;
}

/* "to replace 1 changed file ('a') and 2 files that no checkout wrote ('b', 'c')" */
static enum muster_code add_refused(struct bytes *out, const char *before,
				    const struct checkout_refused *refused,
				    struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	if (!refused_count(refused))
		return MUSTER_OK;
	code = bytes_append_text(out, before, err);
	if (!code && refused->changed.count)
		code = add_kind(out, "", &refused->changed, "changed file", "changed files", err);
	if (!code && refused->unknown.count)
		code = add_kind(out, refused->changed.count ? " and " : "", &refused->unknown,
				"file that no checkout wrote", "files that no checkout wrote", err);
	return code;
}

/* The options first: what is long is cut at its end. */
static enum muster_code add_advice(struct bytes *out, const struct checkout_run *run,
				   struct muster_error *err)
{
	const struct checkout_refused *replace = &run->must_replace, *remove = &run->must_remove;
	bool is_both = refused_count(replace) && refused_count(remove);
	enum muster_code code;

	code = bytes_append_text(out,
				 is_both		  ? "--overwrite and --delete are needed,"
				 : refused_count(replace) ? "--overwrite is needed"
							  : "--delete is needed",
				 err);
	if (!code)
		code = add_refused(out, " to replace ", replace, err);
	return code ? code
		    : add_refused(out, is_both ? " and to delete " : " to delete ", remove, err);
}

static enum muster_code refuse(struct checkout_run *run, struct muster_error *err)
{
	bool has_refused = refused_count(&run->must_replace) || refused_count(&run->must_remove);
	struct bytes reason = { 0 };
	enum muster_code code = MUSTER_OK;

	if (run->unreadable.count)
		code = add_kind(&reason, "", &run->unreadable, "directory cannot be looked into",
				"directories cannot be looked into", err);
	if (!code && run->unreadable.count && has_refused)
		code = bytes_append_text(&reason, "; ", err);
	if (!code && has_refused)
		code = add_advice(&reason, run, err);
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
		code = checkout_name(&run->must_remove.unknown, view_text(path), err);
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
	if (refused_count(&run->must_replace) || refused_count(&run->must_remove) ||
	    run->unreadable.count)
		return refuse(run, err);
	if (max && run->remove_count > max && !run->target.is_new)
		return muster_fail(err, MUSTER_E_REFUSED,
				   "nothing was changed: %llu %s would be deleted, more than "
				   "--max-delete %llu",
				   (unsigned long long)run->remove_count,
				   text_plural(run->remove_count, "file", "files"),
				   (unsigned long long)max);
	return MUSTER_OK;
}
