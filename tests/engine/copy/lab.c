#include "tests/engine/copy/lab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/blob/blob_reader.h"
#include "engine/check/check.h"
#include "engine/manifest/version_reader.h"
#include "io/store/memory.h"
#include "tests/engine/repository/made.h"

#define LAB_MEMORY_BYTES (64u << 20)

/* --- targets ---------------------------------------------------------------------------------- */

void lab_target_open(struct lab_target *target, const struct repository_options *options)
{
	struct store *memory;
	struct muster_error err = { 0 };

	assert_int_equal(store_memory_new(&memory, &err), MUSTER_OK);
	test_repository_make(memory, options);
	assert_int_equal(store_fault_new(&target->store, memory, &target->faults, &err), MUSTER_OK);
	target->repository = NULL;
	lab_target_reopen(target);
}

void lab_target_reopen(struct lab_target *target)
{
	struct muster_error err = { 0 };

	repository_close(target->repository);
	store_fault_arm(target->store, 0);
	if (repository_open(&target->repository, target->store, effects_system(), &err))
		fail_msg("%s", err.message);
	repository_assume_proved(target->repository);
}

void lab_target_close(struct lab_target *target)
{
	repository_close(target->repository);
	store_free(target->store);
}

/* --- copies ----------------------------------------------------------------------------------- */

static struct collection_name name_of(const char *name)
{
	return (struct collection_name){ VIEW_LITERAL("me"), VIEW_LITERAL("tests"),
					 view_text(name) };
}

static void note_failure(void *state, const char *path, uint64_t path_bytes,
			 const struct muster_error *error)
{
	struct lab_failures *failures = state;
	size_t len = strlen(failures->text);

	failures->count++;
	snprintf(failures->text + len, sizeof(failures->text) - len, "%.*s: %s\n", (int)path_bytes,
		 path, error->message);
}

static void take_note(void *state, const struct muster_copied_version *version)
{
	if (!version->note[0])
		return;
	assert_int_equal(bytes_append_text(state, version->note, NULL), MUSTER_OK);
	assert_int_equal(bytes_append_byte(state, '\n', NULL), MUSTER_OK);
}

enum muster_code lab_copy(struct repository *source, struct repository *target,
			  const struct lab_copy *what, struct muster_copy_report *report,
			  struct muster_error *err)
{
	const char *name = what->name ? what->name : "data";
	struct copy_request request = { .source = source,
					.target = target,
					.from = name_of(name),
					.to = name_of(what->as ? what->as : name),
					.alias = view_text(what->alias ? what->alias : "") };
	struct muster_copy_options options = {
		.job = { .worker_count = what->worker_count ? what->worker_count : 2,
			 .memory_bytes = LAB_MEMORY_BYTES,
			 .progress = what->progress,
			 .on_failure = what->failures ? note_failure : NULL,
			 .on_failure_state = what->failures },
		.all = what->all || what->every,
		.commit_partial = what->commit_partial,
		.on_version = what->notes ? take_note : NULL,
		.on_version_state = what->notes,
	};
	enum muster_code code;

	if (what->every)
		request.from = request.to = (struct collection_name){ 0 };
	code = copy_run(&request, &options, report, err);
	if (err)
		assert_int_equal(err->code, code);
	return code;
}

struct muster_copy_report lab_must_copy(struct repository *source, struct repository *target,
					const struct lab_copy *what)
{
	struct muster_copy_report report;
	struct muster_error err = { 0 };

	if (lab_copy(source, target, what, &report, &err))
		fail_msg("%s", err.message);
	return report;
}

/* --- looking ---------------------------------------------------------------------------------- */

struct collection *lab_open(struct repository *repository, const char *name)
{
	struct collection_name full = name_of(name);
	struct collection *collection;
	struct muster_error err = { 0 };

	if (collection_open(&collection, repository, &full, NULL, &err))
		fail_msg("%s", err.message);
	return collection;
}

size_t lab_version_count(struct repository *repository, const char *name)
{
	struct collection_name full = name_of(name);
	struct collection *collection;
	size_t count;

	if (collection_open(&collection, repository, &full, NULL, NULL))
		return 0;
	count = collection_versions(collection)->version_count;
	collection_close(collection);
	return count;
}

/* --- links ------------------------------------------------------------------------------------ */

