#include "tests/faults/struck.h"

#include <stdio.h>
#include <unistd.h>

#include "io/store/fault.h"
#include "io/store/local.h"

static void die(void *state, const struct store_fault_event *event)
{
	(void)state;
	(void)event;
	_exit(EXIT_STRUCK);
}

static enum muster_code open_store(const char *directory, const struct struck_options *options,
				   struct store **out, struct muster_error *err)
{
	struct store_fault_options fault = {
		.at = options->at, .after = options->after, .act = die, .log_fd = options->log_fd
	};
	struct store *local = NULL;
	enum muster_code code = store_local_open(&local, directory, NULL, err);

	return code ? code : store_fault_new(out, local, &fault, err);
}

enum muster_code struck_open(struct struck *struck, const char *directory,
			     const struct struck_options *options, struct muster_error *err)
{
	enum muster_code code = open_store(directory, options, &struck->store, err);

	if (!code)
		code = repository_open(&struck->repository, struck->store, effects_system(), err);
	if (!code)
		repository_assume_proved(struck->repository); /* at init: a thousand creates */
	return code;
}

void struck_close(struct struck *struck)
{
	repository_close(struck->repository);
	store_free(struck->store);
}

enum muster_code struck_init(const char *directory, struct muster_error *err)
{
	struct store *store = NULL;
	enum muster_code code = store_local_create(directory, err);

	if (!code)
		code = store_local_open(&store, directory, NULL, err);
	if (!code)
		code = repository_init(store, NULL, effects_system(), err);
	store_free(store);
	return code;
}

/* In JSON that needs no escaping because the message has none. */
int struck_say_failure(const struct muster_error *err)
{
	printf("{\"code\": %d, \"message\": \"", err->code);
	for (const char *c = err->message; *c; c++)
		if (*c != '"' && *c != '\\')
			putchar(*c);
	printf("\"}\n");
	return 1;
}
