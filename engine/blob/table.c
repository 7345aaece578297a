#include "engine/blob/table.h"

#include <stdlib.h>

enum muster_code table_open(struct table *table, size_t bytes, uint32_t record_max,
			    bool has_identity, struct muster_error *err)
{
	/* Two slots a record at least, four at most; four bytes a record to sort by. */
	size_t each = sizeof(struct table_record) + 4 * sizeof(uint32_t) + sizeof(uint32_t) +
		      (has_identity ? IDENTITY_BYTES : 0);
	size_t count = bytes / each;
	size_t slots = 2;

	*table = (struct table){ 0 };
	if (count > record_max)
		count = record_max;
	if (count < 1024)
		count = 1024;
	while (slots < 2 * count)
		slots *= 2;
	table->record_max = (uint32_t)count;
	table->slot_mask = (uint32_t)(slots - 1);
	table->records = malloc(count * sizeof(*table->records));
	table->slots = calloc(slots, sizeof(*table->slots));
	if (has_identity)
		table->identities = malloc(count * sizeof(*table->identities));
	if (!table->records || !table->slots || (has_identity && !table->identities)) {
		table_release(table);
		return muster_fail_memory(err, "the table of blobs");
	}
	return MUSTER_OK;
}

void table_release(struct table *table)
{
	free(table->identities);
	free(table->slots);
	free(table->records);
	*table = (struct table){ 0 };
}

/* A digest is uniform already: its last bytes choose the slot (its first ones, the order). */
static uint32_t slot_of(const struct table *table, const uint8_t digest[DIGEST_BYTES])
{
	return (uint32_t)get_u64(digest + 8) & table->slot_mask;
}

static bool record_is(const struct table *table, uint32_t at, const struct blob_key *key)
{
	const struct table_record *record = &table->records[at];

	if (memcmp(record->checksum, key->checksum, CHECKSUM_BYTES) != 0)
		return false;
	return !table->identities ||
	       memcmp(table->identities[at], key->identity, IDENTITY_BYTES) == 0;
}

const struct table_record *table_find(const struct table *table, const struct blob_key *key,
				      bool *collides)
{
	uint32_t slot = slot_of(table, key->digest);

	for (; table->slots[slot]; slot = (slot + 1) & table->slot_mask) {
		uint32_t at = table->slots[slot] - 1;
		const struct table_record *record = &table->records[at];

		if (record->size_bytes != key->size_bytes ||
		    memcmp(record->digest, key->digest, DIGEST_BYTES) != 0)
			continue;
		if (record_is(table, at, key))
			return record;
		*collides = true;
	}
	return NULL;
}

static void slot_record(struct table *table, uint32_t at)
{
	uint32_t slot = slot_of(table, table->records[at].digest);

	while (table->slots[slot])
		slot = (slot + 1) & table->slot_mask;
	table->slots[slot] = at + 1;
}

void table_add(struct table *table, const struct blob_key *key, uint32_t pack, uint32_t ordinal)
{
	uint32_t at = table->record_count++;
	struct table_record *record = &table->records[at];

	memcpy(record->digest, key->digest, DIGEST_BYTES);
	memcpy(record->checksum, key->checksum, CHECKSUM_BYTES);
	record->size_bytes = key->size_bytes;
	record->pack = pack;
	record->ordinal = ordinal;
	if (table->identities)
		memcpy(table->identities[at], key->identity, IDENTITY_BYTES);
	slot_record(table, at);
}

void table_filter(struct table *table, bool (*keep)(void *state, const struct table_record *),
		  void *state)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < table->record_count; i++) {
		if (!keep(state, &table->records[i]))
			continue;
		table->records[kept] = table->records[i];
		if (table->identities)
			memcpy(table->identities[kept], table->identities[i], IDENTITY_BYTES);
		kept++;
	}
	table->record_count = kept;
	memset(table->slots, 0, ((size_t)table->slot_mask + 1) * sizeof(*table->slots));
	for (uint32_t i = 0; i < kept; i++)
		slot_record(table, i);
}

struct blob_key table_key(const struct table *table, enum digest_algorithm algorithm, uint32_t at)
{
	const struct table_record *record = &table->records[at];
	struct blob_key key = { .algorithm = (uint8_t)algorithm, .size_bytes = record->size_bytes };

	memcpy(key.digest, record->digest, DIGEST_BYTES);
	memcpy(key.checksum, record->checksum, CHECKSUM_BYTES);
	if (table->identities) {
		key.has_identity = true;
		memcpy(key.identity, table->identities[at], IDENTITY_BYTES);
	}
	return key;
}

struct ordering {
	const struct table *table;
	enum digest_algorithm algorithm;
};

static int compare_records(const void *a, const void *b, void *state)
{
	const struct ordering *by = state;
	const uint32_t *left = a, *right = b;
	struct blob_key x = table_key(by->table, by->algorithm, *left);
	struct blob_key y = table_key(by->table, by->algorithm, *right);

	return blob_key_compare(&x, &y);
}

#define BUCKET_COUNT 65536

static unsigned bucket_of(const struct table_record *record)
{
	return (unsigned)record->digest[0] << 8 | record->digest[1];
}

/* Digests are uniform: one counting pass by two bytes leaves buckets of a few records. */
void table_order(const struct table *table, enum digest_algorithm algorithm, uint32_t *order)
{
	struct ordering by = { table, algorithm };
	uint32_t *ends = calloc(BUCKET_COUNT + 1, sizeof(*ends));

	if (!ends) { /* slower, but it needs nothing */
		for (uint32_t i = 0; i < table->record_count; i++)
			order[i] = i;
		qsort_r(order, table->record_count, sizeof(*order), compare_records, &by);
		return;
	}
	for (uint32_t i = 0; i < table->record_count; i++)
		ends[bucket_of(&table->records[i]) + 1]++;
	for (uint32_t b = 0; b < BUCKET_COUNT; b++)
		ends[b + 1] += ends[b];
	for (uint32_t i = 0; i < table->record_count; i++)
		order[ends[bucket_of(&table->records[i])]++] = i;
	for (uint32_t b = 0, begin = 0; b < BUCKET_COUNT; begin = ends[b++])
		if (ends[b] - begin > 1)
			qsort_r(order + begin, ends[b] - begin, sizeof(*order), compare_records,
				&by);
	free(ends);
}
