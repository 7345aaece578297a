#include "tests/engine/check/draft_lab.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash/hash.h"
#include "engine/manifest/version_reader.h"

#define MUST(call)                                                                                 \
	do {                                                                                       \
		struct muster_error must_err = { 0 }, *err = &must_err;                            \
		if ((call) != MUSTER_OK)                                                           \
			fail_msg("%s: %s", #call, must_err.message);                               \
	} while (0)

static struct muster_job job(void)
{
	return (struct muster_job){ .worker_count = 1, .memory_bytes = 64u << 20 };
}

/* --- making ---------------------------------------------------------------------------------- */

static void name_keys(struct lab_draft *draft)
{
	key_draft(&draft->plan, draft->id, "plan");
	key_draft(&draft->seal, draft->id, "seal");
	key_draft(&draft->final, draft->id, "final");
	key_draft_part(&draft->parts[0], draft->id, VIEW_LITERAL("000001"));
	key_draft_part(&draft->parts[1], draft->id, VIEW_LITERAL("000002"));
}

static void take_base(struct lab *lab, struct draft_record *plan)
{
	struct collection_name name = { plan->entity, plan->project, plan->name };
	struct collection *collection;
	const struct version *latest;

	MUST(collection_open_or_intend(&collection, lab->repository, &name, "", err));
	latest = collection_latest(collection);
	plan->base.is_named = latest != NULL;
	if (latest)
		memcpy(plan->base.id, latest->id, sizeof(latest->id));
	collection_close(collection);
}

void lab_draft_new(struct lab *lab, struct lab_draft *out)
{
	struct draft_record plan = { .entity = VIEW_LITERAL("me"),
				     .project = VIEW_LITERAL("lab"),
				     .name = VIEW_LITERAL("data") };

	*out = (struct lab_draft){ 0 };
	take_base(lab, &plan);
	MUST(draft_new(lab->repository, &plan, out->id, err));
	name_keys(out);
}

/* --- parts ----------------------------------------------------------------------------------- */

struct adding {
	struct draft *draft;
	struct part *part;
};

static struct adding begin_part(struct lab *lab, const struct lab_draft *draft)
{
	struct part_options options = { .job = job(), .what = "lab", .life_ms = DRAFT_LIFE_MS };
	struct adding adding;

	MUST(draft_open(&adding.draft, lab->repository, draft->id, err));
	options.beneath = *draft_content(adding.draft);
	MUST(part_open(&adding.part, lab->repository, &options, err));
	return adding;
}

static void end_part(struct adding *adding)
{
	struct part_content content;

	MUST(part_finish(adding->part, &content, err));
	MUST(draft_add_part(adding->draft, adding->part, &content, NULL, err));
	part_close(adding->part);
	draft_close(adding->draft);
}

static void add_text(struct part *part, const char *path, const char *text)
{
	char file[] = "/tmp/muster-lab-XXXXXX";
	int fd = mkstemp(file);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	MUST(part_add_file(part, file, view_text(path), true, NULL, err));
	unlink(file);
}

/* Some 400 bytes. */
static void add_reference(struct part *part, unsigned i)
{
	struct entry entry = { .algorithm = DIGEST_TEXT, .digest_text = VIEW_LITERAL("etag") };
	char path[64], ref[400];

	snprintf(path, sizeof(path), "refs/%05u", i);
	snprintf(ref, sizeof(ref), "other://bucket/%0380u", i);
	entry.path = view_text(path);
	entry.ref = view_text(ref);
	MUST(part_add_entry(part, &entry, true, err));
}

void lab_draft_add(struct lab *lab, const struct lab_draft *draft, const char *path,
		   const char *text)
{
	struct adding adding = begin_part(lab, draft);

	add_text(adding.part, path, text);
	end_part(&adding);
}

static void remove_some(struct lab *lab, struct part *part)
{
	struct collection_name name = { VIEW_LITERAL("me"), VIEW_LITERAL("lab"),
					VIEW_LITERAL("data") };
	struct version_reader *reader;
	struct collection *collection;
	struct entry entry;

	MUST(collection_open(&collection, lab->repository, &name, NULL, err));
	MUST(version_reader_open(&reader, lab->store, &collection_latest(collection)->manifest,
				 NULL, err));
	MUST(version_reader_next(reader, &entry, err));
	MUST(part_remove(part, entry.path, err));
	version_reader_close(reader);
	collection_close(collection);
	MUST(part_remove(part, VIEW_LITERAL("d001"), err));
}

void lab_draft_fill(struct lab *lab, struct lab_draft *out)
{
	struct adding adding;

	lab_draft_new(lab, out);
	adding = begin_part(lab, out);
	add_text(adding.part, "new/a", "a draft's own text");
	add_text(adding.part, "new/b", "another one");
	remove_some(lab, adding.part);
	end_part(&adding);
	adding = begin_part(lab, out);
	for (unsigned i = 0; i < LAB_DRAFT_MANY; i++)
		add_reference(adding.part, i);
	end_part(&adding);
}

/* --- its end --------------------------------------------------------------------------------- */

void lab_draft_save(struct lab *lab, const struct lab_draft *draft)
{
	struct muster_job own = job();
	struct draft_result result;
	struct draft *open;

	MUST(draft_open(&open, lab->repository, draft->id, err));
	MUST(draft_save(open, &own, NULL, &result, err));
	draft_close(open);
}

void lab_draft_drop(struct lab *lab, const struct lab_draft *draft)
{
	struct draft *open;

	MUST(draft_open(&open, lab->repository, draft->id, err));
	MUST(draft_drop(open, err));
	draft_close(open);
}

static void write_record(struct lab *lab, const struct key *key, const struct draft_record *record)
{
	struct bytes bytes = { 0 };

	MUST(draft_record_encode(record, &bytes, err));
	MUST(store_create(lab->store, key->text, bytes_view(&bytes), err));
	bytes_release(&bytes);
}

void lab_draft_seal(struct lab *lab, const struct lab_draft *draft)
{
	struct draft_record seal = { .kind.id = DRAFT_SEAL };

	memcpy(seal.draft, draft->id, sizeof(seal.draft));
	write_record(lab, &draft->seal, &seal);
}

void lab_draft_finish(struct lab *lab, const struct lab_draft *draft, size_t count)
{
	static const char *const shards[] = { "000001", "000002" };
	struct draft_record final = { .kind.id = DRAFT_FINAL, .version_id = { 1, 2, 3 } };
	struct draft_named_part parts[2];

	memcpy(final.draft, draft->id, sizeof(final.draft));
	for (size_t i = 0; i < count; i++) {
		struct bytes part = lab_get(lab, draft->parts[i].text);

		parts[i].shard = view_text(shards[i]);
		sha256_of(bytes_view(&part), parts[i].sha256);
		bytes_release(&part);
	}
	final.parts = (struct records){ parts, count };
	lab_draft_seal(lab, draft);
	write_record(lab, &draft->final, &final);
}

static void lose_a_manifest(struct lab *lab, const struct lab_draft *draft)
{
	struct bytes bytes = lab_get(lab, draft->parts[0].text);
	struct draft_record part;
	struct key key;

	MUST(draft_record_parse(&part, bytes_view(&bytes), err));
	key_object(&key, OBJECT_MANIFEST, &part.added.id);
	MUST(store_remove(lab->store, key.text, err));
	draft_record_release(&part);
	bytes_release(&bytes);
}

void lab_make_drafts(struct lab *lab)
{
	struct lab_draft drafts[5];

	lab_make(lab, NULL);
	lab_save(lab, &(struct lab_version){ .name = "data", .entry_count = 5 });
	for (size_t i = 0; i < sizeof(drafts) / sizeof(drafts[0]); i++) {
		lab_draft_new(lab, &drafts[i]);
		lab_draft_add(lab, &drafts[i], "file", "text");
	}
	lab_draft_seal(lab, &drafts[1]);
	lab_draft_finish(lab, &drafts[2], 1);
	lab_draft_save(lab, &drafts[3]);
	lose_a_manifest(lab, &drafts[4]);
}
