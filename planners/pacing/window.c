#include "planners/pacing/window.h"

#define SIZE_MIN     2.0
#define ROUND_MIN_NS 10000000ull /* below that a clock and a scheduler are what is measured */
#define ROUND_MIN    8		 /* ended attempts */

#define DOUBLED_GAIN 1.25 /* of a doubled window; that is BBR's test of a full pipe */
#define NO_GAIN	     1.1
#define STALE_MAX    2	 /* a doubling that brought nothing counts twice */
#define WIDER	     1.5 /* than the knee */

#define CUT_THROTTLED 0.8
#define CUT_FAILED    0.7
#define FAILED_SHARE  0.25 /* of a round, and so many at least: less is chance or a sick server */
#define FAILED_MIN    5
#define GOAL_SHARE    0.97 /* of the window at the cut: there it was too large */

#define STEP	     0.125 /* of a trial */
#define STEP_SMALL   0.25  /* of a small window: in few attempts chance is large */
#define STEP_CAREFUL 0.0625
#define SMALL_SIZE   32
#define MORE_WORTH   0.5 /* of the growth of the window */
#define LESS_WORTH   0.2 /* of what the window lost */
#define ENDED_MIN    64	 /* attempts that a hold or a trial measures, at least */
#define TRIAL_ROUNDS 2
#define HOLD_FIRST   4
#define HOLD_MAX     32
#define NEWS_SHARE                                                                                 \
	0.25 /* goodput that differs so much from before: hold no longer than at first             \
	      */

static double least(double a, double b)
{
	return a < b ? a : b;
}

static double most(double a, double b)
{
	return a > b ? a : b;
}

static void set_size(struct window *window, double size)
{
	window->size = least(most(size, SIZE_MIN), window->max);
}

static void begin_round(struct window *window, uint64_t now_ns)
{
	window->round = (struct window_round){
		.began_ns = now_ns,
		.in_flight_max = window->in_flight,
	};
}

struct window window_of(unsigned start, unsigned max, bool counts_bytes)
{
	struct window window = { .start = start, .max = max, .counts_bytes = counts_bytes };

	set_size(&window, start);
	window.is_settling = true;
	return window;
}

bool window_has_room(struct window *window)
{
	if (window->in_flight < (unsigned)window->size)
		return true;
	window->round.was_full = true;
	return false;
}

void window_begin(struct window *window)
{
	window->in_flight++;
	if (window->in_flight > window->round.in_flight_max)
		window->round.in_flight_max = window->in_flight;
}

static void hold(struct window *window, unsigned rounds)
{
	window->phase = WINDOW_HOLDS;
	window->kept = window->size;
	window->sum = (struct window_sum){ 0 };
	window->hold_rounds = rounds;
}

static unsigned longer_hold(const struct window *window)
{
	return (unsigned)least(window->hold_rounds * 2, HOLD_MAX);
}

static void cut(struct window *window, double share, uint64_t now_ns)
{
	window->cut_ns = now_ns;
	window->is_settling = true;
	window->goal = window->size * GOAL_SHARE;
	window->hold_rounds = window->phase == WINDOW_TRIES_MORE ? longer_hold(window) : HOLD_FIRST;
	window->phase = WINDOW_RETURNS;
	set_size(window, window->size * share);
}

static void judge_doubled(struct window *window, double goodput)
{
	if (goodput >= window->best * DOUBLED_GAIN) {
		window->best = goodput;
		window->knee = window->size;
		window->stale_count = 0;
	} else {
		window->stale_count += goodput < window->best * NO_GAIN ? 2 : 1;
	}
	if (window->stale_count >= STALE_MAX) {
		set_size(window, window->knee);
		hold(window, HOLD_FIRST);
		return;
	}
	if (window->size >= window->max)
		hold(window, HOLD_FIRST);
	else
		set_size(window, window->size * 2);
}

static void return_to_goal(struct window *window)
{
	set_size(window, window->size + most((window->goal - window->size) / 2, 1));
	if (window->size < window->goal - 1)
		return;
	set_size(window, window->goal);
	hold(window, window->hold_rounds);
}

static double trial_change(const struct window *window)
{
	double step = window->is_throttled ? STEP_CAREFUL : STEP;

	return most(window->kept * (window->kept < SMALL_SIZE ? STEP_SMALL : step), 1);
}

static void begin_trial(struct window *window, enum window_phase phase)
{
	double change = trial_change(window);

	window->phase = phase;
	window->sum = (struct window_sum){ 0 };
	set_size(window,
		 phase == WINDOW_TRIES_MORE ? window->kept + change : window->kept - change);
}

