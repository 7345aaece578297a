/* How long versions live. What programs do not know that came before this was told apart is marked
 * as to be understood, so that they do not write down less than there is (decision 0018). */
#include "engine/repository/collection_internal.h"

#include <stdio.h>

#include "artifact/record/key.h"

#define NS_PER_MS 1000000u

struct ttl_request {
	uint64_t version, days;
	bool is_disabled;
};

static enum muster_code check_days(uint64_t days, struct muster_error *err)
{
	if (days <= EVENT_TTL_MAX_DAYS)
		return MUSTER_OK;
	return muster_fail(err, MUSTER_E_USAGE, "a ttl of %llu days is over %u",
			   (unsigned long long)days, EVENT_TTL_MAX_DAYS);
}

/* Its source may have an end; what is linked is held until it is unlinked. */
static enum muster_code check_no_links(const struct collection *collection,
				       struct muster_error *err)
{
	if (!collection->state.is_portfolio)
		return MUSTER_OK;
	return muster_fail(err, MUSTER_E_REFUSED,
			   "'%.*s' is a portfolio: a ttl is set on the version that is linked",
			   VIEW_ARGS(collection->state.name));
}

static enum muster_code change(struct collection *collection, decide_fn *decide,
			       struct ttl_request *request, struct muster_error *err)
{
	struct change change = { .decide = decide, .request = request };
	enum muster_code code = check_days(request->days, err);

	return code ? code : collection_change(collection, &change, err);
}

static enum muster_code decide_ttl(struct collection *collection, void *state, struct event *event,
				   struct muster_error *err)
{
	const struct ttl_request *request = state;
	const struct version *version;
	enum muster_code code = collection_require(collection, request->version, &version, err);

	if (!code)
		code = check_no_links(collection, err);
	if (code)
		return code;
	if (version->ttl_days == request->days && version->ttl_disabled == request->is_disabled)
		return MUSTER_END;
	event->kind.id = EVENT_TTL;
	event->version = request->version;
	event->ttl_days = request->days;
	event->ttl_disabled = event->must_understand = request->is_disabled;
	return MUSTER_OK;
}

enum muster_code collection_ttl(struct collection *collection, uint64_t version, uint64_t days,
				bool is_disabled, struct muster_error *err)
{
	struct ttl_request request = { .version = version,
				       .days = is_disabled ? 0 : days,
				       .is_disabled = is_disabled };

	return change(collection, decide_ttl, &request, err);
}

/* Of the latest version the event says what is so already. */
static enum muster_code decide_default(struct collection *collection, void *state,
				       struct event *event, struct muster_error *err)
{
	const struct ttl_request *request = state;
	const struct version *latest = collection_state_latest(&collection->state);
	enum muster_code code = check_no_links(collection, err);

	if (code)
		return code;
	if (collection->state.default_ttl_days == request->days)
		return MUSTER_END;
	if (!latest)
		return muster_fail(err, MUSTER_E_REFUSED,
				   "artifact '%.*s' has no version that could inherit a ttl",
				   VIEW_ARGS(collection->state.name));
	event->kind.id = EVENT_TTL;
	event->version = latest->number;
	event->ttl_days = latest->ttl_days;
	event->ttl_disabled = latest->ttl_disabled;
	event->sets_default = event->must_understand = true;
	event->default_ttl_days = request->days;
	return MUSTER_OK;
}

enum muster_code collection_default_ttl(struct collection *collection, uint64_t days,
					struct muster_error *err)
{
	struct ttl_request request = { .days = days };

	return change(collection, decide_default, &request, err);
}

/* --- when versions were committed ------------------------------------------------------------- */

/* Keys of a log come in the order of their numbers, and so do the save events of versions. */
struct commits {
	const struct collection *collection;
	uint64_t at, end; /* the next version that is looked for, and the one that no more is */
	uint64_t *next;	  /* where its time goes */
};

static const struct version *next_version(struct commits *commits)
{
	const struct version *versions = commits->collection->state.versions;

	while (commits->at < commits->end && versions[commits->at].is_deleted) {
		*commits->next++ = 0;
		commits->at++;
	}
	return commits->at < commits->end ? &versions[commits->at] : NULL;
}

static enum muster_code note_time(void *state, const char *key, uint64_t size_bytes,
				  uint64_t modified_ns, struct muster_error *err)
{
	struct commits *commits = state;
	const struct version *version = next_version(commits);
	uint64_t number;

	(void)size_bytes, (void)err;
	if (!version)
		return MUSTER_END;
	if (key_parse_event(key, log_name(commits->collection->log), &number) &&
	    number == version->event) {
		*commits->next++ = modified_ns / NS_PER_MS;
		commits->at++;
	}
	return MUSTER_OK;
}

/* Of the events of late the first reading of the log knows it. */
static bool knows_all(struct commits commits)
{
	const struct version *version;

	while ((version = next_version(&commits))) {
		*commits.next = log_stored_ms(commits.collection->log, version->event);
		if (!*commits.next++)
			return false;
		commits.at++;
	}
	return true;
}

enum muster_code collection_committed_ms(struct collection *collection, uint64_t first,
					 uint64_t count, uint64_t *out, struct muster_error *err)
{
	struct commits commits = { collection, first, first + count, out };
	const struct version *version = next_version(&commits);
	struct key key = { "" };
	enum muster_code code;

	if (knows_all(commits))
		return MUSTER_OK;
	if (count == 1)
		key_event(&key, log_name(collection->log), version->event);
	else
		snprintf(key.text, sizeof(key.text), "%s/", log_name(collection->log));
	code = store_list(repository_store(collection->repository), key.text, NULL, note_time,
			  &commits, err);
	if (code && code != MUSTER_END)
		return code;
	version = next_version(&commits);
	return version ? muster_fail(err, MUSTER_E_FORMAT,
				     "event %llu of log '%s', of v%llu, is not listed",
				     (unsigned long long)version->event, log_name(collection->log),
				     (unsigned long long)version->number)
		       : MUSTER_OK;
}