void lab_link(struct repository *repository, const char *name, uint64_t number,
	      const char *portfolio, const char *alias)
{
	struct collection_name full = name_of(portfolio);
	struct collection *from = lab_open(repository, name), *to;
	struct link_request request = {
		.from = from, .version = number, .aliases = &alias, .alias_count = alias ? 1 : 0
	};
	struct link_result result;
	struct muster_error err = { 0 };

	assert_int_equal(collection_open(&to, repository, &full, "", &err), MUSTER_OK);
	if (collection_link(to, &request, &result, &err))
		fail_msg("%s", err.message);
	collection_close(to);
	collection_close(from);
}

void lab_delete(struct repository *repository, const char *name, uint64_t number)
{
	struct collection *collection = lab_open(repository, name);

	assert_int_equal(collection_delete_version(collection, number, true, NULL), MUSTER_OK);
	collection_close(collection);
}

/* --- comparing -------------------------------------------------------------------------------- */

struct side {
	struct repository *repository;
	struct collection *collection;
	const struct version *version;
	struct version_reader *reader;
	struct blob_reader *blobs;
};

static void side_open(struct side *side, struct repository *repository, const char *name,
		      uint64_t number)
{
	static const struct version_reader_options with_placement = { .with_placement = true };
	struct store *store = repository_store(repository);

	side->repository = repository;
	side->collection = lab_open(repository, name);
	side->version = collection_state_version(collection_versions(side->collection), number);
	assert_non_null(side->version);
	assert_int_equal(version_reader_open(&side->reader, store, &side->version->manifest,
					     &with_placement, NULL),
			 MUSTER_OK);
	assert_int_equal(
		blob_reader_open(&side->blobs, store, repository_id(repository), NULL, NULL, NULL),
		MUSTER_OK);
}

static void side_close(struct side *side)
{
	blob_reader_close(side->blobs);
	version_reader_close(side->reader);
	collection_close(side->collection);
}

static uint8_t *read_blob(struct side *side, const struct entry *entry)
{
	struct blob_key key = { .algorithm = (uint8_t)entry->algorithm,
				.size_bytes = entry->size_bytes,
				.has_identity = entry->has_identity };
	uint8_t *bytes = malloc(entry->size_bytes + 1);
	struct blob_at at;
	struct muster_error err = { 0 };

	memcpy(key.digest, entry->fingerprint.digest, DIGEST_BYTES);
	memcpy(key.checksum, entry->fingerprint.checksum, CHECKSUM_BYTES);
	memcpy(key.identity, entry->fingerprint.identity, IDENTITY_BYTES);
	assert_non_null(bytes);
	assert_true(entry->is_placed);
	if (blob_reader_find(side->blobs, &key, &entry->placement, &at, &err) ||
	    (at.size_bytes && store_read(at.object, at.offset_bytes, bytes, at.size_bytes, &err)))
		fail_msg("'%.*s': %s", VIEW_ARGS(entry->path), err.message);
	return bytes;
}

static void assert_bytes(struct side *a, const struct entry *x, struct side *b,
			 const struct entry *y)
{
	uint8_t *one = read_blob(a, x), *other = read_blob(b, y);

	assert_memory_equal(one, other, x->size_bytes);
	free(one);
	free(other);
}

/* Identities are told only where a repository keeps them. */
static void assert_entry(struct side *a, struct entry *x, struct side *b, struct entry *y)
{
	if (repository_has_identity(a->repository) != repository_has_identity(b->repository)) {
		x->has_identity = y->has_identity = false;
		memset(x->fingerprint.identity, 0, IDENTITY_BYTES);
		memset(y->fingerprint.identity, 0, IDENTITY_BYTES);
	}
	assert_true(view_equal(x->path, y->path));
	assert_true(entry_content_equal(x, y));
	if (!x->ref.len)
		assert_bytes(a, x, b, y);
}

