/* Requests, files and child processes on the way to credentials. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "io/cloud/command.h"
#include "io/cloud/errand.h"
#include "tests/io/cloud/keys_lab.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct keys_lab lab;
static struct errand errand;

static void begin(const struct scripted_rule *rules, size_t count)
{
	lab_open(&lab, rules, count);
	assert_int_equal(errand_init(&errand, lab.http, &lab.effects, NULL), MUSTER_OK);
}

static void end(void)
{
	errand_release(&errand);
	lab_close(&lab);
}

/* --- commands -------------------------------------------------------------------------------- */

static void a_line_is_split_as_a_shell_would(void **state)
{
	static const struct {
		const char *line, *words[4], *reason;
	} cases[] = {
		{ "a b", { "a", "b" }, NULL },
		{ "  a\t\n b  ", { "a", "b" }, NULL },
		{ "'a b' \"c d\" e\\ f", { "a b", "c d", "e f" }, NULL },
		{ "\"a\\\"b\\\\c\\d\" 'e\\f'", { "a\"b\\c\\d", "e\\f" }, NULL },
		{ "a'b c'd\"\" ''", { "ab cd", "" }, NULL },
		{ "$HOME `x` *;|", { "$HOME", "`x`", "*;|" }, NULL },
		{ "", { NULL }, "empty" },
		{ " \t", { NULL }, "empty" },
		{ "a 'b", { NULL }, "does not end" },
		{ "a \"b\\\"", { NULL }, "does not end" },
		{ "a b\\", { NULL }, "does not end" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct muster_error err = { 0 };
		struct command command;
		size_t at = 0;
		enum muster_code code = command_split(&command, view_text(cases[i].line), &err);

		assert_int_equal(code, cases[i].reason ? MUSTER_E_USAGE : MUSTER_OK);
		for (; !code && cases[i].words[at]; at++)
			assert_string_equal(command.argv[at], cases[i].words[at]);
		assert_null(command.argv[at]);
		if (cases[i].reason)
			assert_non_null(strstr(err.message, cases[i].reason));
		command_release(&command);
	}
}

static void a_command_has_so_many_words_at_most(void **state)
{
	char line[4 * COMMAND_WORDS_MAX] = "";
	struct command command;

	(void)state;
	for (unsigned i = 0; i < COMMAND_WORDS_MAX; i++)
		memcpy(line + (size_t)2 * i, "a ", 3);
	assert_int_equal(command_split(&command, view_text(line), NULL), MUSTER_OK);
	assert_null(command.argv[COMMAND_WORDS_MAX]);
	command_release(&command);
	memcpy(line + (size_t)2 * COMMAND_WORDS_MAX, "a", 2);
	assert_int_equal(command_split(&command, view_text(line), NULL), MUSTER_E_USAGE);
	assert_int_equal(command_split(&command, view_of("a\0b", 3), NULL), MUSTER_E_USAGE);
}

/* --- processes ------------------------------------------------------------------------------- */

static enum muster_code run_script(const char *text, unsigned timeout_ms, struct secret *out,
				   struct muster_error *err)
{
	char path[512];
	char *argv[] = { path, NULL };

	snprintf(path, sizeof(path), "%s", lab_file(&lab, "program", "#!/bin/sh\n%s\n", text));
	return errand_run(&errand, argv, timeout_ms, out, err);
}

static void a_programs_output_is_a_secret_and_its_errors_go_nowhere(void **state)
{
	static const struct {
		const char *script, *reason;
		unsigned timeout_ms;
		enum muster_code code;
	} cases[] = {
		{ "printf hunter2; echo never >&2; test -z \"$(cat)\"", NULL, 0, MUSTER_OK },
		{ "echo hunter2; echo hunter2 >&2; exit 3", "ended with status 3", 0, MUSTER_E_IO },
		{ "kill -9 $$", "ended by signal 9", 0, MUSTER_E_IO },
		{ "echo hunter2; exec sleep 1000", "took too long", 1, MUSTER_E_IO },
		{ "exec >&-; exec sleep 1000", "took too long", 1, MUSTER_E_IO },
		{ "head -c 70000 /dev/zero; exec sleep 1000", "more than 65536 bytes", 0,
		  MUSTER_E_LIMIT },
	};

	(void)state;
	lab_init(&lab);
	begin(NULL, 0);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct muster_error err = { 0 };
		struct secret out = { 0 };

		assert_int_equal(run_script(cases[i].script, cases[i].timeout_ms, &out, &err),
				 cases[i].code);
		lab_is_secret(&out, cases[i].code ? NULL : LAB_SECRET);
		if (cases[i].code)
			assert_non_null(strstr(err.message, cases[i].reason));
		lab_is_discreet(&err);
		secret_release(&out);
	}
	end();
}

static void a_program_that_is_not_there_is_absent(void **state)
{
	char name[] = "muster-no-such-program";
	char *argv[] = { name, NULL };
	struct secret out = { 0 };

	(void)state;
	lab_init(&lab);
	begin(NULL, 0);
	assert_int_equal(errand_run(&errand, argv, 0, &out, NULL), MUSTER_ABSENT);
	end();
}

