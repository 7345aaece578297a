/* What is in the cache, and less of it. No index file is believed: segments say what they hold. */
#include <stdio.h>
#include <stdlib.h>

#include "artifact/format/pack.h"
#include "artifact/record/key.h"
#include "engine/cache/cache_internal.h"
#include "planners/eviction/eviction.h"

/* A directory that is looked at from outside of a run. */
struct place {
	struct sys_ops sys;
	struct store *store; /* NULL: there is no cache */
	struct segments segments;
	struct store_local_temporaries temporaries;
	uint64_t segment_bytes, index_bytes, index_count;
};

static void place_release(struct place *place)
{
	segments_release(&place->segments);
	store_free(place->store);
}

static enum muster_code place_look(struct place *place, const struct blob_cache_options *options,
				   struct muster_error *err)
{
	enum muster_code code;

	*place = (struct place){ .sys = *(options->sys ? options->sys : sys_system()) };
	code = cache_store_open(&place->store, options->directory, &place->sys, false, err);
	if (code)
		return code == MUSTER_ABSENT ? MUSTER_OK : code;
	code = segments_read(&place->segments, place->store, err);
	if (!code)
		code = cache_index_bytes(place->store, &place->index_bytes, &place->index_count,
					 err);
	if (!code)
		code = store_local_count_temporary(place->store, &place->temporaries, err);
	for (size_t i = 0; i < place->segments.count; i++)
		place->segment_bytes += place->segments.items[i].size_bytes;
	return code;
}

/* --- info ----------------------------------------------------------------------------------- */

/* 0 of one that was removed meanwhile, or is damaged: who reads it will drop it. */
static uint64_t count_blobs(struct store *store, const struct object_id *id)
{
	uint8_t raw[PACK_TRAILER_BYTES];
	struct pack_trailer trailer;
	struct store_object *object;
	struct key key;
	uint64_t size_bytes, count = 0;

	key_object(&key, OBJECT_PACK, id);
	if (store_open(store, key.text, &object, NULL))
		return 0;
	size_bytes = object->size_bytes;
	if (size_bytes >= sizeof(raw) &&
	    !store_read(object, size_bytes - sizeof(raw), raw, sizeof(raw), NULL) &&
	    !pack_trailer_parse(&trailer, view_of(raw, sizeof(raw)), size_bytes, NULL))
		count = trailer.blob_count;
	store_close(object);
	return count;
}

static void tell_segments(const struct place *place, struct muster_cache_info *out)
{
	for (size_t i = 0; i < place->segments.count; i++) {
		const struct segment *segment = &place->segments.items[i];

		out->blob_count += count_blobs(place->store, &segment->id);
		if (!out->oldest_use_ns || segment->used_ns < out->oldest_use_ns)
			out->oldest_use_ns = segment->used_ns;
		if (segment->used_ns > out->newest_use_ns)
			out->newest_use_ns = segment->used_ns;
	}
	out->segment_count = place->segments.count;
	out->segment_bytes = place->segment_bytes;
}

enum muster_code blob_cache_info(const struct blob_cache_options *options,
				 struct muster_cache_info *out, struct muster_error *err)
{
	struct place place;
	enum muster_code code = place_look(&place, options, err);

	*out = (struct muster_cache_info){ .limit_bytes = options->limit_bytes };
	snprintf(out->directory, sizeof(out->directory), "%s", options->directory);
	if (!code) {
		tell_segments(&place, out);
		out->index_count = place.index_count;
		out->index_bytes = place.index_bytes;
		out->temporary_count = place.temporaries.count;
		out->temporary_bytes = place.temporaries.size_bytes;
		out->size_bytes =
			out->segment_bytes + out->index_bytes + place.temporaries.size_bytes;
		if (!out->limit_bytes)
			out->limit_bytes =
				cache_default_limit(options->directory, place.segment_bytes);
	}
	place_release(&place);
	return code;
}

/* --- clean ---------------------------------------------------------------------------------- */

/* What goes. Index files go with the last segment; before, they count and stay. */
struct cleaning {
	struct eviction_segment *list; /* the first `gone_count` of them */
	size_t gone_count;
	bool has_index;
};

static enum muster_code plan(const struct place *place, uint64_t keep_bytes,
			     struct cleaning *cleaning, struct muster_cache_cleaned *out,
			     struct muster_error *err)
{
	const struct segments *segments = &place->segments;
	struct eviction_rules rules = { .target_bytes = keep_bytes,
					.fixed_bytes = place->index_bytes };
	uint64_t freed_bytes;

	cleaning->list = malloc((segments->count + 1) * sizeof(*cleaning->list));
	if (!cleaning->list)
		return muster_fail_memory(err, "the list of segments");
	for (size_t i = 0; i < segments->count; i++)
		cleaning->list[i] = (struct eviction_segment){ segments->items[i].size_bytes,
							       segments->items[i].used_ns, i };
	cleaning->gone_count = eviction_plan(&rules, cleaning->list, segments->count, &freed_bytes);
	cleaning->has_index = cleaning->gone_count == segments->count;
	out->freed_segments = cleaning->gone_count;
	out->freed_temporaries = place->temporaries.count;
	out->freed_bytes = freed_bytes + place->temporaries.size_bytes +
			   (cleaning->has_index ? place->index_bytes : 0);
	out->left_segments = segments->count - cleaning->gone_count;
	out->left_bytes = place->segment_bytes + place->index_bytes +
			  place->temporaries.size_bytes - out->freed_bytes;
	return MUSTER_OK;
}

static enum muster_code carry_out(struct place *place, const struct cleaning *cleaning,
				  struct muster_error *err)
{
	enum muster_code code = store_local_clean_temporary(place->store, 0, NULL, err);

	if (!code && cleaning->has_index)
		code = cache_remove_indexes(place->store, err);
	for (size_t i = 0; i < cleaning->gone_count && !code; i++)
		code = segment_remove(place->store,
				      &place->segments.items[cleaning->list[i].index].id, err);
	return code;
}

enum muster_code blob_cache_clean(const struct blob_cache_options *options, uint64_t keep_bytes,
				  bool dry_run, struct muster_cache_cleaned *out,
				  struct muster_error *err)
{
	struct cleaning cleaning = { 0 };
	struct place place;
	enum muster_code code = place_look(&place, options, err);

	*out = (struct muster_cache_cleaned){ 0 };
	snprintf(out->directory, sizeof(out->directory), "%s", options->directory);
	if (!code && place.store) {
		code = plan(&place, keep_bytes, &cleaning, out, err);
		if (!code && !dry_run)
			code = carry_out(&place, &cleaning, err);
	}
	free(cleaning.list);
	place_release(&place);
	return code;
}
