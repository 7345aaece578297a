/* Somebody adds a part, somebody else finishes the draft, and one of both does all of it at any
 * effect of the other: whoever was told that its part counts finds it in the version, whoever was
 * told that it came late does not; and there is one version. */
#include "engine/draft/stored.h"
#include "io/store/fault.h"
#include "tests/engine/draft/lab.h"

#define EFFECTS_MAX 200

static const char *const files[] = { "first", "other" };

/* Two processes over one store in memory. */
struct meeting {
	struct place *place; /* the tree */
	struct store *memory;
	struct place mine, theirs; /* mine: over a store that lets the other one in */
	uint8_t id[16];
	bool i_finish;
	bool has_met;
	enum muster_code added;
	struct muster_error error;
	store_fault_fn *watch; /* NULL, or told of what I do */
	unsigned final_count;  /* how often I asked for the final record … */
	unsigned final_at;     /* … and when it is there */
	struct bytes final;
	struct key final_key;
};

static enum muster_code add(struct place *place, struct meeting *meeting, const char *path,
			    struct muster_error *err)
{
	struct part_options options = { .job = { .worker_count = 1, .memory_bytes = 64 << 20 } };
	struct draft *draft = NULL;
	struct part *part = NULL;
	struct part_content content;
	char name[512];
	enum muster_code code = draft_open(&draft, place->repository, meeting->id, err);

	snprintf(name, sizeof(name), "%s/%s", meeting->place->tree, path);
	if (!code)
		code = part_open(&part, place->repository, &options, err);
	if (!code)
		code = part_add_file(part, name, view_text(path), true, NULL, err);
	if (!code)
		code = part_finish(part, &content, err);
	if (!code)
		code = draft_add_part(draft, part, &content, path, err);
	part_close(part);
	draft_close(draft);
	return code;
}

static void finish(struct place *place, struct meeting *meeting)
{
	struct muster_job job = { .worker_count = 1, .memory_bytes = 64 << 20 };
	struct muster_error err = { 0 };
	struct draft_result result;
	struct draft *draft;

	if (draft_open(&draft, place->repository, meeting->id, &err) ||
	    draft_save(draft, &job, NULL, &result, &err))
		fail_msg("%s", err.message);
	draft_close(draft);
}

static void add_other(struct place *place, struct meeting *meeting)
{
	meeting->added = add(place, meeting, files[1], &meeting->error);
}

/* A store_fault_fn: the other process, from its beginning to its end. */
static void meet(void *state, const struct store_fault_event *event)
{
	struct meeting *meeting = state;

	(void)event;
	meeting->has_met = true;
	if (meeting->i_finish)
		add_other(&meeting->theirs, meeting);
	else
		finish(&meeting->theirs, meeting);
}

static void open_meeting(struct meeting *meeting)
{
	struct repository_options options = { .algorithm = DIGEST_MD5 };
	struct store_fault_options faults = { .act = meet,
					      .act_state = meeting,
					      .count_reads = meeting->watch != NULL,
					      .log = meeting->watch,
					      .log_state = meeting };
	struct draft_record plan = { .entity = VIEW_LITERAL("me"),
				     .project = VIEW_LITERAL("tests"),
				     .name = VIEW_LITERAL("data"),
				     .distributed_id = VIEW_LITERAL("night") };

	assert_int_equal(store_memory_new(&meeting->memory, NULL), MUSTER_OK);
	test_repository_make(meeting->memory, &options);
	meeting->theirs.store = meeting->memory;
	assert_int_equal(store_fault_new(&meeting->mine.store, meeting->memory, &faults, NULL),
			 MUSTER_OK);
	assert_int_equal(repository_open(&meeting->theirs.repository, meeting->memory,
					 effects_system(), NULL),
			 MUSTER_OK);
	assert_int_equal(repository_open(&meeting->mine.repository, meeting->mine.store,
					 effects_system(), NULL),
			 MUSTER_OK);
	repository_assume_proved(meeting->mine.repository);
	repository_assume_proved(meeting->theirs.repository);
	assert_int_equal(repository_gate(meeting->mine.repository, NULL), MUSTER_OK);
	assert_int_equal(repository_gate(meeting->theirs.repository, NULL), MUSTER_OK);
	assert_int_equal(draft_new(meeting->theirs.repository, &plan, meeting->id, NULL),
			 MUSTER_OK);
	assert_int_equal(add(&meeting->theirs, meeting, files[0], NULL), MUSTER_OK);
}

