/* One exchange, one attempt: what is sent, what comes back, and what is refused of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/io/http/lab.h"

static struct lab lab;
static struct ask ask;

static void a_get_brings_status_headers_and_body(void **state)
{
	static const struct scripted_rule rules[] = { {
		.path = "/a%20b//../c?x=1&y=%2F",
		.reply = { .status = 200,
			   .headers = "ETag: \"e1\"\r\n",
			   .body = "hello",
			   .body_len = 5 },
	} };

	(void)state;
	lab_init(&lab);
	LAB_OPEN(&lab, rules);
	ask_init(&ask, &lab, "/a%20b//../c?x=1&y=%2F");
	ask.header = "Authorization";
	ask.value = "secret";
	assert_int_equal(ask_perform(&ask), MUSTER_OK);
	assert_int_equal(ask.status, 200);
	assert_int_equal(ask.attempt, 1);
	assert_int_equal(ask.body_bytes, 5);
	assert_memory_equal(ask.body, "hello", 5);
	assert_string_equal(ask.etag, "\"e1\"");
	assert_string_equal(lab_sent(&lab, 0, "authorization"), "secret");
	assert_string_equal(lab_sent(&lab, 0, "expect"), "");
	assert_string_equal(lab_sent(&lab, 0, "user-agent"), "muster");
	lab_close(&lab);
}

static void every_method_is_sent_with_its_body(void **state)
{
	static const struct {
		enum http_method method;
		const char *name, *body, *length;
	} cases[] = {
		{ HTTP_GET, "GET", "", "" },	   { HTTP_HEAD, "HEAD", "", "" },
		{ HTTP_PUT, "PUT", "12345", "5" }, { HTTP_PUT, "PUT", "", "0" },
		{ HTTP_POST, "POST", "123", "3" }, { HTTP_POST, "POST", "", "0" },
		{ HTTP_DELETE, "DELETE", "", "" },
	};
	static const struct scripted_rule rules[] = {
		{ .method = "HEAD", .reply = { .status = 200, .declared_len = 77 } },
		{ .reply = { .status = 204 } },
	};
	struct http_counts counts;

	(void)state;
	lab_init(&lab);
	lab.served.keeps_bodies = true;
	LAB_OPEN(&lab, rules);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct scripted_request *request;

		ask_init(&ask, &lab, "/k");
		ask.exchange.request.method = cases[i].method;
		ask.exchange.request.body = view_text(cases[i].body);
		assert_int_equal(ask_perform(&ask), MUSTER_OK);
		request = scripted_request_at(lab.server, i);
		assert_string_equal(request->method, cases[i].name);
		assert_int_equal(request->body_len, strlen(cases[i].body));
		if (request->body_len)
			assert_memory_equal(request->body, cases[i].body, request->body_len);
		assert_string_equal(lab_sent(&lab, i, "content-length"), cases[i].length);
		assert_string_equal(lab_sent(&lab, i, "transfer-encoding"), "");
		assert_string_equal(lab_sent(&lab, i, "content-type"), "");
		assert_string_equal(lab_sent(&lab, i, "expect"), "");
	}
	http_counts(lab.http, &counts);
	assert_int_equal(counts.requests[HTTP_PUT], 2);
	assert_int_equal(counts.requests[HTTP_GET], 1);
	assert_int_equal(counts.sent_bytes, 8);
	assert_int_equal(counts.connections, 1); /* all on the same one */
	assert_int_equal(counts.exchanges, sizeof(cases) / sizeof(cases[0]));
	assert_int_equal(scripted_connection_count(lab.server), 1);
	lab_close(&lab);
}

