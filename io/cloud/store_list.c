/*
 * Pages of keys, one after the other. A page comes whole before its keys are handed out, so that
 * who takes them may wait, or ask the store for something else.
 */
#include "io/cloud/store_internal.h"

struct list_run {
	struct cloud_store *cloud;
	struct view prefix, after; /* as the cloud knows them */
	store_list_fn *fn;
	void *state;
	struct bytes last; /* the last key; keys ascend */
	struct bytes token;
	bool is_over;
};

/* Keys are in byte order, or whoever merges them would lose some. */
static enum muster_code check_order(struct list_run *run, struct view key, struct muster_error *err)
{
	if (run->last.len && view_compare(key, bytes_view(&run->last)) <= 0)
		return muster_fail(err, MUSTER_E_FORMAT, "%s lists '%.*s' behind '%.*s'",
				   run->cloud->protocol->place, VIEW_ARGS(key),
				   VIEW_ARGS(bytes_view(&run->last)));
	run->last.len = 0;
	return bytes_append_view(&run->last, key, err);
}

/* Others may have put into the bucket what cannot be a key of ours. */
static bool is_ours(const struct list_run *run, const struct listed_object *object)
{
	return !object->is_prefix && !object->is_directory && !object->is_delete_marker &&
	       object->key.len <= run->cloud->prefix_len + STORE_KEY_MAX_BYTES &&
	       !memchr(object->key.ptr, 0, object->key.len);
}

/* A cloud may ignore where to begin, or begin at the key instead of behind it. */
static bool is_wanted(const struct list_run *run, struct view key)
{
	return view_starts_with(key, run->prefix) &&
	       (!run->after.len || view_compare(key, run->after) > 0);
}

static enum muster_code hand_out(struct list_run *run, const struct listed_object *object,
				 struct muster_error *err)
{
	char key[STORE_KEY_MAX_BYTES + 1];
	size_t at = run->cloud->prefix_len, len = object->key.len - at;

	if (!len)
		return MUSTER_OK; /* a marker that stands for the folder */
	memcpy(key, object->key.ptr + at, len);
	key[len] = 0;
	return run->fn(run->state, key, object->size_bytes, object->mtime_ns, err);
}

static enum muster_code take_object(struct list_run *run, const struct listed_object *object,
				    struct muster_error *err)
{
	enum muster_code code;

	if (object->is_prefix)
		return MUSTER_OK;
	code = check_order(run, object->key, err);
	if (code || !is_wanted(run, object->key) || !is_ours(run, object))
		return code;
	return hand_out(run, object, err);
}

/* A token that does not change would list the same page for ever. */
static enum muster_code take_token(struct list_run *run, struct listing_page page,
				   struct muster_error *err)
{
	if (!page.is_truncated) {
		run->is_over = true;
		return MUSTER_OK;
	}
	if (!page.next.len || view_equal(page.next, bytes_view(&run->token)))
		return muster_fail(err, MUSTER_E_FORMAT, "%s lists a part, but not how to go on",
				   run->cloud->protocol->place);
	run->token.len = 0;
	return bytes_append_view(&run->token, page.next, err);
}

static enum muster_code read_page(struct list_run *run, struct view document,
				  struct muster_error *err)
{
	struct listed_object object;
	struct listing *listing;
	enum muster_code code = listing_new(&listing, run->cloud->protocol->ops->listing, err);
	bool is_fed = false;

	if (code)
		return code;
	listing_feed(listing, document);
	for (;;) {
		code = listing_next(listing, &object, err);
		if (code == MUSTER_FULL && !is_fed) {
			listing_finish(listing);
			is_fed = true;
			continue;
		}
		if (code)
			break;
		code = take_object(run, &object, err);
		if (code)
			goto out;
	}
	if (code == MUSTER_END)
		code = take_token(run, listing_page(listing), err);
out:
	listing_free(listing);
	return code;
}

static enum muster_code list_page(struct list_run *run, struct muster_error *err)
{
	struct cloud_flight flight;
	enum muster_code code;

	cloud_flight_init(&flight, run->cloud, CLOUD_LIST, (struct view){ 0 });
	flight.call.prefix = run->prefix;
	flight.call.after = run->after;
	flight.call.token = bytes_view(&run->token);
	flight.call.page_max = run->cloud->page_max;
	code = cloud_flight_perform(&flight, err);
	if (!code)
		code = read_page(run, bytes_view(&flight.page), err);
	cloud_flight_release(&flight);
	return code;
}

enum muster_code cloud_list(struct store *store, const char *prefix, const char *after,
			    store_list_fn *fn, void *state, struct muster_error *err)
{
	struct cloud_store *cloud = cloud_of(store);
	struct list_run run = { .cloud = cloud, .fn = fn, .state = state };
	struct cloud_key full_prefix, full_after;
	enum muster_code code = MUSTER_OK;

	if (after && strnlen(after, STORE_KEY_MAX_BYTES + 1) > STORE_KEY_MAX_BYTES)
		return muster_fail(err, MUSTER_E_USAGE, "no key can be '%.200s'", after);
	run.prefix = cloud_key_make(&full_prefix, cloud, prefix);
	if (after && *after)
		run.after = cloud_key_make(&full_after, cloud, after);
	while (!code && !run.is_over)
		code = list_page(&run, err);
	bytes_release(&run.last);
	bytes_release(&run.token);
	return code;
}
