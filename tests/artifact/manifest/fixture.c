#include "tests/artifact/manifest/fixture.h"

#include <stdio.h>
#include <stdlib.h>

void fixture_must(bool ok, const struct muster_error *err, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "fixture: %s: %s\n", what, err ? err->message : "");
	abort();
}

uint64_t fixture_random(uint64_t *seed)
{
	uint64_t z = *seed += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static void entry_free(const struct entry *entry)
{
	union {
		const uint8_t *kept;
		void *ours;
	} text = { entry->path.ptr };

	free(text.ours);
}

void entry_list_release(struct entry_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		entry_free(&list->entries[i]);
	free(list->entries);
	*list = (struct entry_list){ 0 };
}

static void list_grow(struct entry_list *list)
{
	size_t cap = list->cap ? 2 * list->cap : 64;
	struct entry *entries = realloc(list->entries, cap * sizeof(*entries));

	fixture_must(entries != NULL, NULL, "memory");
	list->entries = entries;
	list->cap = cap;
}

static struct view text_keep(uint8_t **at, struct view text)
{
	struct view kept = view_of(*at, text.len);

	if (text.len)
		memcpy(*at, text.ptr, text.len);
	*at += text.len;
	return kept;
}

void entry_list_add(struct entry_list *list, const struct entry *entry)
{
	struct entry *kept;
	uint8_t *text;

	if (list->count == list->cap)
		list_grow(list);
	text = malloc(entry->path.len + entry->digest_text.len + entry->ref.len + entry->extra.len +
		      entry->birth_artifact_id.len + 1);
	fixture_must(text != NULL, NULL, "memory");
	kept = &list->entries[list->count++];
	*kept = *entry;
	kept->path = text_keep(&text, entry->path);
	kept->digest_text = text_keep(&text, entry->digest_text);
	kept->ref = text_keep(&text, entry->ref);
	kept->extra = text_keep(&text, entry->extra);
	kept->birth_artifact_id = text_keep(&text, entry->birth_artifact_id);
}

void entry_list_remove(struct entry_list *list, size_t i)
{
	size_t behind = --list->count - i;

	entry_free(&list->entries[i]);
	memmove(list->entries + i, list->entries + i + 1, behind * sizeof(*list->entries));
}

static int entry_order(const void *a, const void *b)
{
	return view_compare(((const struct entry *)a)->path, ((const struct entry *)b)->path);
}

void entry_list_sort(struct entry_list *list)
{
	size_t kept = 0;

	if (!list->count)
		return;
	qsort(list->entries, list->count, sizeof(*list->entries), entry_order);
	for (size_t i = 0; i < list->count; i++) {
		if (kept && view_equal(list->entries[kept - 1].path, list->entries[i].path))
			entry_free(&list->entries[i]);
		else
			list->entries[kept++] = list->entries[i];
	}
	list->count = kept;
}

struct entry_list entry_list_copy(const struct entry_list *list)
{
	struct entry_list copy = { 0 };

	for (size_t i = 0; i < list->count; i++)
		entry_list_add(&copy, &list->entries[i]);
	return copy;
}

static struct view random_text(uint8_t *buf, size_t len, uint64_t *seed)
{
	/* What file names and URIs contain at worst, and often the same, so that fronts are shared.
	 */
	static const uint8_t letters[] = { 'a', 'b',  '/',  '.',  ' ', '\n',
					   '"', 0xc3, 0xa4, 0xff, 1,   0 };

	for (size_t i = 0; i < len; i++)
		buf[i] = letters[fixture_random(seed) % sizeof(letters)];
	return view_of(buf, len);
}

static void random_bytes(uint8_t *out, size_t len, uint64_t *seed)
{
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)fixture_random(seed);
}

/** Mostly short, seldom as long as `max` allows. */
static size_t random_length(size_t max, uint64_t *seed)
{
	return fixture_random(seed) % 64 ? fixture_random(seed) % 40
					 : max - fixture_random(seed) % 3;
}

