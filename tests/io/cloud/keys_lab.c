#include "tests/io/cloud/keys_lab.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <ftw.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- effects --------------------------------------------------------------------------------- */

static uint64_t wall_ns(void *state)
{
	struct keys_lab *lab = state;

	return atomic_load(&lab->wall_ns);
}

static uint64_t boot_ns(void *state)
{
	struct keys_lab *lab = state;

	return atomic_load(&lab->boot_ns);
}

static const char *find_env(void *state, const char *name)
{
	struct keys_lab *lab = state;

	for (size_t i = lab->env_count; i-- > 0;) {
		if (strcmp(lab->env[i].name, name) == 0)
			return lab->env[i].value;
	}
	return strcmp(name, "HOME") == 0 ? lab->home : NULL;
}

void lab_env(struct keys_lab *lab, const char *name, const char *format, ...)
{
	va_list args;

	assert_true(lab->env_count < LAB_ENV_MAX);
	snprintf(lab->env[lab->env_count].name, sizeof(lab->env[0].name), "%s", name);
	va_start(args, format);
	vsnprintf(lab->env[lab->env_count].value, sizeof(lab->env[0].value), format, args);
	va_end(args);
	lab->env_count++;
}

void lab_env_clear(struct keys_lab *lab)
{
	lab->env_count = 0;
}

/* --- files ----------------------------------------------------------------------------------- */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

const char *lab_file(struct keys_lab *lab, const char *name, const char *format, ...)
{
	static char path[512];
	va_list args;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", lab->home, name);
	for (char *slash = strchr(path + strlen(lab->home) + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	file = fopen(path, "w");
	assert_non_null(file);
	va_start(args, format);
	vfprintf(file, format, args);
	va_end(args);
	fclose(file);
	chmod(path, 0700);
	return path;
}

/* --- the lab --------------------------------------------------------------------------------- */

void lab_init(struct keys_lab *lab)
{
	const char *base = getenv("TMPDIR");

	memset(lab, 0, sizeof(*lab));
	atomic_store(&lab->wall_ns, LAB_NOW_S * LAB_S);
	atomic_store(&lab->boot_ns, 1000 * LAB_S);
	lab->effects = *effects_system();
	lab->effects.state = lab;
	lab->effects.wall_ns = wall_ns;
	lab->effects.boot_ns = boot_ns;
	lab->effects.getenv = find_env;
	lab->http_options.ignores_proxies = true;
	snprintf(lab->home, sizeof(lab->home), "%s/muster-test-XXXXXX",
		 base && *base ? base : "/tmp");
	assert_non_null(mkdtemp(lab->home));
}

static void *tick(void *arg)
{
	struct keys_lab *lab = arg;

	while (atomic_load(&lab->ticks)) {
		scripted_await_held(lab->server, 1);
		atomic_fetch_add(&lab->boot_ns, LAB_S / 10);
		http_wake(lab->http);
		sched_yield();
	}
	return NULL;
}

void lab_hurry(struct keys_lab *lab)
{
	lab->http_options.effects = &lab->effects;
	atomic_store(&lab->ticks, true);
}

void lab_open(struct keys_lab *lab, const struct scripted_rule *rules, size_t rule_count)
{
	lab->served.rules = rules;
	lab->served.rule_count = rule_count;
	lab->served.keeps_bodies = true;
	lab->server = scripted_open(&lab->served);
	assert_int_equal(http_open(&lab->http, &lab->http_options, NULL), MUSTER_OK);
	if (atomic_load(&lab->ticks))
		assert_int_equal(pthread_create(&lab->ticker, NULL, tick, lab), 0);
}

void lab_close(struct keys_lab *lab)
{
	if (atomic_load(&lab->ticks)) {
		atomic_store(&lab->ticks, false);
		pthread_join(lab->ticker, NULL);
	}
	if (lab->http)
		http_close(lab->http);
	if (lab->server)
		scripted_close(lab->server);
	nftw(lab->home, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *lab_url(struct keys_lab *lab)
{
	return scripted_url(lab->server);
}

/* --- what was asked, and what came of it ----------------------------------------------------- */

void lab_sent_header(struct keys_lab *lab, size_t index, const char *name, const char *value)
{
	char sent[1024] = "";

	assert_true(index < scripted_request_count(lab->server));
	if (!scripted_header(scripted_request_at(lab->server, index), name, sent, sizeof(sent)))
		assert_null(value);
	else
		assert_string_equal(sent, value);
}

void lab_sent_body(struct keys_lab *lab, size_t index, const char *part)
{
	const struct scripted_request *request;

	assert_true(index < scripted_request_count(lab->server));
	request = scripted_request_at(lab->server, index);
	assert_true(request->body_len);
	assert_non_null(memmem(request->body, request->body_len, part, strlen(part)));
}

void lab_sent_target(struct keys_lab *lab, size_t index, const char *method, const char *target)
{
	assert_true(index < scripted_request_count(lab->server));
	assert_string_equal(scripted_request_at(lab->server, index)->method, method);
	assert_string_equal(scripted_request_at(lab->server, index)->target, target);
}

void lab_is_secret(const struct secret *secret, const char *text)
{
	assert_int_equal(secret_is_set(secret), text != NULL);
	if (text)
		assert_string_equal((const char *)secret_reveal(secret).secret_ptr, text);
}

void lab_has_keys(struct keys *keys, const char *id, const char *secret, const char *token)
{
	struct key_set set;

	assert_int_equal(keys_get(keys, &set, NULL), MUSTER_OK);
	assert_true(view_equal(bytes_view(&set.id), view_text(id ? id : "")));
	lab_is_secret(&set.secret, secret);
	lab_is_secret(&set.token, token);
	key_set_release(&set);
}

void lab_is_discreet(const struct muster_error *err)
{
	assert_null(strstr(err->message, LAB_SECRET));
}
