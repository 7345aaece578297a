/* How packs end: their directory is appended, a thread of its own syncs and names them, and what
 * is durable is written to an index file. Order: pack durable -> index file.
 *
 * A disk has one thread: two would only take turns. Where an end is a request that a server thinks
 * about, there are more, and packs become durable in any order; each is indexed only when it is. */
#include "engine/blob/blob_internal.h"

#include <stdlib.h>

#include "artifact/record/key.h"

static void note_durable(struct blob_set *set, struct run_pack *pack, enum muster_code code,
			 const struct muster_error *err)
{
	pthread_mutex_lock(&set->lock);
	if (code && !set->locked.failure.code)
		set->locked.failure = *err;
	if (!code)
		atomic_store(&pack->is_durable, true);
	set->locked.closing_count--;
	pthread_cond_broadcast(&set->synced);
	pthread_mutex_unlock(&set->lock);
}

/* What is a pack now needs no journal; what failed may be continued. */
static void end_upload(struct blob_set *set, struct upload_journal *journal, enum muster_code code)
{
	uint64_t kept_bytes = journal ? upload_journal_store(journal)->kept_bytes : 0;

	if (code) {
		upload_journal_close(journal);
		return;
	}
	pthread_mutex_lock(&set->lock);
	set->locked.counts.continued_count += kept_bytes > 0;
	set->locked.counts.continued_bytes += kept_bytes;
	pthread_mutex_unlock(&set->lock);
	upload_journal_remove(journal);
}

/* Thread body: runs until `closing` is closed and drained. */
static void *sync_packs(void *arg)
{
	struct blob_set *set = arg;
	void *item;

	while (queue_take(set->closing, &item)) {
		struct closing_pack *closing = item;
		struct muster_error err = { 0 };
		enum muster_code code = store_write_finish(closing->writer, &err);

		if (code == MUSTER_EXISTS)
			code = muster_fail(&err, MUSTER_E_CONFLICT,
					   "a pack with an id of this session is already there");
		end_upload(set, closing->journal, code);
		note_durable(set, closing->pack, code, &err);
		free(closing);
	}
	return NULL;
}

static enum muster_code start_one(struct blob_set *set, struct muster_error *err)
{
	int failed = pthread_create(&set->syncers[set->syncer_count], NULL, sync_packs, set);

	if (failed)
		return muster_fail(err, MUSTER_E_IO, "start a thread that syncs packs: %s",
				   strerror(failed));
	set->syncer_count++;
	return MUSTER_OK;
}

enum muster_code blob_syncers_start(struct blob_set *set, struct muster_error *err)
{
	enum muster_code code = queue_new(&set->closing, 1, err);
	unsigned wanted = store_finish_max(set->store);

	if (wanted > BLOB_SYNCERS_MAX)
		wanted = BLOB_SYNCERS_MAX;
	if (!code)
		code = start_one(set, err);
	while (!code && set->syncer_count < wanted && !start_one(set, NULL))
		; /* fewer are slower, no more */
	return code;
}

void blob_syncers_stop(struct blob_set *set)
{
	if (set->closing)
		queue_close(set->closing);
	for (unsigned i = 0; i < set->syncer_count; i++)
		pthread_join(set->syncers[i], NULL);
	queue_free(set->closing);
}

static void leave(const struct closing_pack *closing)
{
	store_write_leave(closing->writer);
	upload_journal_close(closing->journal);
}

/* Hands a whole pack to the syncers; waits while each has one and one more waits. */
static enum muster_code hand_over(struct blob_set *set, const struct closing_pack *whole,
				  struct muster_error *err)
{
	struct closing_pack *closing = malloc(sizeof(*closing));
	enum muster_code code = MUSTER_OK;