static void random_placement(struct entry *entry, uint64_t *seed)
{
	uint64_t kind = fixture_random(seed) % 8;
	struct placement *placement = &entry->placement;

	entry->is_placed = kind != 0;
	if (!entry->is_placed)
		return;
	memset(placement->pack.session, (int)(kind % 3), 16);
	placement->pack.number = (uint32_t)(kind == 7 ? fixture_random(seed) % 1000 : kind);
	placement->pack_bytes = 1000 + placement->pack.number * 77777u;
	placement->ordinal = kind == 6 ? (uint32_t)fixture_random(seed)
				       : (uint32_t)(fixture_random(seed) % 5000);
}

void entry_list_add_random(struct entry_list *list, uint64_t *seed)
{
	static uint8_t path[ENTRY_PATH_MAX_BYTES], text[ENTRY_TEXT_MAX_BYTES],
		ref[ENTRY_TEXT_MAX_BYTES], extra[4000], birth[100];
	struct entry entry = { 0 };
	uint64_t bits = fixture_random(seed);

	entry.path = random_text(path, 1 + random_length(ENTRY_PATH_MAX_BYTES - 1, seed), seed);
	entry.algorithm = (enum digest_algorithm)(bits % 3);
	if (entry.algorithm == DIGEST_TEXT)
		entry.digest_text = random_text(text, random_length(sizeof(text), seed), seed);
	else
		random_bytes(entry.fingerprint.digest, DIGEST_BYTES, seed);
	entry.has_size = bits & 0x100;
	if (entry.has_size)
		entry.size_bytes = fixture_random(seed) >> (8 + bits % 56);
	entry.has_checksum = bits & 0x200;
	if (entry.has_checksum)
		random_bytes(entry.fingerprint.checksum, CHECKSUM_BYTES, seed);
	entry.has_identity = (bits & 0xc00) == 0;
	if (entry.has_identity)
		random_bytes(entry.fingerprint.identity, IDENTITY_BYTES, seed);
	if ((bits & 0x3000) == 0)
		entry.ref = random_text(ref, random_length(sizeof(ref), seed), seed);
	if ((bits & 0xc000) == 0)
		entry.extra = random_text(extra, random_length(sizeof(extra), seed), seed);
	if ((bits & 0xf0000) == 0)
		entry.birth_artifact_id = random_text(birth, 1 + bits % 90, seed);
	random_placement(&entry, seed);
	entry_list_add(list, &entry);
}

struct entry fixture_file(struct view path, uint64_t number)
{
	struct entry entry = { .path = path,
			       .algorithm = DIGEST_MD5,
			       .size_bytes = 1000 + number % 9000,
			       .has_size = true,
			       .has_checksum = true,
			       .is_placed = true };
	uint64_t seed = number * 2 + 1;

	for (size_t i = 0; i < DIGEST_BYTES; i += 8)
		put_u64(entry.fingerprint.digest + i, fixture_random(&seed));
	for (size_t i = 0; i < CHECKSUM_BYTES; i += 8)
		put_u64(entry.fingerprint.checksum + i, fixture_random(&seed));
	memset(entry.placement.pack.session, 7, 16);
	entry.placement.pack.number = (uint32_t)(number / 6000);
	entry.placement.pack_bytes = 33000000 + number / 6000;
	entry.placement.ordinal = (uint32_t)(number % 6000);
	return entry;
}

struct entry_list entry_list_dataset(size_t count, uint64_t seed)
{
	struct entry_list list = { 0 };
	char path[100];

	for (size_t i = 0; i < count; i++) {
		struct entry entry;

		snprintf(path, sizeof(path), "train/class-%04zu/image-%08zu.jpg", i / 1000, i * 10);
		entry = fixture_file(view_text(path), seed * 1000003 + i);
		entry.placement.pack.number = (uint32_t)(i / 6000);
		entry.placement.pack_bytes = 33000000 + i / 6000;
		entry.placement.ordinal = (uint32_t)(i % 6000);
		entry_list_add(&list, &entry);
	}
	return list;
}

bool fixture_entry_same(const struct entry *a, const struct entry *b, bool with_placement)
{
	if (!view_equal(a->path, b->path) || !entry_content_equal(a, b))
		return false;
	if (!with_placement)
		return !b->is_placed;
	return a->is_placed == b->is_placed &&
	       (!a->is_placed || (object_id_equal(&a->placement.pack, &b->placement.pack) &&
				  a->placement.pack_bytes == b->placement.pack_bytes &&
				  a->placement.ordinal == b->placement.ordinal));
}

