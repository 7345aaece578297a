#include "tests/io/cloud/protocol_lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "tests/support/torture.h"

static uint64_t wall_ns(void *state)
{
	(void)state;
	return 1767225600 * UINT64_C(1000000000);
}

static enum muster_code random_bytes(void *state, void *out, size_t len, struct muster_error *err)
{
	(void)state;
	(void)err;
	memset(out, 0xab, len);
	return MUSTER_OK;
}

static const char *get_env(void *state, const char *name)
{
	(void)state, (void)name;
	return NULL;
}

const struct effects *protocol_lab_effects(void)
{
	static const struct effects effects = {
		.wall_ns = wall_ns, .boot_ns = wall_ns, .random = random_bytes, .getenv = get_env
	};

	return &effects;
}

void protocol_lab_release(struct cloud_call *call)
{
	bytes_release(&call->out.body);
	bytes_release(&call->out.upload);
}

/* --- saying ---------------------------------------------------------------------------------- */

static enum muster_code say(struct cloud_protocol *protocol, struct cloud_call *call,
			    struct http_head *head, struct view *body, struct muster_error *err)
{
	enum muster_code code;

	http_head_init(head);
	*body = call->body;
	code = protocol->ops->make_body ? protocol->ops->make_body(protocol, call, body, err)
					: MUSTER_OK;
	if (!code)
		code = protocol->ops->prepare(protocol, call, head, err);
	return code ? code : head->code;
}

const char *protocol_lab_say(struct cloud_protocol *protocol, struct cloud_call *call)
{
	static char text[16384];
	static struct http_head head;
	struct muster_error error = { 0 };
	enum muster_code code;
	struct view body;
	size_t len;

	code = say(protocol, call, &head, &body, &error);
	if (code) {
		snprintf(text, sizeof(text), "%s: %s", muster_code_name(code), error.message);
		return text;
	}
	len = (size_t)snprintf(text, sizeof(text), "%s %s\n",
			       http_method_name(protocol->ops->method(protocol, call)), head.url);
	for (const struct curl_slist *line = head.lines; line; line = line->next)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s\n", line->data);
	if (body.len)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "\n%.*s", VIEW_ARGS(body));
	assert_true(len < sizeof(text));
	http_head_wipe(&head);
	return text;
}

void protocol_lab_torture(struct cloud_protocol *protocol, const struct cloud_call *const *calls,
			  size_t call_count)
{
	static struct http_head head;

	for (size_t i = 0; i < call_count; i++) {
		for (uint64_t n = 1; torture_allocation(n); n++) {
			struct cloud_call call = *calls[i];
			struct muster_error error = { 0 };
			struct view body;
			enum muster_code code = say(protocol, &call, &head, &body, &error);
			bool is_hit = torture_hit();

			torture_off();
			assert_int_equal(code, is_hit ? MUSTER_E_MEMORY : MUSTER_OK);
			protocol_lab_release(&call);
			if (!is_hit)
				break;
		}
	}
}

/* --- judging --------------------------------------------------------------------------------- */

static void add_lines(struct http_lines *lines, const char *text)
{
	while (text && *text) {
		size_t len = strcspn(text, "\n");

		assert_true(http_lines_add(lines, view_of(text, len)));
		text += len + (text[len] == '\n');
	}
}

struct lab_judgement protocol_lab_judge(struct cloud_protocol *protocol, struct cloud_call *call,
					const struct lab_reply *reply)
{
	struct lab_judgement judgement = { .outcome = PACER_SERVED };
	struct http_lines lines = { 0 };
	struct http_reply http = {
		.method = protocol->ops->method(protocol, call),
		.status = reply->status,
		.attempt = reply->attempt ? reply->attempt : 1,
		.lines = &lines,
	};

	if (reply->body)
		http.body = view_text(reply->body);
	http.body_bytes = http.body.len;
	add_lines(&lines, reply->headers);
	cloud_clock_learn(&protocol->clock, &http, cloud_clock_wall_ns(&protocol->clock));
	judgement.code =
		protocol->ops->judge(protocol, call, &http, &judgement.outcome, &judgement.error);
	return judgement;
}

static void check_case(struct cloud_protocol *protocol, const struct cloud_call *const *calls,
		       const struct judge_case *row, size_t index)
{
	struct cloud_call call = *calls[row->verb];
	struct lab_judgement judged = protocol_lab_judge(protocol, &call, &row->reply);
	bool has_place = strstr(judged.error.message, protocol->place);

	if (judged.code != row->code || judged.outcome != row->outcome ||
	    (muster_failed(row->code) && !has_place) ||
	    (row->message && !strstr(judged.error.message, row->message)))
		fail_msg("case %zu: code %s, outcome %d: %s", index, muster_code_name(judged.code),
			 (int)judged.outcome, judged.error.message);
	if (muster_failed(row->code))
		assert_int_equal(judged.error.code, row->code);
	if (row->code == MUSTER_E_IO)
		assert_int_not_equal(judged.error.sys_errno, 0);
	protocol_lab_release(&call);
}

void protocol_lab_check(struct cloud_protocol *protocol, const struct cloud_call *const *calls,
			const struct judge_case *cases, size_t case_count)
{
	for (size_t i = 0; i < case_count; i++)
		check_case(protocol, calls, &cases[i], i);
}