static void a_large_body_goes_whole_and_expects_if_told(void **state)
{
	static const struct scripted_rule rules[] = { { .reply = { .status = 200 } } };
	static uint8_t body[3 << 20];

	(void)state;
	for (size_t i = 0; i < sizeof(body); i++)
		body[i] = (uint8_t)(i * 7 + (i >> 12));
	lab_init(&lab);
	lab.served.keeps_bodies = true;
	LAB_OPEN(&lab, rules);
	for (unsigned expects = 0; expects < 2; expects++) {
		ask_init(&ask, &lab, "/k");
		ask.exchange.request.method = HTTP_PUT;
		ask.exchange.request.body = view_of(body, sizeof(body));
		ask.exchange.request.expects_continue = expects;
		assert_int_equal(ask_perform(&ask), MUSTER_OK);
		assert_int_equal(scripted_request_at(lab.server, expects)->body_len, sizeof(body));
		assert_memory_equal(scripted_request_at(lab.server, expects)->body, body,
				    sizeof(body));
		assert_string_equal(lab_sent(&lab, expects, "expect"),
				    expects ? "100-continue" : "");
		assert_int_equal(ask.status, 200);
	}
	assert_int_equal(lab_report(&lab, 0).byte_count, sizeof(body));
	lab_close(&lab);
}

static void a_body_goes_to_where_it_is_wanted_and_never_past_it(void **state)
{
	static const struct {
		size_t body_len, cap;
		bool is_exact, is_chunked;
		enum muster_code code;
	} cases[] = {
		{ 10, 10, true, false, MUSTER_OK },	 { 9, 10, false, false, MUSTER_OK },
		{ 9, 10, true, false, MUSTER_E_FORMAT }, { 11, 10, false, false, MUSTER_E_FORMAT },
		{ 11, 10, true, true, MUSTER_E_FORMAT }, { 10, 10, true, true, MUSTER_OK },
		{ 9, 10, true, true, MUSTER_E_FORMAT },	 { 0, 10, false, false, MUSTER_OK },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scripted_rule rule = {
			.reply = { .status = 206,
				   .body = "0123456789A",
				   .body_len = cases[i].body_len,
				   .fault = cases[i].is_chunked ? SCRIPTED_CHUNKED : SCRIPTED_WELL,
				   .at = 3 }
		};
		uint8_t out[12] = "............";

		lab_init(&lab);
		lab_open(&lab, &rule, 1);
		ask_init(&ask, &lab, "/k");
		ask.exchange.request.out = out;
		ask.exchange.request.out_cap = cases[i].cap;
		ask.exchange.request.is_exact = cases[i].is_exact;
		assert_int_equal(ask_perform(&ask), cases[i].code);
		assert_int_equal(out[10], '.');
		if (!cases[i].code) {
			assert_int_equal(ask.body_bytes, cases[i].body_len);
			assert_memory_equal(out, "0123456789", cases[i].body_len);
			assert_int_equal(ask.body_len, 0);
		}
		lab_close(&lab);
	}
}

static void collecting_has_a_maximum(void **state)
{
	static char body[HTTP_REPLY_TEXT_MAX_BYTES + 1];
	static const struct {
		size_t len, max;
		unsigned status;
		enum muster_code code;
	} cases[] = {
		{ sizeof(body) - 1, 0, 200, MUSTER_OK },   { sizeof(body), 0, 200, MUSTER_E_LIMIT },
		{ 101, 100, 200, MUSTER_E_LIMIT },	   { 100, 100, 200, MUSTER_OK },
		{ sizeof(body), 100, 404, MUSTER_ABSENT },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scripted_rule rule = { .reply = { .status = cases[i].status,
							 .body = body,
							 .body_len = cases[i].len } };

		lab_init(&lab);
		lab_open(&lab, &rule, 1);
		ask_init(&ask, &lab, "/k");
		ask.exchange.request.collect_max = cases[i].max;
		assert_int_equal(ask_perform(&ask), cases[i].code);
		lab_close(&lab);
	}
}

static void statuses_that_are_wanted_can_be_named(void **state)
{
	static const struct scripted_rule rules[] = { {
		.reply = { .status = 200, .body = "whole object", .body_len = 12 },
	} };
	uint8_t out[12] = "............";

	(void)state;
	lab_init(&lab);
	LAB_OPEN(&lab, rules);
	ask_init(&ask, &lab, "/k");
	ask.exchange.request.out = out;
	ask.exchange.request.out_cap = sizeof(out);
	ask.exchange.request.success[0] = 206;
	ask_perform(&ask);
	assert_int_equal(out[0], '.'); /* its body is text to its user */
	assert_int_equal(ask.body_len, 12);
	lab_close(&lab);
}