void fixture_store_release(struct fixture_store *store)
{
	for (size_t i = 0; i < store->count; i++)
		bytes_release(&store->objects[i].bytes);
	free(store->objects);
	*store = (struct fixture_store){ 0 };
}

void fixture_store_put(struct fixture_store *store, const struct object_id *id, bool is_manifest,
		       struct bytes bytes)
{
	struct fixture_object *objects =
		realloc(store->objects, (store->count + 1) * sizeof(*objects));

	fixture_must(objects != NULL, NULL, "memory");
	store->objects = objects;
	objects[store->count].id = *id;
	objects[store->count].is_manifest = is_manifest;
	objects[store->count++].bytes = bytes;
}

static struct view store_get(const struct fixture_store *store, const struct object_id *id,
			     bool is_manifest)
{
	for (size_t i = store->count; i-- > 0;)
		if (store->objects[i].is_manifest == is_manifest &&
		    object_id_equal(&store->objects[i].id, id))
			return bytes_view(&store->objects[i].bytes);
	fixture_must(false, NULL, "no such object");
	return (struct view){ 0 };
}

struct bytes *fixture_store_last(struct fixture_store *store)
{
	fixture_must(store->count > 0, NULL, "no object");
	return &store->objects[store->count - 1].bytes;
}

struct view fixture_fetch(struct fixture_store *store, const struct wanted *wanted)
{
	struct view object = store_get(store, &wanted->object, wanted->in_manifest);

	fixture_must(wanted->offset_bytes + wanted->length_bytes <= object.len, NULL,
		     "a range outside of its object");
	store->fetches++;
	store->fetched_bytes += wanted->length_bytes;
	return view_of(object.ptr + wanted->offset_bytes, wanted->length_bytes);
}

void fixture_version_release(struct fixture_version *version)
{
	manifest_footer_release(&version->footer);
}

struct manifest_fence *fixture_fence(struct fixture_version *version, size_t i)
{
	fixture_must(i < version->footer.fence_count, NULL, "no such block");
	return &version->footer.fences[i];
}