	if (!closing) {
		leave(whole);
		return muster_fail_memory(err, "a pack to sync");
	}
	*closing = *whole;
	pthread_mutex_lock(&set->lock);
	set->locked.closing_count++;
	set->locked.counts.pack_count++;
	if (set->locked.failure.code) {
		code = set->locked.failure.code;
		*err = set->locked.failure;
	}
	pthread_mutex_unlock(&set->lock);
	if (!code && queue_put(set->closing, closing))
		return MUSTER_OK;
	pthread_mutex_lock(&set->lock);
	set->locked.closing_count--;
	pthread_mutex_unlock(&set->lock);
	leave(whole);
	free(closing);
	return code ? code : muster_fail(err, MUSTER_E_CANCELLED, "the run is ending");
}

enum muster_code blob_close_pack(struct blob_set *set, const struct closing_pack *closing,
				 const struct pack_directory *directory, bool is_single,
				 struct muster_error *err)
{
	struct run_pack *pack = closing->pack;
	struct bytes end = { 0 };
	uint64_t begin = is_single ? PACK_ALIGN_BYTES : OBJECT_HEADER_BYTES;
	uint64_t pack_bytes;
	enum muster_code code;

	code = pack_finish(directory, is_single, set->options.repository_id, &pack->id, &end, err);
	if (!code)
		code = store_write_append(closing->writer, bytes_view(&end), err);
	pack_bytes = begin + directory->blob_bytes + end.len;
	bytes_release(&end);
	if (code) {
		leave(closing);
		return code;
	}
	pack->blob_count = directory->blob_count;
	pack->is_single = is_single;
	memcpy(pack->checksum_sum, directory->checksum_sum, sizeof(pack->checksum_sum));
	code = hand_over(set, closing, err);
	if (!code)
		atomic_store_explicit(&pack->pack_bytes, pack_bytes, memory_order_release);
	return code;
}

static enum muster_code wait_synced_locked(struct blob_set *set, unsigned more_than,
					   struct muster_error *err)
{
	while (set->locked.closing_count > more_than && !set->locked.failure.code)
		pthread_cond_wait(&set->synced, &set->lock);
	if (!set->locked.failure.code)
		return MUSTER_OK;
	if (err)
		*err = set->locked.failure;
	return set->locked.failure.code;
}

static bool is_durable_locked(struct blob_set *set, const struct table_record *record)
{
	return atomic_load(&blob_pack_locked(set, record->pack)->is_durable);
}

static bool is_not_indexed(void *state, const struct table_record *record)
{
	return !is_durable_locked(state, record);
}

/* The packs that an index file names, numbered anew. */
struct index_packs {
	struct index_pack *packs;
	uint32_t *number_of; /* run's number -> file's number + 1 */
	uint32_t count;
};

static void index_packs_release(struct index_packs *list)
{
	free(list->packs);
	free(list->number_of);
}

static enum muster_code index_packs_init(struct index_packs *list, uint32_t pack_count,
					 struct muster_error *err)
{
	*list = (struct index_packs){ 0 };
	list->packs = malloc((pack_count + 1) * sizeof(*list->packs));
	list->number_of = calloc(pack_count + 1, sizeof(*list->number_of));
	if (list->packs && list->number_of)
		return MUSTER_OK;
	index_packs_release(list);
	return muster_fail_memory(err, "the packs of an index");
}

static uint32_t file_number_locked(struct blob_set *set, struct index_packs *list, uint32_t number)
{
	if (!list->number_of[number]) {
		struct run_pack *pack = blob_pack_locked(set, number);
		struct index_pack *out = &list->packs[list->count];

		*out = (struct index_pack){ .id = pack->id,
					    .pack_bytes = atomic_load(&pack->pack_bytes),
					    .blob_count = pack->blob_count,
					    .is_single = pack->is_single };
		memcpy(out->checksum_sum, pack->checksum_sum, sizeof(out->checksum_sum));
		list->number_of[number] = ++list->count;
	}
	return list->number_of[number] - 1;
}

/* Streams the records in order to the builder, its output to the store. */
static enum muster_code write_records_locked(struct blob_set *set, struct index_builder *builder,
					     struct store_writer *writer, const uint32_t *order,
					     struct index_packs *list, struct muster_error *err)
{
	struct table *table = &set->locked.table;
	struct bytes out = { 0 };
	enum muster_code code = MUSTER_OK;

