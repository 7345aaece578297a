#include "engine/repository/repository.h"

#include <pthread.h>
#include <stdlib.h>

/* What this program can do: a repository that needs more is not touched. None is needed yet. */
static const char *const known_features[] = { "" };

struct settings {
	bool is_made;
	uint8_t id[16];
	enum digest_algorithm algorithm;
	bool has_identity;
	bool can_read, can_write;
	char missing[64]; /* a feature that this program lacks */
};

struct repository {
	struct store *store;
	const struct effects *effects;
	struct settings settings; /* as opened; never changes */

	struct {
		pthread_mutex_t lock;
		bool is_proved;
	} proof;
	struct {
		pthread_mutex_t lock;
		struct log *log;
		struct gc_state state;
		bool is_read;
		uint64_t began_ns; /* boot clock: the last reading that succeeded */
	} gc;
	/* The settings once more: a newer program may have asked for more than this one can. */
	struct {
		pthread_mutex_t lock;
		struct log *log;
		struct settings settings;
		bool is_read;
		uint64_t began_ns;
	} again;
};

static bool is_known(struct view feature)
{
	for (size_t i = 0; i < sizeof(known_features) / sizeof(known_features[0]); i++)
		if (view_equal(feature, view_text(known_features[i])))
			return true;
	return false;
}

static bool are_known(const struct texts *features, struct settings *settings)
{
	for (size_t i = 0; i < features->count; i++) {
		struct view feature = features->items[i];

		if (is_known(feature))
			continue;
		memset(settings->missing, 0, sizeof(settings->missing));
		memcpy(settings->missing, feature.ptr,
		       feature.len < sizeof(settings->missing) ? feature.len
							       : sizeof(settings->missing) - 1);
		return false;
	}
	return true;
}

static void settings_reset(void *state)
{
	*(struct settings *)state = (struct settings){ 0 };
}

static enum muster_code settings_apply(void *state, const struct event *event,
				       struct muster_error *err)
{
	struct settings *settings = state;

	if (event->kind.id == EVENT_UNKNOWN)
		return MUSTER_OK;
	if (event->kind.id != EVENT_CREATE || settings->is_made)
		return muster_fail(err, MUSTER_E_FORMAT, "'%s' has no place here",
				   event_kind_name(event->kind.id));
	if (event->format != REPOSITORY_FORMAT)
		return muster_fail(err, MUSTER_E_UNSUPPORTED,
				   "format %llu is not known to this program",
				   (unsigned long long)event->format);
	settings->is_made = true;
	memcpy(settings->id, event->repository_id, sizeof(settings->id));
	settings->algorithm = (enum digest_algorithm)event->algorithm;
	settings->has_identity = event->identity == IDENTITY_SHA256;
	settings->can_write = are_known(&event->write, settings);
	settings->can_read = are_known(&event->read, settings);
	return MUSTER_OK;
}

static void gc_reset(void *state)
{
	gc_state_release(state);
}

static enum muster_code gc_apply(void *state, const struct event *event, struct muster_error *err)
{
	return gc_state_apply(state, event, err);
}

static enum muster_code note_foreign(void *state, const char *key, uint64_t size_bytes,
				     uint64_t modified_ns, struct muster_error *err)
{
	(void)state;
	(void)size_bytes;
	(void)modified_ns;
	/* What a probe that died has left is our own. */
	if (strncmp(key, KEY_PROBE_PREFIX, strlen(KEY_PROBE_PREFIX)) == 0)
		return MUSTER_OK;
	return muster_fail(err, MUSTER_E_REFUSED, "the place is not empty: it holds '%s'", key);
}

static enum muster_code open_log(struct log **out, struct store *store,
				 const struct effects *effects, const char *name,
				 const struct log_fold *fold, struct muster_error *err)
{
	struct log_options options = {
		.store = store, .effects = effects, .name = name, .fold = *fold
	};

	return log_open(out, &options, err);
}

/* Event 1 of repository/log decides who made the repository. */
static enum muster_code write_settings(struct store *store,
				       const struct repository_options *options,
				       const struct effects *effects, struct muster_error *err)
{
	struct settings settings = { 0 };
	struct log_fold fold = { &settings, settings_reset, settings_apply, NULL, NULL };
	struct event event = {
		.kind.id = EVENT_CREATE,
		.format = REPOSITORY_FORMAT,
		.algorithm = options->algorithm ? options->algorithm : DIGEST_MD5,
		.identity = options->has_identity ? IDENTITY_SHA256 : IDENTITY_NONE,
	};
	struct log *log = NULL;
	enum muster_code code = effects_random(effects, event.repository_id, 16, err);

	if (!code)
		code = open_log(&log, store, effects, KEY_REPOSITORY_LOG, &fold, err);
	if (!code)
		code = log_read(log, err);
	if (!code)
		code = log_head(log) ? MUSTER_EXISTS : log_append(log, &event, NULL, err);
	if (code == MUSTER_EXISTS)
		code = muster_fail(err, MUSTER_E_REFUSED, "the place holds a repository already");
	log_close(log);
	return code;
}