static void close_meeting(struct meeting *meeting)
{
	repository_close(meeting->mine.repository);
	repository_close(meeting->theirs.repository);
	store_free(meeting->mine.store); /* and what is in it */
}

static bool is_in_version(struct meeting *meeting)
{
	struct collection *collection = open_collection(&meeting->theirs);
	struct version_reader *reader;
	struct entry entry;
	enum muster_code found;

	assert_int_equal(collection_versions(collection)->version_count, 1);
	assert_int_equal(version_reader_open(&reader, meeting->memory,
					     &collection_latest(collection)->manifest, NULL, NULL),
			 MUSTER_OK);
	assert_int_equal(version_reader_find(reader, view_text(files[0]), &entry, NULL), MUSTER_OK);
	found = version_reader_find(reader, view_text(files[1]), &entry, NULL);
	version_reader_close(reader);
	collection_close(collection);
	return found == MUSTER_OK;
}

static void judge(struct meeting *meeting, uint64_t at)
{
	bool is_in = is_in_version(meeting);

	if (meeting->added != MUSTER_OK && meeting->added != MUSTER_E_CONFLICT)
		fail_msg("effect %llu: %s", (unsigned long long)at, meeting->error.message);
	if (meeting->added == MUSTER_OK && !is_in)
		fail_msg("effect %llu: it was told to count, and does not", (unsigned long long)at);
	if (meeting->added && is_in && !strstr(meeting->error.message, "not said yet"))
		fail_msg("effect %llu: it was told to be late, and counts", (unsigned long long)at);
}

/* How often the part counted. */
static void meet_at_every_effect(struct place *place, bool i_finish, unsigned *counted,
				 unsigned *late)
{
	bool has_met = true;
	uint64_t at = 1;

	*counted = *late = 0;
	for (size_t i = 0; i < 2; i++)
		write_file(place, files[i], files[i]);
	for (; has_met && at < EFFECTS_MAX; at++) {
		struct meeting meeting = { .place = place, .i_finish = i_finish };

		open_meeting(&meeting);
		store_fault_arm(meeting.mine.store, at);
		if (i_finish)
			finish(&meeting.mine, &meeting);
		else
			add_other(&meeting.mine, &meeting);
		has_met = meeting.has_met;
		if (has_met) {
			judge(&meeting, at);
			*counted += meeting.added == MUSTER_OK;
			*late += meeting.added != MUSTER_OK;
		}
		close_meeting(&meeting);
	}
	assert_in_range(at, 5, EFFECTS_MAX - 1);
}

static void a_part_may_come_at_any_effect_of_who_finishes(void **state)
{
	unsigned counted, late;

	meet_at_every_effect(*state, true, &counted, &late);
	assert_true(counted >= 1); /* before the seal */
	assert_true(late >= 2);	   /* after it, and after the final record */
}

static void a_draft_may_be_finished_at_any_effect_of_who_adds(void **state)
{
	unsigned counted, late;

	meet_at_every_effect(*state, false, &counted, &late);
	assert_true(late >= 3); /* before the part's record is there */
}

/* --- once more ------------------------------------------------------------------------------- */

/* A store_fault_fn: who finishes writes the final record just before it is asked for. */
static void settle(void *state, const struct store_fault_event *event)
{
	struct meeting *meeting = state;

	if (event->ended || event->effect != STORE_EFFECT_OPEN ||
	    strcmp(event->key, meeting->final_key.text) != 0 ||
	    ++meeting->final_count != meeting->final_at)
		return;
	assert_int_equal(store_create(meeting->memory, meeting->final_key.text,
				      bytes_view(&meeting->final), NULL),
			 MUSTER_OK);
}