	for (uint32_t i = 0; i < table->record_count && !code; i++) {
		const struct table_record *record = &table->records[order[i]];
		struct index_record entry;

		if (!is_durable_locked(set, record))
			continue;
		entry.key = table_key(table, set->options.algorithm, order[i]);
		entry.pack = file_number_locked(set, list, record->pack);
		entry.ordinal = record->ordinal;
		code = index_builder_add(builder, &entry, &out, err);
		if (!code && out.len >= (1u << 20)) {
			code = store_write_append(writer, bytes_view(&out), err);
			out.len = 0;
		}
	}
	if (!code)
		code = index_builder_finish(builder, list->packs, list->count, &out, err);
	if (!code)
		code = store_write_append(writer, bytes_view(&out), err);
	bytes_release(&out);
	return code;
}

static uint64_t count_durable_locked(struct blob_set *set)
{
	uint64_t count = 0;

	for (uint32_t i = 0; i < set->locked.table.record_count; i++)
		count += is_durable_locked(set, &set->locked.table.records[i]);
	return count;
}

static enum muster_code write_file_locked(struct blob_set *set, uint64_t record_count,
					  const uint32_t *order, struct muster_error *err)
{
	struct index_builder *builder = NULL;
	struct store_writer *writer = NULL;
	struct index_packs list;
	struct object_id id;
	struct key key;
	enum muster_code code = index_packs_init(&list, set->locked.packs.count, err);

	if (code)
		return code;
	code = set->options.next_id(set->options.next_id_state, &id, err);
	if (!code)
		code = index_builder_new(&builder, set->options.repository_id, &id, record_count,
					 err);
	if (!code) {
		key_object(&key, OBJECT_INDEX, &id);
		code = store_write_begin(set->store, key.text, &writer, err);
	}
	if (!code)
		code = write_records_locked(set, builder, writer, order, &list, err);
	if (!code) {
		struct store_writer *whole = writer;

		writer = NULL;
		code = store_write_finish(whole, err);
	}
	store_write_abort(writer);
	index_builder_free(builder);
	index_packs_release(&list);
	return code;
}

enum muster_code blob_write_index_locked(struct blob_set *set, struct muster_error *err)
{
	uint64_t count = count_durable_locked(set);
	uint32_t *order;
	enum muster_code code;

	if (count == 0)
		return MUSTER_OK;
	code = store_sync(set->store, err); /* the names of the packs, too, before the index */
	if (code)
		return code;
	order = malloc((size_t)set->locked.table.record_count * sizeof(*order));
	if (!order)
		return muster_fail_memory(err, "an index");
	table_order(&set->locked.table, set->options.algorithm, order);
	code = write_file_locked(set, count, order, err);
	free(order);
	if (code)
		return muster_context(err, "write an index of %llu blobs",
				      (unsigned long long)count);
	set->locked.counts.index_count++;
	table_filter(&set->locked.table, is_not_indexed, set);
	return MUSTER_OK;
}

enum muster_code blob_make_room_locked(struct blob_set *set, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	while (!code && table_is_full(&set->locked.table)) {
		unsigned closing_count = set->locked.closing_count;

		code = blob_write_index_locked(set, err);
		if (!code) /* what left the table is found there from now on */
			code = index_set_refresh(set->index, err);
		if (code || !table_is_full(&set->locked.table))
			break;
		if (closing_count == 0)
			return muster_fail(err, MUSTER_E_LIMIT,
					   "the table of blobs is too small for so many workers: "
					   "give more --memory");
		code = wait_synced_locked(set, closing_count - 1, err);
	}
	return code;
}

enum muster_code blob_set_go_on(struct blob_set *set, struct muster_error *err)
{
	return index_set_refresh(set->index, err);
}

enum muster_code blob_set_finish(struct blob_set *set, struct muster_error *err)
{
	enum muster_code code;

	pthread_mutex_lock(&set->lock);
	code = wait_synced_locked(set, 0, err);
	if (!code)
		code = blob_write_index_locked(set, err);
	pthread_mutex_unlock(&set->lock);
	return code;
}