enum muster_code repository_init(struct store *store, const struct repository_options *options,
				 const struct effects *effects, struct muster_error *err)
{
	static const struct repository_options defaults = { 0 };
	enum muster_code code = store_list(store, "", NULL, note_foreign, NULL, err);

	if (!code)
		code = store_prove_create(store, effects, err);
	if (!code)
		code = write_settings(store, options ? options : &defaults, effects, err);
	if (code)
		muster_context(err, "make a repository");
	return code;
}

static enum muster_code check_settings(const struct settings *settings, const struct log *log,
				       struct muster_error *err)
{
	if (!settings->is_made && log_head(log))
		return muster_fail(
			err, MUSTER_E_UNSUPPORTED,
			"the repository was made by something that this program does not know");
	if (!settings->is_made)
		return muster_fail(err, MUSTER_E_NAME, "there is no repository");
	if (!settings->can_read)
		return muster_fail(err, MUSTER_E_UNSUPPORTED,
				   "reading this repository needs the feature '%s'",
				   settings->missing);
	return MUSTER_OK;
}

/* A copy that nobody changes is what is lent. */
static enum muster_code read_settings(struct repository *repository, struct muster_error *err)
{
	enum muster_code code = log_read(repository->again.log, err);

	if (!code)
		code = check_settings(&repository->again.settings, repository->again.log, err);
	repository->settings = repository->again.settings;
	repository->again.is_read = !code;
	repository->again.began_ns = effects_boot_ns(repository->effects);
	return code;
}

static enum muster_code open_logs(struct repository *repository, struct muster_error *err)
{
	struct log_fold again = { &repository->again.settings, settings_reset, settings_apply, NULL,
				  NULL };
	struct log_fold gc = { &repository->gc.state, gc_reset, gc_apply, NULL, NULL };
	enum muster_code code;

	code = open_log(&repository->again.log, repository->store, repository->effects,
			KEY_REPOSITORY_LOG, &again, err);
	if (!code)
		code = open_log(&repository->gc.log, repository->store, repository->effects,
				KEY_GC_LOG, &gc, err);
	return code;
}

enum muster_code repository_open(struct repository **out, struct store *store,
				 const struct effects *effects, struct muster_error *err)
{
	struct repository *repository = calloc(1, sizeof(*repository));
	enum muster_code code;

	*out = NULL;
	if (!repository)
		return muster_fail_memory(err, "a repository");
	repository->store = store;
	repository->effects = effects;
	pthread_mutex_init(&repository->proof.lock, NULL);
	pthread_mutex_init(&repository->gc.lock, NULL);
	pthread_mutex_init(&repository->again.lock, NULL);
	code = open_logs(repository, err);
	if (!code)
		code = read_settings(repository, err);
	if (code) {
		repository_close(repository);
		return code;
	}
	*out = repository;
	return MUSTER_OK;
}

void repository_close(struct repository *repository)
{
	if (!repository)
		return;
	log_close(repository->again.log);
	log_close(repository->gc.log);
	gc_state_release(&repository->gc.state);
	pthread_mutex_destroy(&repository->proof.lock);
	pthread_mutex_destroy(&repository->gc.lock);
	pthread_mutex_destroy(&repository->again.lock);
	free(repository);
}

const uint8_t *repository_id(const struct repository *repository)
{
	return repository->settings.id;
}

struct store *repository_store(const struct repository *repository)
{
	return repository->store;
}

const struct effects *repository_effects(const struct repository *repository)
{
	return repository->effects;
}

enum digest_algorithm repository_algorithm(const struct repository *repository)
{
	return repository->settings.algorithm;
}

bool repository_has_identity(const struct repository *repository)
{
	return repository->settings.has_identity;
}

enum muster_code repository_prove(struct repository *repository, struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	pthread_mutex_lock(&repository->proof.lock);
	if (!repository->proof.is_proved)
		code = store_prove_create(repository->store, repository->effects, err);
	repository->proof.is_proved = !code;
	pthread_mutex_unlock(&repository->proof.lock);
	return code;
}

void repository_assume_proved(struct repository *repository)
{
	pthread_mutex_lock(&repository->proof.lock);
	repository->proof.is_proved = true;
	pthread_mutex_unlock(&repository->proof.lock);
}

