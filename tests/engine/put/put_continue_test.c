/* A put of a large file into a bucket is killed, and done again: each in a process of its own, over
 * one fake of S3. The server holds a reply back, and then the process is killed: no case waits. */
#include "tests/engine/put/place.h"

#include <glob.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "io/cloud/s3.h"
#include "io/cloud/store.h"
#include "io/http/pacer_simple.h"
#include "tests/io/cloud/s3_fake.h"
#include "tests/io/cloud/test_keys.h"

#define PART	   (8u << 20)
#define PARTS	   9
#define FILE_BYTES (PARTS * PART)
#define IN_FLIGHT  4

/* What processes share: the bucket is in this one, the report comes from the other. */
static struct s3_fake fake;
static struct muster_put_report *report;
static struct place *place;
static uint64_t sent_bytes; /* of parts, in the last run */

/* --- one process ----------------------------------------------------------------------------- */

static void open_repository(const char *url, struct http **http, struct pacer_simple *pacer,
			    bool is_first)
{
	struct http_options network = { .ignores_proxies = true };
	struct s3_options s3 = { .endpoint = { .url = view_text(url),
					       .bucket = VIEW_LITERAL(S3_FAKE_BUCKET) },
				 .keys = test_keys_new("AKIDTEST", "secret-of-the-test", NULL) };
	struct store_cloud_options cloud = { .pacer = &pacer->pacer };
	struct repository_options options = { .algorithm = DIGEST_MD5 };
	struct muster_error err = { 0 };

	*pacer = (struct pacer_simple){ .tries = 3, .delay_ns = 1000000 };
	pacer_simple_init(pacer);
	assert_int_equal(http_open(http, &network, &err), MUSTER_OK);
	cloud.http = *http;
	assert_int_equal(s3_protocol_open(&cloud.protocol, &s3, &err), MUSTER_OK);
	assert_int_equal(store_cloud_open(&place->store, &cloud, &err), MUSTER_OK);
	if (is_first && repository_init(place->store, &options, effects_system(), &err))
		fail_msg("%s", err.message);
	if (repository_open(&place->repository, place->store, effects_system(), &err))
		fail_msg("%s", err.message);
	repository_assume_proved(place->repository);
}

/* In the child, which is told the server's URL: it ends here. */
static void put_and_compare(int told_fd, bool is_first)
{
	struct pacer_simple pacer;
	struct http *http;
	char url[64] = "";

	assert_true(read(told_fd, url, sizeof(url) - 1) > 0);
	open_repository(url, &http, &pacer, is_first);
	if (!is_first) {
		*report = put_tree(place);
		assert_int_equal(compare_with_tree(place), 1);
	}
	repository_close(place->repository);
	store_free(place->store);
	http_close(http);
	_exit(0);
}

/* Each part once: on a machine that stood still, one may have been tried again. */
static uint64_t count_sent(struct scripted *server)
{
	uint64_t of_part[PARTS + 2] = { 0 }, sum = 0;

	for (size_t i = 0; i < scripted_request_count(server); i++) {
		const struct scripted_request *request = scripted_request_at(server, i);
		const char *at = strstr(request->target, "partNumber=");
		unsigned long number = at ? strtoul(at + strlen("partNumber="), NULL, 10) : 0;

		assert_in_range(number, 0, PARTS + 1);
		if (at)
			of_part[number] = request->body_len;
	}
	for (unsigned i = 0; i < PARTS + 2; i++)
		sum += of_part[i];
	return sum;
}

/* With a rule that holds a reply: the process is killed when it is held. It begins before the
 * server's threads do: one of them might hold a lock of the allocator, which nobody in the child
 * would ever let go. */