#define MUST(call)                                                                                 \
	do {                                                                                       \
		struct muster_error must_err = { 0 };                                              \
		enum muster_code must_code = call;                                                 \
		fixture_must(!must_code, &must_err, #call);                                        \
	} while (0)

static void object_begin(struct bytes *object, const char *kind)
{
	uint8_t header[OBJECT_HEADER_BYTES];

	object_header_put(header, kind, 1);
	*object = (struct bytes){ 0 };
	MUST(bytes_append(object, header, sizeof(header), &must_err));
}

void fixture_writer_begin(struct fixture_writer *writer, struct fixture_store *store,
			  struct fixture_version *version, uint32_t number,
			  enum digest_algorithm algorithm, const struct fixture_version *base)
{
	struct builder_options options = { .algorithm = algorithm };

	*writer = (struct fixture_writer){ .store = store, .version = version };
	*version = (struct fixture_version){ 0 };
	memset(writer->id.session, 'v', 16);
	writer->id.number = number;
	memset(writer->leaves_id.session, 'l', 16);
	writer->leaves_id.number = number * 1000;
	options.id = writer->id;
	memset(options.collection_id, 0xc0, 16);
	memset(options.version_id, (int)number, 16);
	MUST(builder_new(&writer->builder, &options, &must_err));
	object_begin(&writer->embedded, "mani");
	object_begin(&writer->leaves, "leaf");
	if (base)
		MUST(cursor_new(&writer->base, &base->footer, false, &must_err));
}

static void leaves_end(struct fixture_writer *writer)
{
	fixture_store_put(writer->store, &writer->leaves_id, false, writer->leaves);
	writer->leaves_id.number++;
	object_begin(&writer->leaves, "leaf");
}

/* As many leaves lie in the manifest itself; then leaves objects begin. */
#define EMBEDDED_BYTES (1u << 20)

/** Write the leaf and say where. */
static void leaf_write(struct fixture_writer *writer, const struct built_leaf *leaf,
		       struct leaf_record *record)
{
	struct bytes *object = &writer->embedded;

	record->in_manifest = object->len < EMBEDDED_BYTES;
	if (!record->in_manifest)
		object = &writer->leaves;
	record->object = record->in_manifest ? writer->id : writer->leaves_id;
	record->offset_bytes = object->len;
	MUST(bytes_append_view(object, leaf->content, &must_err));
	MUST(bytes_append_view(object, leaf->placement, &must_err));
	if (writer->leaves.len > OBJECT_SHARED_BYTES_MAX)
		leaves_end(writer);
}

/** The base's record of the leaf that begins with this path, if it has such a seam. */
static const struct leaf_record *base_leaf(struct fixture_writer *writer, struct view path)
{
	const struct leaf_record *record;
	enum muster_code code;

	if (!writer->base)
		return NULL;
	cursor_seek(writer->base, path);
	code = fixture_cursor_leaf(writer->store, writer->base, &record, NULL);
	fixture_must(!muster_failed(code), NULL, "look at a leaf of the base");
	return code == MUSTER_OK ? record : NULL;
}

void fixture_writer_place(struct fixture_writer *writer, const struct built_leaf *leaf)
{
	struct leaf_record record = leaf->record;
	const struct leaf_record *base = base_leaf(writer, record.first_path);

	if (base && memcmp(base->content_sha256, record.content_sha256, 32) == 0) {
		record = *base;
		writer->version->leaves_shared++;
	} else {
		leaf_write(writer, leaf, &record);
		writer->version->leaves_written++;
	}
	MUST(builder_place(writer->builder, &record, &must_err));
}

void fixture_writer_add(struct fixture_writer *writer, const struct entry *entry)
{
	const struct built_leaf *leaf = NULL;

	MUST(builder_add(writer->builder, entry, &leaf, &must_err));
	if (leaf)
		fixture_writer_place(writer, leaf);
}

void fixture_writer_end(struct fixture_writer *writer)
{
	const struct built_leaf *leaf = NULL;
	struct bytes *object = &writer->embedded;
	struct bytes tail = { 0 };

	MUST(builder_finish_entries(writer->builder, &leaf, &must_err));
	if (leaf)
		fixture_writer_place(writer, leaf);
	leaves_end(writer);
	MUST(builder_finish(writer->builder, object->len, &tail, &writer->version->footer,
			    &must_err));
	MUST(bytes_append_view(object, bytes_view(builder_blocks(writer->builder)), &must_err));
	MUST(bytes_append_view(object, bytes_view(&tail), &must_err));
	fixture_store_put(writer->store, &writer->id, true, *object);
	bytes_release(&tail);
	bytes_release(&writer->leaves);
	builder_free(writer->builder);
	cursor_free(writer->base);
}

void fixture_build(struct fixture_store *store, struct fixture_version *version, uint32_t number,
		   const struct entry_list *list, const struct fixture_version *base)
{
	struct fixture_writer writer;

	fixture_writer_begin(&writer, store, version, number, DIGEST_MD5, base);
	for (size_t i = 0; i < list->count; i++)
		fixture_writer_add(&writer, &list->entries[i]);
	fixture_writer_end(&writer);
}

static enum muster_code store_feed(struct fixture_store *store, struct cursor *cursor,
				   struct muster_error *err)
{
	return cursor_feed(cursor, fixture_fetch(store, cursor_wanted(cursor)), err);
}

enum muster_code fixture_cursor_next(struct fixture_store *store, struct cursor *cursor,
				     struct entry *out, struct muster_error *err)
{
	enum muster_code code;

	while ((code = cursor_next(cursor, out, err)) == MUSTER_FULL) {
		code = store_feed(store, cursor, err);
		if (code)
			return code;
	}
	return code;
}

enum muster_code fixture_cursor_leaf(struct fixture_store *store, struct cursor *cursor,
				     const struct leaf_record **out, struct muster_error *err)
{
	enum muster_code code;

	while ((code = cursor_leaf(cursor, out, err)) == MUSTER_FULL) {
		code = store_feed(store, cursor, err);
		if (code)
			return code;
	}
	return code;
}

enum muster_code fixture_diff_next(struct fixture_store *store, struct diff *diff,
				   struct change *out, struct muster_error *err)
{
	enum muster_code code;

	while ((code = diff_next(diff, out, err)) == MUSTER_FULL) {
		code = store_feed(store, diff_side(diff), err);
		if (code)
			return code;
	}
	return code;
}