static void write_seal(struct meeting *meeting)
{
	struct draft_record seal = { .kind.id = DRAFT_SEAL };
	struct bytes bytes = { 0 };
	struct key key;

	memcpy(seal.draft, meeting->id, sizeof(seal.draft));
	key_draft(&key, meeting->id, "seal");
	assert_int_equal(draft_record_encode(&seal, &bytes, NULL), MUSTER_OK);
	assert_int_equal(store_create(meeting->memory, key.text, bytes_view(&bytes), NULL),
			 MUSTER_OK);
	bytes_release(&bytes);
}

/* What who finishes has listed: the first part alone. */
static void prepare_final(struct meeting *meeting)
{
	struct draft_record final = { .kind.id = DRAFT_FINAL, .version_id = { 1 } };
	struct draft_named_part first = { .shard = view_text(files[0]) };
	struct draft *draft;

	assert_int_equal(draft_open(&draft, meeting->theirs.repository, meeting->id, NULL),
			 MUSTER_OK);
	assert_string_equal(draft_parts(draft)[0].shard, files[0]);
	memcpy(first.sha256, draft_parts(draft)[0].sha256, sizeof(first.sha256));
	draft_close(draft);
	memcpy(final.draft, meeting->id, sizeof(final.draft));
	final.parts = (struct records){ &first, 1 };
	assert_int_equal(draft_record_encode(&final, &meeting->final, NULL), MUSTER_OK);
	key_draft(&meeting->final_key, meeting->id, "final");
}

static enum muster_code find(struct place *place, struct meeting *meeting, const char *path,
			     struct muster_error *err)
{
	struct draft *draft;
	enum muster_code code = draft_open(&draft, place->repository, meeting->id, err);

	if (!code)
		code = draft_find_part(draft, path, err);
	draft_close(draft);
	return code;
}

typedef enum muster_code retry_fn(struct place *place, struct meeting *meeting, const char *path,
				  struct muster_error *err);

static void expect(struct meeting *meeting, retry_fn *retry, const char *path,
		   enum muster_code expected, const char *text)
{
	struct muster_error err = { 0 };
	enum muster_code code = retry(&meeting->mine, meeting, path, &err);

	if (code != expected || !strstr(err.message, text))
		fail_msg("'%s': code %d (%s), not %d (%s)", path, code, err.message, expected,
			 text);
}

/* Its part was made after the parts were listed, by one who died before asking for the seal. */
static void who_tries_a_shard_again_is_told_whether_it_counts(void **state)
{
	static const struct {
		retry_fn *retry;
		unsigned final_at; /* behind the seal; adding looks for it before, too */
		const char *later;
	} cases[] = { { add, 2, "was finished" }, { find, 1, "came late" } };

	for (size_t i = 0; i < 2; i++)
		write_file(*state, files[i], files[i]);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct meeting meeting = { .place = *state,
					   .watch = settle,
					   .final_at = cases[i].final_at };

		open_meeting(&meeting);
		assert_int_equal(add(&meeting.theirs, &meeting, files[1], NULL), MUSTER_OK);
		write_seal(&meeting);
		prepare_final(&meeting);
		expect(&meeting, cases[i].retry, files[1], MUSTER_E_CONFLICT, "came late");
		assert_int_equal(meeting.final_count, cases[i].final_at);
		expect(&meeting, cases[i].retry, files[1], MUSTER_E_CONFLICT, cases[i].later);
		/* It counts, though the draft is finished. */
		expect(&meeting, cases[i].retry, files[0], MUSTER_EXISTS, "");
		bytes_release(&meeting.final);
		close_meeting(&meeting);
	}
}

#define IN_A_PLACE(test) cmocka_unit_test_setup_teardown(test, open_place, close_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_PLACE(a_part_may_come_at_any_effect_of_who_finishes),
		IN_A_PLACE(a_draft_may_be_finished_at_any_effect_of_who_adds),
		IN_A_PLACE(who_tries_a_shard_again_is_told_whether_it_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