static void assert_texts(struct side *a, struct side *b)
{
	struct bytes one = { 0 }, other = { 0 };

	assert_int_equal(collection_description(a->collection, a->version, &one, NULL), MUSTER_OK);
	assert_int_equal(collection_description(b->collection, b->version, &other, NULL),
			 MUSTER_OK);
	assert_int_equal(collection_metadata(a->collection, a->version, &one, NULL), MUSTER_OK);
	assert_int_equal(collection_metadata(b->collection, b->version, &other, NULL), MUSTER_OK);
	assert_true(view_equal(bytes_view(&one), bytes_view(&other)));
	bytes_release(&one);
	bytes_release(&other);
	assert_int_equal(a->version->ttl_days, b->version->ttl_days);
	assert_int_equal(a->version->ttl_disabled, b->version->ttl_disabled);
	assert_int_equal(a->version->tags.count, b->version->tags.count);
	for (size_t i = 0; i < a->version->tags.count; i++)
		assert_true(version_has_tag(b->version, a->version->tags.items[i]));
}

static void assert_aliases(struct side *a, struct side *b)
{
	const struct collection_state *from = collection_versions(a->collection);
	const struct collection_state *to = collection_versions(b->collection);

	for (size_t i = 0; i < from->alias_count; i++)
		if (from->aliases[i].version == a->version->number)
			assert_int_equal(collection_state_alias(to, from->aliases[i].name),
					 b->version->number);
}

void lab_assert_equal(struct repository *a_repository, const char *a_name, uint64_t a_number,
		      struct repository *b_repository, const char *b_name, uint64_t b_number)
{
	struct side a, b;
	struct entry x, y;
	enum muster_code code;

	side_open(&a, a_repository, a_name, a_number);
	side_open(&b, b_repository, b_name, b_number);
	assert_memory_equal(a.version->digest, b.version->digest, 16);
	assert_int_equal(a.version->entry_count, b.version->entry_count);
	if (repository_has_identity(a_repository) == repository_has_identity(b_repository))
		assert_memory_equal(a.version->root, b.version->root, 32);
	assert_texts(&a, &b);
	assert_aliases(&a, &b);
	while (!(code = version_reader_next(a.reader, &x, NULL))) {
		assert_int_equal(version_reader_next(b.reader, &y, NULL), MUSTER_OK);
		assert_entry(&a, &x, &b, &y);
	}
	assert_int_equal(code, MUSTER_END);
	assert_int_equal(version_reader_next(b.reader, &y, NULL), MUSTER_END);
	side_close(&a);
	side_close(&b);
}

static void print_finding(void *state, const char *object, const struct muster_error *error)
{
	(void)state;
	print_error("%s: %s\n", object, error->message);
}

void lab_assert_sound(struct repository *repository)
{
	struct muster_check_options options = { .job.worker_count = 2,
						.on_finding = print_finding };
	struct muster_check_report report;
	struct muster_error err = { 0 };

	if (check_run(repository, &options, &report, &err))
		fail_msg("%s", err.message);
	assert_int_equal(report.finding_count, 0);
}

/* --- the source ------------------------------------------------------------------------------- */

void lab_write_random(struct fixture *fixture, const char *path, size_t len, uint64_t seed)
{
	uint8_t *bytes = malloc(len + 1);

	assert_non_null(bytes);
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)fixture_random(&seed, 256);
	fixture_write(fixture, path, bytes, len);
	free(bytes);
}

struct damage {
	struct store *store;
	const char *text;
	unsigned count;
};

static enum muster_code damage_pack(void *state, const char *key, uint64_t size_bytes,
				    uint64_t modified_ns, struct muster_error *err)
{
	struct damage *damage = state;
	struct bytes bytes = { 0 };
	size_t len = strlen(damage->text);
	uint8_t *at;

	(void)size_bytes;
	(void)modified_ns;
	assert_int_equal(store_get(damage->store, key, &bytes, 64u << 20, err), MUSTER_OK);
	at = memmem(bytes.ptr, bytes.len, damage->text, len);
	if (at) {
		at[len / 2] ^= 1;
		assert_int_equal(store_remove(damage->store, key, err), MUSTER_OK);
		assert_int_equal(store_create(damage->store, key, bytes_view(&bytes), err),
				 MUSTER_OK);
		damage->count++;
	}
	bytes_release(&bytes);
	return at ? MUSTER_END : MUSTER_OK; /* a listing of what changes is over */
}

void lab_damage(struct fixture *fixture, const char *text)
{
	struct damage damage = { fixture->store, text, 0 };

	store_list(fixture->store, "packs/", NULL, damage_pack, &damage, NULL);
	assert_int_equal(damage.count, 1);
}
