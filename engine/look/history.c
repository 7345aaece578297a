#include "engine/look/look.h"

#include <stdio.h>

#include "base/text/encode.h"
#include "base/text/text.h"

#define SUMMARY_BYTES 1024 /* an alias or tag has at most 512 bytes */

struct history {
	muster_event_fn *fn;
	void *state;
};

static void summarize_save(const struct event *event, char *out)
{
	char count[TEXT_COUNT_BYTES], size[TEXT_SIZE_BYTES];

	snprintf(out, SUMMARY_BYTES, "v%llu: %s %s, %s", (unsigned long long)event->version,
		 text_count(count, event->entry_count),
		 text_plural(event->entry_count, "entry", "entries"),
		 text_size(size, event->size_bytes));
}

static void summarize_named(const struct event *event, const char *what, struct view name,
			    char *out)
{
	snprintf(out, SUMMARY_BYTES, "%s '%.*s' %s v%llu", what, VIEW_ARGS(name),
		 event->action == ACTION_ADD ? "to" : "removed from",
		 (unsigned long long)event->version);
}

static void summarize_ttl(const struct event *event, char *out)
{
	unsigned long long version = (unsigned long long)event->version;
	uint64_t days = event->sets_default ? event->default_ttl_days : event->ttl_days;
	char life[64] = "without end";

	if (days)
		snprintf(life, sizeof(life), "for %llu %s", (unsigned long long)days,
			 text_plural(days, "day", "days"));
	if (event->sets_default)
		snprintf(out, SUMMARY_BYTES, "versions without a ttl of their own live %s", life);
	else if (days || event->ttl_disabled)
		snprintf(out, SUMMARY_BYTES, "v%llu lives %s", version, life);
	else
		snprintf(out, SUMMARY_BYTES, "v%llu lives as long as the artifact's default says",
			 version);
}

static void summarize(const struct event *event, char out[SUMMARY_BYTES])
{
	unsigned long long version = (unsigned long long)event->version;

	switch (event->kind.id) {
	case EVENT_OPEN:
		snprintf(out, SUMMARY_BYTES, "'%.*s' of type '%.*s'", VIEW_ARGS(event->name),
			 VIEW_ARGS(event->type));
		break;
	case EVENT_SAVE:
		summarize_save(event, out);
		break;
	case EVENT_ALIAS:
		summarize_named(event, "alias", event->alias, out);
		break;
	case EVENT_TAG:
		summarize_named(event, "tag", event->tag, out);
		break;
	case EVENT_DESCRIBE:
		snprintf(out, SUMMARY_BYTES, "description of v%llu", version);
		break;
	case EVENT_METADATA:
		snprintf(out, SUMMARY_BYTES, "metadata of v%llu", version);
		break;
	case EVENT_TTL:
		summarize_ttl(event, out);
		break;
	case EVENT_DELETE:
		snprintf(out, SUMMARY_BYTES, "v%llu deleted", version);
		break;
	case EVENT_CLOSE:
		snprintf(out, SUMMARY_BYTES, "the artifact was deleted");
		break;
	default:
		snprintf(out, SUMMARY_BYTES, "not known to this program");
		break;
	}
}

static bool speaks_of_version(const struct event *event)
{
	switch (event->kind.id) {
	case EVENT_SAVE:
	case EVENT_ALIAS:
	case EVENT_TAG:
	case EVENT_DESCRIBE:
	case EVENT_METADATA:
	case EVENT_DELETE:
		return true;
	case EVENT_TTL:
		return !event->sets_default;
	default:
		return false;
	}
}

static void hex_text(char *out, const uint8_t *bytes, size_t len)
{
	hex_encode(out, bytes, len);
	out[HEX_TEXT_LEN(len)] = '\0';
}

static enum muster_code tell(void *state, const struct event *event, struct view bytes,
			     struct muster_error *err)
{
	struct history *history = state;
	char summary[SUMMARY_BYTES], kind[64], session[33], hex[65];
	struct muster_event_info info = { .number = event->number,
					  .time_ms = event->time_ms,
					  .kind = kind,
					  .summary = summary,
					  .version_number = event->version,
					  .has_version = speaks_of_version(event),
					  .session = session,
					  .sha256 = hex };
	uint8_t sha256[32];

	(void)err;
	summarize(event, summary);
	snprintf(kind, sizeof(kind), "%.*s", VIEW_ARGS(event->kind.text));
	if (event->kind.id != EVENT_UNKNOWN)
		info.kind = event_kind_name(event->kind.id);
	hex_text(session, event->session, sizeof(event->session));
	sha256_of(bytes, sha256);
	hex_text(hex, sha256, sizeof(sha256));
	return history->fn(history->state, &info) ? MUSTER_OK : MUSTER_END;
}

enum muster_code look_history(struct repository *repository, const struct collection_name *name,
			      muster_event_fn *fn, void *state, struct muster_error *err)
{
	struct history history = { fn, state };
	struct collection *collection;
	enum muster_code code = collection_open(&collection, repository, name, NULL, err);

	if (code)
		return code;
	code = collection_history(collection, 1, tell, &history, err);
	collection_close(collection);
	return code == MUSTER_END ? MUSTER_OK : code;
}

struct update {
	uint64_t version, time_ms;
};

static enum muster_code note_update(void *state, const struct event *event, struct view bytes,
				    struct muster_error *err)
{
	struct update *update = state;

	(void)bytes, (void)err;
	if (speaks_of_version(event) && event->version == update->version)
		update->time_ms = event->time_ms;
	return MUSTER_OK;
}

enum muster_code look_updated_ms(const struct named_version *named, uint64_t *out,
				 struct muster_error *err)
{
	struct update update = { named->version->number, named->version->created_ms };
	enum muster_code code = collection_history(named->collection, named->version->event,
						   note_update, &update, err);

	if (!code)
		*out = update.time_ms;
	return code;
}