static void cancelling_ends_a_program(void **state)
{
	struct muster_error err = { 0 };
	struct secret out = { 0 };

	(void)state;
	lab_init(&lab);
	begin(NULL, 0);
	errand_cancel(&errand);
	assert_int_equal(run_script("exec sleep 1000", 0, &out, &err), MUSTER_E_CANCELLED);
	end();
}

/* --- files ----------------------------------------------------------------------------------- */

static void files_are_read_whole_and_trimmed_where_they_are_tokens(void **state)
{
	struct muster_error err = { 0 };
	struct secret secret = { 0 };
	struct bytes text, path = { 0 };
	const char *file;

	(void)state;
	lab_init(&lab);
	begin(NULL, 0);
	file = lab_file(&lab, "a", "\n hunter2 \r\n");
	assert_int_equal(errand_read(&text, view_text(file), NULL), MUSTER_OK);
	assert_true(view_equal(bytes_view(&text), VIEW_LITERAL("\n hunter2 \r\n")));
	secret_scrub(&text);
	assert_int_equal(errand_read_secret(&secret, view_text(file), NULL), MUSTER_OK);
	lab_is_secret(&secret, LAB_SECRET);
	assert_int_equal(errand_path(&errand, &path, VIEW_LITERAL("~/a"), NULL), MUSTER_OK);
	assert_true(view_equal(bytes_view(&path), view_text(file)));
	bytes_release(&path);

	assert_int_equal(errand_read(&text, VIEW_LITERAL("/no/such"), NULL), MUSTER_ABSENT);
	assert_int_equal(errand_read_secret(&secret, VIEW_LITERAL("/no/such"), &err), MUSTER_E_IO);
	assert_string_equal(err.message, "open '/no/such': No such file or directory");
	assert_int_equal(errand_read_secret(&secret, view_text(lab_file(&lab, "a", " \n")), &err),
			 MUSTER_E_FORMAT);
	assert_int_equal(errand_read(&text, view_text(lab.home), &err), MUSTER_E_IO);
	assert_int_equal(errand_read(&text, VIEW_LITERAL("/dev/zero"), &err), MUSTER_E_LIMIT);
	secret_release(&secret);
	end();
}

/* --- requests -------------------------------------------------------------------------------- */

static enum muster_code ask(struct errand_ask *request, struct errand_reply *reply,
			    struct muster_error *err)
{
	struct bytes url = { 0 };
	enum muster_code code;

	assert_int_equal(bytes_printf(&url, NULL, "%s/x", lab_url(&lab)), MUSTER_OK);
	request->url = bytes_view(&url);
	code = errand_ask(&errand, request, reply, err);
	bytes_release(&url);
	return code;
}

static void a_request_carries_its_secrets_and_gives_the_answer(void **state)
{
	static const struct scripted_rule rules[] = {
		{ .reply = { .status = 200,
			     .headers = "A: b\r\n",
			     .body = "answer",
			     .body_len = 6 } },
	};
	struct secret body = { 0 }, token = { 0 };
	struct errand_ask request = {
		.method = HTTP_POST,
		.body = &body,
		.proof_name = "A",
		.proof_value = "b",
		.headers = { { .name = "Authorization", .prefix = "Bearer ", .secret = &token },
			     { .name = "X", .value = VIEW_LITERAL("y") } },
	};
	struct errand_reply reply;

	(void)state;
	lab_init(&lab);
	begin(rules, COUNT(rules));
	assert_int_equal(secret_set(&body, VIEW_LITERAL("a=1"), NULL), MUSTER_OK);
	assert_int_equal(secret_set(&token, VIEW_LITERAL(LAB_SECRET), NULL), MUSTER_OK);
	assert_int_equal(ask(&request, &reply, NULL), MUSTER_OK);
	assert_int_equal(reply.status, 200);
	lab_is_secret(&reply.body, "answer");
	errand_reply_release(&reply);
	lab_sent_target(&lab, 0, "POST", "/x");
	lab_sent_header(&lab, 0, "authorization", "Bearer hunter2");
	lab_sent_header(&lab, 0, "x", "y");
	lab_sent_body(&lab, 0, "a=1");
	secret_release(&token);
	secret_release(&body);
	end();
}