static void redirects_are_told_and_not_followed(void **state)
{
	static const unsigned statuses[] = { 301, 302, 307, 308 };

	(void)state;
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		struct scripted_rule rule = { .reply = { .status = statuses[i],
							 .headers = "Location: /elsewhere\r\n",
							 .body = "<Region>",
							 .body_len = 8 } };

		lab_init(&lab);
		lab_open(&lab, &rule, 1);
		ask_init(&ask, &lab, "/k");
		assert_int_equal(ask_perform(&ask), MUSTER_E_IO);
		assert_int_equal(ask.status, statuses[i]);
		assert_int_equal(ask.body_len, 8);
		assert_int_equal(scripted_request_count(lab.server), 1);
		lab_close(&lab);
	}
}

static void errors_name_method_and_path_but_no_secret(void **state)
{
	static const struct scripted_rule rules[] = {
		{ .path = "/reset*", .reply = { .fault = SCRIPTED_RESET_BEFORE } },
		{ .path = "/cut*",
		  .reply = { .status = 200,
			     .body = "0123456789",
			     .body_len = 10,
			     .fault = SCRIPTED_CUT_BODY,
			     .at = 3 } },
		{ .path = "/lines*",
		  .reply = { .fault = SCRIPTED_RAW,
			     .status = 200,
			     .body = "nonsense of the secret kind\r\n\r\n",
			     .body_len = 31 } },
		{ .reply = { .status = 403, .body = "secret", .body_len = 6 } },
	};
	static const char *const paths[] = { "/denied/o?sig=secret", "/reset/o?sig=secret",
					     "/cut/o?sig=secret", "/lines/o?sig=secret" };

	(void)state;
	lab_init(&lab);
	LAB_OPEN(&lab, rules);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		ask_init(&ask, &lab, paths[i]);
		ask.header = "Authorization";
		ask.value = "secret";
		assert_int_equal(ask_perform(&ask), MUSTER_E_IO);
		assert_null(strstr(ask.error.message, "secret"));
		assert_null(strstr(ask.error.message, "sig"));
		assert_non_null(strstr(ask.error.message, "GET 127.0.0.1:"));
		assert_non_null(strstr(ask.error.message, "/o: "));
		assert_int_not_equal(ask.error.sys_errno, 0);
	}
	lab_close(&lab);
}

static void wrong_framing_is_refused(void **state)
{
	static const struct {
		const char *reply;
		enum muster_code code;
	} cases[] = {
		{ "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
		  MUSTER_E_IO },
		{ "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nabc", MUSTER_E_IO },
		{ "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nabc", MUSTER_E_IO },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", MUSTER_E_IO },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef", MUSTER_OK }, /* 3 count */
		{ "HTTP/1.1 200 OK\r\n\r\nabc", MUSTER_OK }, /* until it closes */
		{ "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
		  MUSTER_OK },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
		  MUSTER_E_IO },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
		  MUSTER_OK },
		{ "abc", MUSTER_E_IO }, /* HTTP/0.9 */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scripted_rule rule = { .reply = { .status = 200,
							 .fault = SCRIPTED_RAW,
							 .body = cases[i].reply,
							 .body_len = strlen(cases[i].reply) } };

		lab_init(&lab);
		lab_open(&lab, &rule, 1);
		ask_init(&ask, &lab, "/k");
		assert_int_equal(ask_perform(&ask), cases[i].code);
		if (!cases[i].code) {
			assert_int_equal(ask.body_len, 3);
			assert_memory_equal(ask.body, "abc", 3);
		}
		lab_close(&lab);
	}
}

