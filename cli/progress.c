#include "cli/progress.h"

#include <errno.h>
#include <time.h>

#include "base/effects.h"
#include "base/json/json.h"
#include "cli/output.h"

#define NS_PER_S   UINT64_C(1000000000)
#define NS_PER_MS  UINT64_C(1000000)
#define BAR_MS	   100
#define JSON_MS	   1000
#define PLAIN_MS   10000
#define RATE_SLOTS 32 /* ticks that the rate looks back: 3 s of a bar */

/* The last ticks, for a rate that follows and does not jump. */
struct rate {
	struct {
		uint64_t at_ns, bytes;
	} slots[RATE_SLOTS];
	uint64_t tick_count;
};

static uint64_t rate_of(struct rate *rate, uint64_t now_ns, uint64_t bytes)
{
	uint64_t held = rate->tick_count < RATE_SLOTS ? rate->tick_count : RATE_SLOTS;
	size_t oldest = (size_t)((rate->tick_count - held) % RATE_SLOTS);
	uint64_t since_ns = held ? now_ns - rate->slots[oldest].at_ns : 0;
	uint64_t more = held ? bytes - rate->slots[oldest].bytes : 0;
	size_t slot = (size_t)(rate->tick_count++ % RATE_SLOTS);

	rate->slots[slot].at_ns = now_ns;
	rate->slots[slot].bytes = bytes;
	return since_ns ? (uint64_t)((double)more * (double)NS_PER_S / (double)since_ns) : 0;
}

static uint64_t counter(const atomic_ullong *value)
{
	return atomic_load_explicit(value, memory_order_relaxed);
}

static struct progress_view view_of_now(const struct progress *progress, struct rate *rate)
{
	const struct muster_progress *counters = progress->counters;
	uint64_t now_ns = effects_boot_ns(effects_system());
	bool has_total = atomic_load_explicit(&counters->total_is_known, memory_order_relaxed);
	struct progress_view view = { .what = progress->what,
				      .done_files = counter(&counters->done_files),
				      .done_bytes = counter(&counters->done_bytes),
				      .failed_items = counter(&counters->failed_items),
				      .elapsed_ns = now_ns - progress->begun_ns };

	if (has_total) {
		view.total_files = counter(&counters->total_files);
		view.total_bytes = counter(&counters->total_bytes);
	}
	view.bytes_per_s = rate_of(rate, now_ns, view.done_bytes);
	return view;
}

static void write_json(const struct progress *progress, const struct progress_view *view,
		       bool is_final)
{
	struct bytes text = { 0 };
	struct json_writer json = { .out = &text };

	json_write_object_begin(&json);
	json_member_text(&json, "type", "progress");
	json_member_text(&json, "command", view->what);
	json_member_u64(&json, "done_files", view->done_files);
	json_member_u64(&json, "done_bytes", view->done_bytes);
	if (view->total_files) {
		json_member_u64(&json, "total_files", view->total_files);
		json_member_u64(&json, "total_bytes", view->total_bytes);
	}
	json_member_u64(&json, "read_bytes", counter(&progress->counters->read_bytes));
	json_member_u64(&json, "written_bytes", counter(&progress->counters->written_bytes));
	json_member_u64(&json, "failed_items", view->failed_items);
	json_member_u64(&json, "bytes_per_s", view->bytes_per_s);
	json_member_u64(&json, "elapsed_ms", view->elapsed_ns / NS_PER_MS);
	json_member_bool(&json, "final", is_final);
	json_write_object_end(&json);
	bytes_append_byte(&text, '\n', NULL);
	screen_write(progress->screen, bytes_view(&text));
	bytes_release(&text);
}

static void tell(const struct progress *progress, const struct progress_view *view, bool is_final)
{
	struct bytes line = { 0 };

	if (progress->mode == PROGRESS_JSON) {
		write_json(progress, view, is_final);
		return;
	}
	if (progress->mode == PROGRESS_BAR) {
		if (!is_final)
			progress_line(&line, view, screen_columns(progress->screen));
		screen_draw(progress->screen, bytes_view(&line));
	} else if (!is_final) {
		progress_line(&line, view, SCREEN_COLUMNS_MAX);
		bytes_append_byte(&line, '\n', NULL);
		screen_write(progress->screen, bytes_view(&line));
	}
	bytes_release(&line);
}

static unsigned period_ms(enum progress_mode mode)
{
	return mode == PROGRESS_BAR ? BAR_MS : mode == PROGRESS_JSON ? JSON_MS : PLAIN_MS;
}

/* Wait for the next tick; false when it is time to stop. */
static bool wait_tick(struct progress *progress, struct timespec *due)
{
	int failed = 0;
	bool is_stopping;

	due->tv_nsec += (long)(period_ms(progress->mode) * NS_PER_MS % NS_PER_S);
	due->tv_sec += (time_t)(period_ms(progress->mode) * NS_PER_MS / NS_PER_S);
	if (due->tv_nsec >= (long)NS_PER_S) {
		due->tv_nsec -= (long)NS_PER_S;
		due->tv_sec++;
	}
	pthread_mutex_lock(&progress->stop.lock);
	while (!progress->stop.is_stopping && failed != ETIMEDOUT)
		failed = pthread_cond_timedwait(&progress->stop.changed, &progress->stop.lock, due);
	is_stopping = progress->stop.is_stopping;
	pthread_mutex_unlock(&progress->stop.lock);
	return !is_stopping;
}

static void *progress_run(void *arg)
{
	struct progress *progress = arg;
	struct rate rate = { .tick_count = 0 };
	struct progress_view view = view_of_now(progress, &rate);
	bool has_told_cancel = false;
	struct timespec due;

	clock_gettime(CLOCK_MONOTONIC, &due);
	if (progress->mode == PROGRESS_BAR)
		tell(progress, &view, false);
	while (wait_tick(progress, &due)) {
		if (!has_told_cancel && atomic_load(&progress->counters->cancel)) {
			screen_say(progress->screen, COLOUR_YELLOW, "muster: ",
				   "interrupted: stopping in order; once more stops at once");
			has_told_cancel = true;
		}
		view = view_of_now(progress, &rate);
		tell(progress, &view, false);
	}
	view = view_of_now(progress, &rate);
	tell(progress, &view, true);
	return NULL;
}

static void init_condition(pthread_cond_t *condition)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(condition, &attributes);
	pthread_condattr_destroy(&attributes);
}

void progress_start(struct progress *progress)
{
	progress->begun_ns = effects_boot_ns(effects_system());
	if (progress->mode == PROGRESS_NONE)
		return;
	pthread_mutex_init(&progress->stop.lock, NULL);
	init_condition(&progress->stop.changed);
	progress->is_running = !pthread_create(&progress->thread, NULL, progress_run, progress);
}

void progress_stop(struct progress *progress)
{
	if (!progress->is_running)
		return;
	pthread_mutex_lock(&progress->stop.lock);
	progress->stop.is_stopping = true;
	pthread_cond_signal(&progress->stop.changed);
	pthread_mutex_unlock(&progress->stop.lock);
	pthread_join(progress->thread, NULL);
	pthread_cond_destroy(&progress->stop.changed);
	pthread_mutex_destroy(&progress->stop.lock);
	progress->is_running = false;
}