static void a_refusal_is_told_without_what_was_sent(void **state)
{
	static const struct {
		unsigned status;
		const char *body, *message;
	} cases[] = {
		{ 400, "{\"error\":\"invalid_grant\",\"error_description\":\"Bad Request\"}",
		  "the server answers 400: invalid_grant: Bad Request" },
		{ 401,
		  "{\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000215: Invalid "
		  "client secret provided. Trace ID: hunter3\"}",
		  "invalid_client: AADSTS7000215: Invalid client secret provided" },
		{ 403,
		  "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>The request "
		  "signature differs. The Canonical String: x-amz-security-token:hunter2"
		  "</Message></Error></ErrorResponse>",
		  "403: SignatureDoesNotMatch: The request signature differs" },
		{ 400, "{\"error\":\"x\",\"error_description\":\"no such token hunter2\"}",
		  "the server answers 400" },
		{ 400, "{\"error\":\"no hunter4-of-the-body\"}", "the server answers 400" },
		{ 400, "{\"error\":\"no id-of-the-body\"}", "400: no id-of-the-body" },
		{ 404, "<html>hunter2</html>", "the server answers 404" },
		{ 404, "", "the server answers 404" },
	};
	struct secret body = { 0 }, token = { 0 };

	(void)state;
	assert_int_equal(
		secret_set(
			&body,
			VIEW_LITERAL("client_id=id-of-the-body&client_secret=hunter4-of-the-body"),
			NULL),
		MUSTER_OK);
	assert_int_equal(secret_set(&token, VIEW_LITERAL(LAB_SECRET), NULL), MUSTER_OK);
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct scripted_rule rules[] = {
			{ .reply = { .status = cases[i].status,
				     .body = cases[i].body,
				     .body_len = strlen(cases[i].body) } },
		};
		struct errand_ask request = {
			.method = HTTP_POST,
			.body = &body,
			.headers = { { .name = "X", .secret = &token } },
		};
		struct muster_error err = { 0 };
		struct errand_reply reply;

		lab_init(&lab);
		begin(rules, COUNT(rules));
		assert_int_equal(ask(&request, &reply, &err), MUSTER_E_IO);
		assert_int_equal(reply.status, cases[i].status);
		assert_non_null(strstr(err.message, cases[i].message));
		assert_null(strstr(err.message, "hunter4"));
		lab_is_discreet(&err);
		errand_reply_release(&reply);
		end();
	}
	secret_release(&token);
	secret_release(&body);
}

static void a_stranger_in_a_metadata_servers_place_is_refused(void **state)
{
	static const struct scripted_rule rules[] = {
		{ .count = 1, .reply = { .status = 200, .body = LAB_SECRET, .body_len = 7 } },
		{ .reply = { .status = 200, .headers = "Metadata-Flavor: Other\r\n" } },
	};
	struct errand_ask request = { .is_metadata = true,
				      .proof_name = "Metadata-Flavor",
				      .proof_value = "Google" };

	(void)state;
	lab_init(&lab);
	begin(rules, COUNT(rules));
	for (unsigned i = 0; i < 2; i++) {
		struct muster_error err = { 0 };
		struct errand_reply reply;

		assert_int_equal(ask(&request, &reply, &err), MUSTER_E_IO);
		assert_non_null(strstr(err.message, "no metadata server"));
		assert_false(secret_is_set(&reply.body));
	}
	end();
}

static void a_server_that_does_not_answer_is_given_up(void **state)
{
	static const struct scripted_rule rules[] = {
		{ .reply = { .status = 200, .fault = SCRIPTED_HOLD_HEAD } },
	};
	struct errand_ask request = { .is_metadata = true, .timeout_ms = 1000 };
	struct muster_error err = { 0 };
	struct errand_reply reply;

	(void)state;
	lab_init(&lab);
	lab_hurry(&lab);
	begin(rules, COUNT(rules));
	assert_int_equal(ask(&request, &reply, &err), MUSTER_E_IO);
	assert_int_equal(err.sys_errno, ETIMEDOUT);
	assert_int_equal(reply.status, 0);
	scripted_release(lab.server);
	end();
}

static void *cancel_when_held(void *arg)
{
	scripted_await_held(lab.server, 1);
	errand_cancel(arg);
	return NULL;
}

static void cancelling_ends_a_request(void **state)
{
	static const struct scripted_rule rules[] = {
		{ .reply = { .status = 200, .fault = SCRIPTED_HOLD_HEAD } },
	};
	struct errand_ask request = { 0 };
	struct errand_reply reply;
	pthread_t thread;

	(void)state;
	lab_init(&lab);
	begin(rules, COUNT(rules));
	assert_int_equal(pthread_create(&thread, NULL, cancel_when_held, &errand), 0);
	assert_int_equal(ask(&request, &reply, NULL), MUSTER_E_CANCELLED);
	pthread_join(thread, NULL);
	assert_int_equal(ask(&request, &reply, NULL), MUSTER_E_CANCELLED);
	scripted_release(lab.server);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_split_as_a_shell_would),
		cmocka_unit_test(a_command_has_so_many_words_at_most),
		cmocka_unit_test(a_programs_output_is_a_secret_and_its_errors_go_nowhere),
		cmocka_unit_test(a_program_that_is_not_there_is_absent),
		cmocka_unit_test(cancelling_ends_a_program),
		cmocka_unit_test(files_are_read_whole_and_trimmed_where_they_are_tokens),
		cmocka_unit_test(a_request_carries_its_secrets_and_gives_the_answer),
		cmocka_unit_test(a_refusal_is_told_without_what_was_sent),
		cmocka_unit_test(a_stranger_in_a_metadata_servers_place_is_refused),
		cmocka_unit_test(a_server_that_does_not_answer_is_given_up),
		cmocka_unit_test(cancelling_ends_a_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