static void a_header_that_is_too_large_is_refused(void **state)
{
	static char text[HTTP_REPLY_HEAD_MAX_BYTES + 100];

	(void)state;
	for (unsigned over = 0; over < 2; over++) {
		size_t len = HTTP_REPLY_HEAD_MAX_BYTES + 50 - (over ? 0 : 200);
		struct scripted_rule rule = {
			.reply = { .status = 200, .fault = SCRIPTED_RAW, .body = text }
		};

		memset(text, 'v', sizeof(text));
		memcpy(text, "HTTP/1.1 204 OK\r\nx: ", 20);
		memcpy(text + len, "\r\n\r\n", 4);
		rule.reply.body_len = len + 4;
		lab_init(&lab);
		lab_open(&lab, &rule, 1);
		ask_init(&ask, &lab, "/k");
		assert_int_equal(ask_perform(&ask), over ? MUSTER_E_LIMIT : MUSTER_OK);
		lab_close(&lab);
	}
}

static enum muster_code prepare_wrongly(void *state, unsigned attempt, struct http_head *head,
					struct muster_error *err)
{
	(void)attempt;
	switch (*(int *)state) {
	case 0:
		return muster_fail(err, MUSTER_E_NAME, "no credentials");
	case 1:
		http_head_url(head, VIEW_LITERAL("gopher://h/"));
		return MUSTER_OK;
	default:
		return MUSTER_OK; /* no URL */
	}
}

static void what_cannot_be_prepared_is_not_sent(void **state)
{
	static const struct http_ops ops = { .prepare = prepare_wrongly };
	static const enum muster_code codes[] = { MUSTER_E_NAME, MUSTER_E_USAGE, MUSTER_E_USAGE };

	(void)state;
	lab_init(&lab);
	lab_open(&lab, NULL, 0);
	for (int i = 0; i < 3; i++) {
		struct http_exchange exchange = { .ops = &ops,
						  .state = &i,
						  .request.pacer = &lab.pacer.pacer };
		struct muster_error error = { 0 };

		assert_int_equal(http_perform(lab.http, &exchange, &error), codes[i]);
		assert_int_equal(error.code, codes[i]);
	}
	assert_int_equal(scripted_connection_count(lab.server), 0);
	lab_close(&lab);
}

static void tls_trusts_only_whom_it_is_told(void **state)
{
	static const struct scripted_rule rules[] = { {
		.reply = { .status = 200, .body = "sealed", .body_len = 6 },
	} };

	(void)state;
	for (unsigned trusts = 0; trusts < 2; trusts++) {
		lab_init(&lab);
		lab.served.is_tls = true;
		lab.served.rules = rules;
		lab.served.rule_count = 1;
		lab.server = scripted_open(&lab.served);
		if (trusts)
			lab.options.ca_file = scripted_ca_file(lab.server);
		lab.pacer.tries = 3;
		assert_int_equal(http_open(&lab.http, &lab.options, NULL), MUSTER_OK);
		ask_init(&ask, &lab, "/k");
		assert_int_equal(ask_perform(&ask), trusts ? MUSTER_OK : MUSTER_E_IO);
		assert_int_equal(scripted_request_count(lab.server), trusts);
		assert_int_equal(lab.pacer.shared.ended,
				 1); /* who is not trusted, is not asked again */
		if (trusts)
			assert_memory_equal(ask.body, "sealed", 6);
		else
			assert_non_null(strstr(ask.error.message, "certificate"));
		lab_close(&lab);
	}
}

static char other_url[64];

static enum muster_code prepare_other(void *state, unsigned attempt, struct http_head *head,
				      struct muster_error *err)
{
	(void)state;
	(void)attempt;
	(void)err;
	http_head_url(head, view_text(other_url));
	return MUSTER_OK;
}