static void run(const struct scripted_rule *held, bool is_first)
{
	struct scripted_options served = { .rules = held,
					   .rule_count = held != NULL,
					   .serve = s3_fake_serve,
					   .state = &fake,
					   .keeps_bodies = true };
	struct scripted *server;
	int status, tell[2];
	pid_t child;

	assert_int_equal(pipe(tell), 0);
	child = fork();
	assert_true(child >= 0);
	if (!child)
		put_and_compare(tell[0], is_first);
	server = scripted_open(&served);
	assert_int_equal(write(tell[1], scripted_url(server), strlen(scripted_url(server))),
			 strlen(scripted_url(server)));
	close(tell[0]);
	close(tell[1]);
	if (held) {
		scripted_await_held(server, 1);
		kill(child, SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (held)
		assert_true(WIFSIGNALED(status));
	else
		assert_int_equal(status, 0);
	scripted_release(server);
	sent_bytes = count_sent(server);
	scripted_close(server);
}

static void kill_at_part(unsigned number)
{
	char path[64];
	struct scripted_rule held = { .method = "PUT",
				      .path = path,
				      .reply = { .fault = SCRIPTED_HOLD_HEAD } };

	snprintf(path, sizeof(path), "*partNumber=%u&*", number);
	run(&held, false);
}

/* --- a place --------------------------------------------------------------------------------- */

static int set_up(void **state)
{
	(void)state;
	place = calloc(1, sizeof(*place));
	report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	assert_true(place && report != MAP_FAILED);
	snprintf(place->tree, sizeof(place->tree), "/tmp/muster-put-tree-XXXXXX");
	snprintf(place->cache, sizeof(place->cache), "/tmp/muster-put-cache-XXXXXX");
	assert_non_null(mkdtemp(place->tree));
	assert_non_null(mkdtemp(place->cache));
	run(NULL, true);
	run_shell("head -c %u /dev/urandom > '%s/large'", FILE_BYTES, place->tree);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	run_shell("rm -rf '%s' '%s'", place->tree, place->cache);
	munmap(report, sizeof(*report));
	free(place);
	s3_fake_release(&fake);
	memset(&fake, 0, sizeof(fake));
	return 0;
}

static unsigned count_keys(const char *prefix)
{
	unsigned count = 0;

	for (size_t i = 0; i < fake.object_count; i++)
		count += strncmp(fake.objects[i].key, prefix, strlen(prefix)) == 0;
	return count;
}

/* Not a file at all: the journal, by its name. */
static const char *find_journal(void)
{
	static char found[128];
	char pattern[96];
	glob_t all;

	snprintf(pattern, sizeof(pattern), "%s/uploads/*.upload", place->cache);
	if (glob(pattern, 0, NULL, &all))
		return NULL;
	assert_int_equal(all.gl_pathc, 1);
	snprintf(found, sizeof(found), "%s", all.gl_pathv[0]);
	globfree(&all);
	return found;
}

/* All is there once, and nothing is left. */
static void check_end(unsigned pack_count)
{
	assert_true(report->is_new);
	assert_int_equal(count_keys("packs/"), pack_count);
	assert_int_equal(s3_fake_uploads(&fake), 0);
	assert_null(find_journal());
}

static void flip(uint64_t at)
{
	char path[128];
	uint8_t byte;
	int fd;

	snprintf(path, sizeof(path), "%s/large", place->tree);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, (off_t)at), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
	close(fd);
}

/* --- tests ----------------------------------------------------------------------------------- */

static void killed_at(unsigned number)
{
	unsigned least = number > IN_FLIGHT ? number - IN_FLIGHT : 0;

	kill_at_part(number);
	assert_int_equal(s3_fake_uploads(&fake), 1);
	assert_non_null(find_journal());
	run(NULL, false);
	/* Parts are noted in their order: those before the one whose reply was held. */
	assert_in_range(report->continued_bytes, least * (uint64_t)PART,
			(number - 1) * (uint64_t)PART);
	assert_int_equal(report->continued_uploads, report->continued_bytes > 0);
	/* The pack is the file, a block before it and a block behind it. */
	assert_in_range(sent_bytes + report->continued_bytes, FILE_BYTES + 4096,
			FILE_BYTES + 3 * 4096);
	assert_int_equal(report->ignored_uploads, 0);
	check_end(1);
}

static void killed_at_the_first_part(void **state)
{
	(void)state;
	killed_at(1);
}

static void killed_in_the_middle(void **state)
{
	(void)state;
	killed_at(6);
}

static void killed_at_the_last_part(void **state)
{
	(void)state;
	killed_at(PARTS + 1); /* the directory */
}

static void killed_twice(void **state)
{
	(void)state;
	kill_at_part(6);
	kill_at_part(9);
	run(NULL, false);
	assert_true(report->continued_bytes >= (9 - IN_FLIGHT) * (uint64_t)PART);
	check_end(1);
}

static void of_a_file_that_changed_only_equal_parts_are_kept(void **state)
{
	(void)state;
	kill_at_part(9);
	flip(77);		  /* the first part */
	flip(3 * (uint64_t)PART); /* one in the middle */
	run(NULL, false);
	assert_true(report->continued_bytes >= (9 - IN_FLIGHT - 2) * (uint64_t)PART);
	assert_true(report->continued_bytes <= (9 - 1 - 2) * (uint64_t)PART);
	check_end(1);
}

static void an_upload_that_became_a_pack_is_adopted(void **state)
{
	static const struct scripted_rule held = { .method = "POST",
						   .path = "*packs/*uploadId=*",
						   .reply = { .fault = SCRIPTED_HOLD_HEAD } };

	(void)state;
	run(&held, false);
	assert_int_equal(count_keys("packs/"), 1);
	run_shell("rm -rf '%s/trees'", place->cache); /* which knows the session that died, too */
	run(NULL, false);
	assert_int_equal(sent_bytes, 0);
	assert_int_equal(report->packed_blobs, 0);
	assert_int_equal(report->shared_blobs, 1);
	check_end(1);
}

static void an_upload_that_is_gone_begins_anew(void **state)
{
	(void)state;
	kill_at_part(6);
	free(fake.uploads[0].parts);
	fake.upload_count = 0;
	run(NULL, false);
	assert_int_equal(report->continued_uploads, 0);
	check_end(1);
}

static void a_session_that_has_ended_is_not_continued(void **state)
{
	(void)state;
	kill_at_part(6);
	for (size_t i = 0; i < fake.object_count;) { /* as gc leaves it */
		if (strncmp(fake.objects[i].key, "sessions/", 9) == 0)
			memmove(fake.objects + i, fake.objects + i + 1,
				(--fake.object_count - i) * sizeof(*fake.objects));
		else
			i++;
	}
	run(NULL, false);
	assert_int_equal(report->continued_uploads, 0);
	assert_int_equal(report->ignored_uploads, 1);
	check_end(1);
}

static void who_lives_keeps_its_upload(void **state)
{
	int fd;

	(void)state;
	kill_at_part(6);
	fd = open(find_journal(), O_RDWR | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	run(NULL, false);
	assert_int_equal(report->continued_uploads, 0);
	assert_int_equal(report->ignored_uploads, 1);
	assert_int_equal(s3_fake_uploads(&fake), 1);
	assert_non_null(find_journal());
	close(fd);
}

static void a_damaged_journal_is_ignored(void **state)
{
	uint8_t byte = 0;
	int fd;

	(void)state;
	kill_at_part(6);
	fd = open(find_journal(), O_RDWR | O_CLOEXEC);
	assert_int_equal(pwrite(fd, &byte, 1, 40), 1);
	close(fd);
	run(NULL, false);
	assert_int_equal(report->continued_uploads, 0);
	assert_int_equal(report->ignored_uploads, 1);
	assert_int_equal(s3_fake_uploads(&fake), 1); /* nobody knows of it */
}

static void after_a_week_it_is_given_up(void **state)
{
	struct timespec old[2] = { { .tv_sec = 1000000 }, { .tv_sec = 1000000 } };

	(void)state;
	kill_at_part(6);
	assert_int_equal(utimensat(AT_FDCWD, find_journal(), old, 0), 0);
	run_shell("rm '%s/large' && echo x > '%s/small'", place->tree, place->tree);
	run(NULL, false);
	check_end(1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(killed_twice),
		TEST(of_a_file_that_changed_only_equal_parts_are_kept),
		TEST(killed_at_the_first_part),
		TEST(killed_in_the_middle),
		TEST(killed_at_the_last_part),
		TEST(an_upload_that_became_a_pack_is_adopted),
		TEST(an_upload_that_is_gone_begins_anew),
		TEST(a_session_that_has_ended_is_not_continued),
		TEST(who_lives_keeps_its_upload),
		TEST(a_damaged_journal_is_ignored),
		TEST(after_a_week_it_is_given_up),
	};

	size_t count = sizeof(tests) / sizeof(tests[0]);

	/* All threads are at work in the first two, and each takes ThreadSanitizer ten seconds. */
	return _cmocka_run_group_tests("tests", tests, TORTURE_STEP > 1 ? 2 : count, NULL, NULL);
}