/* One reading serves all who asked before it began. */
enum muster_code repository_read_gc(struct repository *repository, struct muster_error *err)
{
	uint64_t asked_ns = effects_boot_ns(repository->effects);
	enum muster_code code = MUSTER_OK;

	pthread_mutex_lock(&repository->gc.lock);
	if (!repository->gc.is_read || repository->gc.began_ns <= asked_ns) {
		uint64_t began_ns = effects_boot_ns(repository->effects);

		code = log_read(repository->gc.log, err);
		repository->gc.is_read = !code;
		repository->gc.began_ns = began_ns;
	}
	pthread_mutex_unlock(&repository->gc.lock);
	return code;
}

static bool is_fresh(const struct repository *repository, bool is_read, uint64_t began_ns)
{
	return is_read && effects_boot_ns(repository->effects) - began_ns <= REPOSITORY_GATE_NS;
}

static enum muster_code refuse_foreign(const char *log, struct muster_error *err)
{
	return muster_fail(
		err, MUSTER_E_UNSUPPORTED,
		"log '%s' has an event that this program does not know: the repository may be "
		"read, not written",
		log);
}

static enum muster_code check_settings_again(struct repository *repository,
					     struct muster_error *err)
{
	enum muster_code code = MUSTER_OK;

	pthread_mutex_lock(&repository->again.lock);
	if (!is_fresh(repository, repository->again.is_read, repository->again.began_ns)) {
		repository->again.began_ns = effects_boot_ns(repository->effects);
		code = log_read(repository->again.log, err);
		repository->again.is_read = !code;
	}
	if (!code && !repository->again.settings.can_write)
		code = muster_fail(err, MUSTER_E_UNSUPPORTED,
				   "writing to this repository needs the feature '%s'",
				   repository->again.settings.missing);
	if (!code && log_is_foreign(repository->again.log))
		code = refuse_foreign(KEY_REPOSITORY_LOG, err);
	pthread_mutex_unlock(&repository->again.lock);
	return code;
}

enum muster_code repository_check_writable(struct repository *repository, struct muster_error *err)
{
	enum muster_code code = check_settings_again(repository, err);
	bool is_foreign;

	if (!code)
		code = repository_read_gc(repository, err);
	if (code)
		return code;
	pthread_mutex_lock(&repository->gc.lock);
	is_foreign = log_is_foreign(repository->gc.log);
	pthread_mutex_unlock(&repository->gc.lock);
	return is_foreign ? refuse_foreign(KEY_GC_LOG, err) : MUSTER_OK;
}

/* The proof first: it may take long, and the reading must be fresh. */
enum muster_code repository_gate(struct repository *repository, struct muster_error *err)
{
	enum muster_code code = repository_prove(repository, err);

	return code ? code : repository_check_writable(repository, err);
}

bool repository_gate_is_fresh(struct repository *repository)
{
	bool is_gate_fresh;

	pthread_mutex_lock(&repository->gc.lock);
	is_gate_fresh = is_fresh(repository, repository->gc.is_read, repository->gc.began_ns);
	pthread_mutex_unlock(&repository->gc.lock);
	return is_gate_fresh;
}

enum gc_standing repository_standing(struct repository *repository, const struct object_id *id)
{
	enum gc_standing standing;

	pthread_mutex_lock(&repository->gc.lock);
	standing = gc_state_standing(&repository->gc.state, id);
	pthread_mutex_unlock(&repository->gc.lock);
	return standing;
}

bool repository_is_bad(struct repository *repository, const struct object_id *pack,
		       uint32_t ordinal)
{
	bool is_bad;

	pthread_mutex_lock(&repository->gc.lock);
	is_bad = gc_state_is_bad(&repository->gc.state, pack, ordinal);
	pthread_mutex_unlock(&repository->gc.lock);
	return is_bad;
}

bool repository_has_bad(struct repository *repository, const struct object_id *pack)
{
	bool has_bad;

	pthread_mutex_lock(&repository->gc.lock);
	has_bad = gc_state_has_bad(&repository->gc.state, pack);
	pthread_mutex_unlock(&repository->gc.lock);
	return has_bad;
}

bool repository_vouches(struct repository *repository, const char *log, uint64_t number)
{
	bool vouches;

	pthread_mutex_lock(&repository->gc.lock);
	vouches = gc_state_vouches(&repository->gc.state, log, number);
	pthread_mutex_unlock(&repository->gc.lock);
	return vouches;
}

uint64_t repository_gc_head(struct repository *repository)
{
	uint64_t head;

	pthread_mutex_lock(&repository->gc.lock);
	head = log_head(repository->gc.log);
	pthread_mutex_unlock(&repository->gc.lock);
	return head;
}
