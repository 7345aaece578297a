#include "planners/verification/turns.h"

#define DAY_MS UINT64_C(86400000)

static bool is_rolling(const struct turn_rules *rules)
{
	return rules->budget_bytes || rules->max_age_days;
}

static uint64_t waits_since(const struct turn_rules *rules, const struct turn_pack *pack)
{
	uint64_t since = pack->read_ms ? pack->read_ms : pack->seen_ms;

	return since > rules->now_ms ? 0 : since;
}

void turn_key(const struct turn_rules *rules, const struct turn_pack *pack,
	      uint8_t out[TURN_KEY_BYTES])
{
	uint64_t since = waits_since(rules, pack);

	out[0] = !pack->is_broken;
	for (unsigned i = 1; i <= 8; i++)
		out[i] = (uint8_t)(since >> (64 - 8 * i));
	out[9] = pack->read_ms != 0; /* of those that were seen when others were read */
}

uint64_t turn_age_ms(const struct turn_rules *rules, const struct turn_pack *pack)
{
	return rules->now_ms - waits_since(rules, pack);
}

bool turn_is_overdue(const struct turn_rules *rules, const struct turn_pack *pack)
{
	return rules->max_age_days && turn_age_ms(rules, pack) > rules->max_age_days * DAY_MS;
}

/* Would it be too old before the check of tomorrow is over? */
static bool is_due(const struct turn_rules *rules, const struct turn_pack *pack)
{
	return rules->max_age_days &&
	       turn_age_ms(rules, pack) + DAY_MS > rules->max_age_days * DAY_MS;
}

/* Without a budget: was it read so lately that it can wait? */
static bool is_young(const struct turn_rules *rules, const struct turn_pack *pack)
{
	return !rules->budget_bytes && pack->read_ms &&
	       turn_age_ms(rules, pack) < rules->max_age_days * DAY_MS / 2;
}

uint64_t turn_daily_bytes(const struct turn_rules *rules, uint64_t total_bytes)
{
	uint64_t days = rules->max_age_days;

	return days ? total_bytes / days + (total_bytes % days != 0) : 0;
}

void turns_begin(struct turns *turns, const struct turn_rules *rules, uint64_t total_bytes)
{
	*turns = (struct turns){ .rules = *rules };
	turns->left_bytes =
		rules->budget_bytes ? rules->budget_bytes : turn_daily_bytes(rules, total_bytes);
	turns->left_broken_bytes = rules->budget_bytes / 2;
}

static void use(struct turns *turns, uint64_t bytes)
{
	turns->left_bytes -= bytes < turns->left_bytes ? bytes : turns->left_bytes;
}

static bool take_broken(struct turns *turns, const struct turn_pack *pack)
{
	if (turns->rules.budget_bytes) {
		if (pack->size_bytes > turns->left_broken_bytes)
			return false;
		turns->left_broken_bytes -= pack->size_bytes;
	}
	use(turns, pack->size_bytes);
	return true;
}

static bool take_sound(struct turns *turns, const struct turn_pack *pack)
{
	const struct turn_rules *rules = &turns->rules;
	bool must = !rules->budget_bytes && is_due(rules, pack);
	bool fits = !turns->has_read || pack->size_bytes <= turns->left_bytes;

	if (!must && (!fits || is_young(rules, pack)))
		turns->is_closed = true;
	if (!must && turns->is_closed)
		return false;
	turns->has_read = true;
	use(turns, pack->size_bytes);
	return true;
}

bool turns_take(struct turns *turns, const struct turn_pack *pack)
{
	if (!is_rolling(&turns->rules))
		return true;
	return pack->is_broken ? take_broken(turns, pack) : take_sound(turns, pack);
}