/* True when enough rounds are measured. */
static bool add_round(struct window *window, unsigned rounds_needed, uint64_t now_ns)
{
	struct window_sum *sum = &window->sum;

	sum->rounds++;
	sum->ended += window->round.served + window->round.throttled + window->round.failed;
	sum->units += window->round.units;
	sum->seconds += (double)(now_ns - window->round.began_ns) / 1e9;
	return sum->rounds >= rounds_needed && sum->ended >= ENDED_MIN;
}

static void judge_hold(struct window *window, uint64_t now_ns)
{
	double before = window->kept_goodput;
	double change;

	if (!add_round(window, window->hold_rounds, now_ns))
		return;
	window->kept_goodput = window->sum.units / window->sum.seconds;
	change = window->kept_goodput - before;
	if (change > before * NEWS_SHARE || change < before * -NEWS_SHARE)
		window->hold_rounds = HOLD_FIRST;
	begin_trial(window, window->tries_less_next ? WINDOW_TRIES_LESS : WINDOW_TRIES_MORE);
	window->tries_less_next = !window->tries_less_next;
	if (window->size == window->kept) /* at its limit */
		hold(window, window->hold_rounds);
}

static void judge_trial(struct window *window, uint64_t now_ns)
{
	double growth = window->size / window->kept - 1;
	double worth = window->phase == WINDOW_TRIES_MORE ? MORE_WORTH : LESS_WORTH;
	double goodput;

	if (!add_round(window, TRIAL_ROUNDS, now_ns))
		return;
	goodput = window->sum.units / window->sum.seconds;
	if (goodput < window->kept_goodput * (1 + growth * worth)) {
		set_size(window, window->kept);
		hold(window, longer_hold(window));
		return;
	}
	window->kept_goodput = goodput;
	if (window->phase == WINDOW_TRIES_LESS || window->size >= window->max) {
		hold(window, HOLD_FIRST);
		return;
	}
	window->kept = window->size;
	begin_trial(window, WINDOW_TRIES_MORE);
}

static void judge_round(struct window *window, uint64_t now_ns)
{
	switch (window->phase) {
	case WINDOW_DOUBLES:
		judge_doubled(window, window->round.units * 1e9 /
					      (double)(now_ns - window->round.began_ns));
		break;
	case WINDOW_RETURNS:
		return_to_goal(window);
		break;
	case WINDOW_HOLDS:
		judge_hold(window, now_ns);
		break;
	case WINDOW_TRIES_MORE:
	case WINDOW_TRIES_LESS:
		judge_trial(window, now_ns);
		break;
	}
}

/* Who doubled past what is wanted learns as much from those that came. */
static bool teaches(const struct window *window)
{
	return window->round.was_full || (window->phase == WINDOW_DOUBLES && window->best > 0 &&
					  window->round.in_flight_max >= window->knee * WIDER);
}

static void end_round(struct window *window, uint64_t now_ns)
{
	const struct window_round *round = &window->round;
	unsigned ended = round->served + round->throttled + round->failed;
	double before = window->size;

	if (round->failed >= FAILED_MIN && round->failed > FAILED_SHARE * ended) {
		cut(window, CUT_FAILED, now_ns);
	} else if (window->is_settling) {
		window->is_settling = false;
	} else if (teaches(window)) {
		judge_round(window, now_ns);
		window->is_settling = window->size != before;
	}
	begin_round(window, now_ns);
}

static void count(struct window *window, const struct attempt *attempt)
{
	struct window_round *round = &window->round;

	if (attempt->began_ns >= round->began_ns && attempt->outcome != ATTEMPT_CANCELLED)
		round->has_fresh = true;
	switch (attempt->outcome) {
	case ATTEMPT_SERVED:
		round->served++;
		round->units += window->counts_bytes ? (double)attempt->byte_count : 1;
		break;
	case ATTEMPT_THROTTLED:
		round->throttled++;
		break;
	case ATTEMPT_FAILED:
	case ATTEMPT_TIMED_OUT:
		round->failed++;
		break;
	case ATTEMPT_CANCELLED:
		break;
	}
}

void window_ended(struct window *window, const struct attempt *attempt)
{
	struct window_round *round = &window->round;
	unsigned needed = ROUND_MIN;

	window->in_flight--;
	count(window, attempt);
	if (attempt->outcome == ATTEMPT_THROTTLED && attempt->began_ns > window->cut_ns) {
		window->is_throttled = true;
		cut(window, CUT_THROTTLED, attempt->ended_ns);
	}
	if (round->in_flight_max > needed)
		needed = round->in_flight_max;
	if (round->has_fresh && attempt->ended_ns >= round->began_ns + ROUND_MIN_NS &&
	    round->served + round->throttled + round->failed >= needed)
		end_round(window, attempt->ended_ns);
}

void window_restart(struct window *window, uint64_t now_ns)
{
	window->phase = WINDOW_DOUBLES;
	window->best = 0;
	window->stale_count = 0;
	window->is_settling = true;
	set_size(window, least(window->size, window->start));
	begin_round(window, now_ns);
}
