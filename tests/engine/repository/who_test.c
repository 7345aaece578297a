#include "engine/repository/who.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "artifact/record/event.h"

static const char *user;

static const char *environment(void *state, const char *name)
{
	(void)state;
	return strcmp(name, "USER") == 0 ? user : NULL;
}

/* What stands before "@host". */
static void assert_user(const char *expected)
{
	const struct effects effects = { .getenv = environment };
	struct bytes out = { 0 };
	char host[256] = "", whole[1024];

	assert_int_equal(who_append(&effects, &out, NULL), MUSTER_OK);
	assert_int_equal(gethostname(host, sizeof(host) - 1), 0);
	snprintf(whole, sizeof(whole), "%s@%.100s", expected, *host ? host : "?");
	assert_int_equal(out.len, strlen(whole));
	assert_memory_equal(out.ptr, whole, out.len);
	assert_true(out.len <= EVENT_BY_MAX_BYTES);
	bytes_release(&out);
}

static void a_user_is_who_the_environment_says(void **state)
{
	char wide[202];

	(void)state;
	user = "ana";
	assert_user("ana");
	user = "a\nb";
	assert_user("a\\x0ab");
	memset(wide, 'x', sizeof(wide) - 1);
	wide[sizeof(wide) - 1] = '\0';
	user = wide;
	wide[100] = '\0';
	assert_user(wide);
	wide[100] = 'x';
	assert_user("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
}

static void where_it_says_nothing_it_is_the_login_name(void **state)
{
	const struct passwd *entry = getpwuid(geteuid());
	char login[128];

	(void)state;
	if (entry)
		snprintf(login, sizeof(login), "%s", entry->pw_name);
	else
		snprintf(login, sizeof(login), "uid-%lu", (unsigned long)geteuid());
	user = NULL;
	assert_user(login);
	user = "";
	assert_user(login);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_user_is_who_the_environment_says),
		cmocka_unit_test(where_it_says_nothing_it_is_the_login_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
