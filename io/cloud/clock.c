#include "io/cloud/clock.h"

#include "base/text/date.h"

/* A Date is cut to its second, and some servers make the text once a second. */
#define LATE_NS 2000000000LL

void cloud_clock_init(struct cloud_clock *clock, const struct effects *effects)
{
	*clock = (struct cloud_clock){ .effects = effects ? effects : effects_system() };
	pthread_mutex_init(&clock->lock, NULL);
}

void cloud_clock_release(struct cloud_clock *clock)
{
	pthread_mutex_destroy(&clock->lock);
}

uint64_t cloud_clock_wall_ns(const struct cloud_clock *clock)
{
	return effects_wall_ns(clock->effects);
}

static int64_t difference_locked(const struct cloud_clock *clock)
{
	int64_t low = clock->told.low_ns, high = clock->told.high_ns;

	return low <= 0 && high >= 0 ? 0 : low + (high - low) / 2;
}

uint64_t cloud_clock_ns(struct cloud_clock *clock)
{
	int64_t difference;

	pthread_mutex_lock(&clock->lock);
	difference = difference_locked(clock);
	pthread_mutex_unlock(&clock->lock);
	return cloud_clock_wall_ns(clock) + (uint64_t)difference;
}

uint64_t cloud_clock_age_ns(struct cloud_clock *clock)
{
	uint64_t learned_ns;

	pthread_mutex_lock(&clock->lock);
	learned_ns = clock->told.learned_ns;
	pthread_mutex_unlock(&clock->lock);
	return learned_ns ? effects_boot_ns(clock->effects) - learned_ns : UINT64_MAX;
}

static void narrow_locked(struct cloud_clock *clock, int64_t low_ns, int64_t high_ns)
{
	bool is_first = !clock->told.learned_ns;

	if (is_first || low_ns > clock->told.high_ns || high_ns < clock->told.low_ns) {
		clock->told.low_ns = low_ns;
		clock->told.high_ns = high_ns;
		return;
	}
	if (low_ns > clock->told.low_ns)
		clock->told.low_ns = low_ns;
	if (high_ns < clock->told.high_ns)
		clock->told.high_ns = high_ns;
}

void cloud_clock_learn(struct cloud_clock *clock, const struct http_reply *reply, uint64_t sent_ns)
{
	uint64_t now_ns = cloud_clock_wall_ns(clock), date_ns;
	struct view date;

	/* sent_ns > now_ns: the wall clock was set back meanwhile */
	if (!http_reply_header(reply, "date", &date) || !date_parse_http(date, &date_ns) ||
	    sent_ns > now_ns)
		return;
	pthread_mutex_lock(&clock->lock);
	narrow_locked(clock, (int64_t)(date_ns - now_ns), (int64_t)(date_ns - sent_ns) + LATE_NS);
	clock->told.learned_ns = effects_boot_ns(clock->effects);
	pthread_mutex_unlock(&clock->lock);
}
