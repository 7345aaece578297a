#include "api/api_internal.h"

#include "engine/look/named_version.h"

/* --- ttl -------------------------------------------------------------------------------------- */

enum muster_code api_check_ttl(bool of_collection, int64_t days, struct muster_error *err)
{
	if ((days >= 1 && days <= EVENT_TTL_MAX_DAYS) || days == MUSTER_TTL_DISABLED ||
	    (days == MUSTER_TTL_INHERIT && !of_collection))
		return MUSTER_OK;
	if (days == MUSTER_TTL_INHERIT)
		return muster_fail(err, MUSTER_E_USAGE,
				   "an artifact has nothing to inherit a ttl from");
	return muster_fail(err, MUSTER_E_USAGE, "a ttl is 1 to %u days, not %lld",
			   EVENT_TTL_MAX_DAYS, (long long)days);
}

static enum muster_code set_default(struct muster_repository *repository, const char *text,
				    int64_t days, struct muster_error *err)
{
	struct collection_name name;
	struct collection *collection;
	enum muster_code code = api_collection_name(repository, text, &name, err);

	if (!code)
		code = api_prepare_write(repository, err);
	if (!code)
		code = collection_open(&collection, repository->engine, &name, NULL, err);
	if (code)
		return code;
	code = collection_default_ttl(collection, days > 0 ? (uint64_t)days : 0, err);
	collection_close(collection);
	return code;
}

static enum muster_code set_ttl(struct muster_repository *repository, const char *version,
				int64_t days, struct muster_error *err)
{
	struct artifact_address address;
	struct named_version named = { 0 };
	enum muster_code code = api_address(repository, version, &address, err);

	if (!code)
		code = api_prepare_write(repository, err);
	if (!code)
		code = named_version_open(&named, repository->engine, &address, err);
	if (!code)
		code = collection_ttl(named.collection, named.version->number,
				      days > 0 ? (uint64_t)days : 0, days == MUSTER_TTL_DISABLED,
				      err);
	named_version_release(&named);
	return code;
}

enum muster_code muster_ttl(struct muster_repository *repository, const char *version,
			    bool of_collection, int64_t days, struct muster_error *err)
{
	enum muster_code code = api_check_ttl(of_collection, days, err);

	if (code)
		return code;
	return of_collection ? set_default(repository, version, days, err)
			     : set_ttl(repository, version, days, err);
}

/* --- expire ----------------------------------------------------------------------------------- */

struct expire {
	const struct muster_expire_options *options;
	struct muster_expire_report *report;
};

static bool on_version(void *state, const struct version *version,
		       const struct retention_version *decision)
{
	struct expire *expire = state;
	unsigned kept_by = decision->kept_by;
	struct muster_expire_info info = { .number = version->number,
					   .created_ms = version->created_ms,
					   .size_bytes = version->size_bytes,
					   .is_deleted = !kept_by,
					   .is_latest = kept_by & RETENTION_LATEST,
					   .is_last = kept_by & RETENTION_LAST,
					   .is_daily = kept_by & RETENTION_DAILY,
					   .is_aliased = kept_by & RETENTION_ALIASED };

	if (kept_by) {
		expire->report->kept_versions++;
	} else {
		expire->report->deleted_versions++;
		expire->report->deleted_bytes += version->size_bytes;
	}
	return !expire->options->on_version ||
	       expire->options->on_version(expire->options->state, &info);
}

static enum muster_code check_rules(const struct muster_expire_options *options,
				    struct muster_error *err)
{
	if (options->keep_aliased && options->drops_aliased)
		return muster_fail(err, MUSTER_E_USAGE,
				   "versions with aliases cannot be both kept and deleted");
	if (options->keep_last || options->keep_daily || options->keep_aliased)
		return MUSTER_OK;
	return muster_fail(err, MUSTER_E_USAGE, "no rule says which versions are kept");
}

enum muster_code muster_expire(struct muster_repository *repository, const char *text,
			       const struct muster_expire_options *options,
			       struct muster_expire_report *report, struct muster_error *err)
{
	struct muster_expire_report ignored;
	struct expire expire = { options, report ? report : &ignored };
	struct retention_rules rules = { options->keep_last, options->keep_daily,
					 options->drops_aliased };
	struct collection_name name;
	struct collection *collection;
	enum muster_code code = check_rules(options, err);

	*expire.report = (struct muster_expire_report){ 0 };
	if (!code)
		code = api_collection_name(repository, text, &name, err);
	if (!code && !options->dry_run)
		code = api_prepare_write(repository, err);
	if (!code)
		code = collection_open(&collection, repository->engine, &name, NULL, err);
	if (code)
		return code;
	code = collection_expire(collection, &rules, options->dry_run, on_version, &expire, err);
	collection_close(collection);
	return code;
}