static void who_does_not_listen_is_named(void **state)
{
	static const struct http_ops ops = { .prepare = prepare_other };
	struct http_exchange exchange = { .ops = &ops, .request.pacer = &lab.pacer.pacer };
	struct scripted_options nothing = { 0 };
	struct scripted *closed = scripted_open(&nothing);
	struct muster_error error = { 0 };

	(void)state;
	snprintf(other_url, sizeof(other_url), "%s/k", scripted_url(closed));
	scripted_close(closed);
	lab_init(&lab);
	lab_open(&lab, NULL, 0);
	assert_int_equal(http_perform(lab.http, &exchange, &error), MUSTER_E_IO);
	assert_int_equal(error.sys_errno, ECONNREFUSED);
	assert_non_null(strstr(error.message, "GET 127.0.0.1:"));
	assert_int_equal(lab_report(&lab, 0).outcome, PACER_FAILED);
	lab_close(&lab);
}

static void names_are_looked_up(void **state)
{
	static const struct scripted_rule rules[] = { { .reply = { .status = 200 } } };
	static const struct http_ops ops = { .prepare = prepare_other };
	struct http_exchange exchanges[8];

	(void)state;
	lab_init(&lab);
	LAB_OPEN(&lab, rules);
	/* Where it is ::1, too, the first address refuses. */
	snprintf(other_url, sizeof(other_url), "http://localhost%s/k",
		 strrchr(scripted_url(lab.server), ':'));
	for (size_t i = 0; i < 8; i++) {
		exchanges[i] =
			(struct http_exchange){ .ops = &ops, .request.pacer = &lab.pacer.pacer };
		assert_int_equal(http_perform(lab.http, &exchanges[i], NULL), MUSTER_OK);
	}
	assert_int_equal(scripted_connection_count(lab.server), 1);
	lab_close(&lab);
}

static enum muster_code prepare_for_proxy(void *state, unsigned attempt, struct http_head *head,
					  struct muster_error *err)
{
	(void)state;
	(void)attempt;
	(void)err;
	http_head_url(head, VIEW_LITERAL("http://store.invalid/k"));
	return MUSTER_OK;
}

static void a_proxy_of_the_environment_is_used_unless_avoided(void **state)
{
	static const struct scripted_rule rules[] = { { .reply = { .status = 200 } } };
	static const struct http_ops ops = { .prepare = prepare_for_proxy };

	(void)state;
	for (unsigned avoids = 0; avoids < 3; avoids++) {
		struct http_exchange exchange = { .ops = &ops,
						  .request.pacer = &lab.pacer.pacer,
						  .request.avoids_proxies = avoids == 1 };

		lab_init(&lab);
		lab.options.ignores_proxies = avoids == 2;
		LAB_OPEN(&lab, rules);
		assert_int_equal(setenv("http_proxy", scripted_url(lab.server), 1), 0);
		assert_int_equal(http_perform(lab.http, &exchange, NULL),
				 avoids ? MUSTER_E_IO : MUSTER_OK);
		assert_int_equal(unsetenv("http_proxy"), 0);
		if (!avoids)
			assert_string_equal(scripted_request_at(lab.server, 0)->target,
					    "http://store.invalid/k");
		assert_int_equal(scripted_request_count(lab.server), !avoids);
		lab_close(&lab);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_get_brings_status_headers_and_body),
		cmocka_unit_test(every_method_is_sent_with_its_body),
		cmocka_unit_test(a_large_body_goes_whole_and_expects_if_told),
		cmocka_unit_test(a_body_goes_to_where_it_is_wanted_and_never_past_it),
		cmocka_unit_test(collecting_has_a_maximum),
		cmocka_unit_test(statuses_that_are_wanted_can_be_named),
		cmocka_unit_test(redirects_are_told_and_not_followed),
		cmocka_unit_test(errors_name_method_and_path_but_no_secret),
		cmocka_unit_test(wrong_framing_is_refused),
		cmocka_unit_test(a_header_that_is_too_large_is_refused),
		cmocka_unit_test(what_cannot_be_prepared_is_not_sent),
		cmocka_unit_test(tls_trusts_only_whom_it_is_told),
		cmocka_unit_test(who_does_not_listen_is_named),
		cmocka_unit_test(names_are_looked_up),
		cmocka_unit_test(a_proxy_of_the_environment_is_used_unless_avoided),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
