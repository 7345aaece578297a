#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "planners/verification/turns.h"

#define DAY	  UINT64_C(86400000)
#define NOW	  (1000 * DAY)
#define PACKS_MAX 64

static void sort_by_turn(const struct turn_rules *rules, struct turn_pack *packs, size_t count)
{
	for (size_t i = 1; i < count; i++)
		for (size_t j = i; j > 0; j--) {
			uint8_t a[TURN_KEY_BYTES], b[TURN_KEY_BYTES];
			struct turn_pack pack = packs[j];

			turn_key(rules, &packs[j - 1], a);
			turn_key(rules, &packs[j], b);
			if (memcmp(a, b, sizeof(a)) <= 0)
				break;
			packs[j] = packs[j - 1];
			packs[j - 1] = pack;
		}
}

/* A pack a letter: read so many days ago ('a': today), upper case: broken then, '*': never read and
 * seen today, '!': read in days to come. Sizes are digits in `sizes`. Answers: the packs that are
 * read, in line. */
struct sample {
	const char *packs, *sizes;
	uint64_t budget, max_age_days;
	const char *read;
};

static struct turn_pack pack_of(char letter, char size)
{
	struct turn_pack pack = { .size_bytes = (uint64_t)(size - '0'), .seen_ms = NOW };

	if (letter == '!')
		pack.read_ms = NOW + DAY;
	else if (letter >= 'A' && letter <= 'Z')
		pack.read_ms = NOW - (uint64_t)(letter - 'A') * DAY;
	else if (letter != '*')
		pack.read_ms = NOW - (uint64_t)(letter - 'a') * DAY;
	pack.is_broken = letter >= 'A' && letter <= 'Z';
	return pack;
}

static char letter_of(const struct turn_pack *pack)
{
	if (!pack->read_ms || pack->read_ms > NOW)
		return pack->read_ms ? '!' : '*';
	return (char)((pack->is_broken ? 'A' : 'a') + (char)((NOW - pack->read_ms) / DAY));
}

static void read_tonight(const struct sample *sample, char out[PACKS_MAX])
{
	struct turn_rules rules = { NOW, sample->budget, sample->max_age_days };
	size_t count = strlen(sample->packs), read = 0;
	struct turn_pack packs[PACKS_MAX];
	struct turns turns;
	uint64_t total = 0;

	for (size_t i = 0; i < count; i++) {
		packs[i] = pack_of(sample->packs[i], sample->sizes[i]);
		total += packs[i].size_bytes;
	}
	sort_by_turn(&rules, packs, count);
	turns_begin(&turns, &rules, total);
	for (size_t i = 0; i < count; i++)
		if (turns_take(&turns, &packs[i]))
			out[read++] = letter_of(&packs[i]);
	out[read] = '\0';
}

static void packs_are_read_as_the_rules_say(void **state)
{
	static const struct sample samples[] = {
		/* no rule: all */
		{ "abc", "111", 0, 0, "cba" },
		{ "aBc", "999", 0, 0, "Bca" },
		/* the oldest first, as long as they fit, in order */
		{ "abc", "111", 2, 0, "cb" },
		{ "abc", "111", 3, 0, "cba" },
		{ "abcd", "1112", 3, 0, "dc" },
		{ "abcd", "1131", 3, 0, "d" }, /* c does not fit: b and a do not pass it */
		/* one at least, or a large one would never be read */
		{ "abc", "119", 2, 0, "c" },
		{ "abc", "119", 1, 0, "c" },
		/* never read: by when they were seen, so the old ones do not wait for ever */
		{ "*bc", "111", 1, 0, "c" },
		{ "**c", "111", 2, 0, "c*" },
		{ "aa*", "111", 1, 0, "*" },
		/* a time that is still to come is none */
		{ "!bc", "111", 1, 0, "!" },
		/* broken ones before all others, in half of the budget */
		{ "zA", "11", 2, 0, "Az" },
		{ "zA", "12", 2, 0, "z" },
		{ "zABC", "1111", 4, 0, "CBz" },
		{ "zyABC", "11111", 4, 0, "CBzy" },
		{ "AB", "11", 1, 0, "" }, /* they are told again */
		{ "AB", "11", 2, 0, "B" },
		/* a greatest age alone: each day a share of all */
		{ "abcd", "1111", 0, 4, "d" },
		{ "abcd", "1111", 0, 2, "dc" }, /* both would be too old */
		{ "abcd", "1111", 0, 1, "dcb" },
		{ "abcde", "11111", 0, 8, "e" }, /* half of the time is over */
		{ "abcd", "1111", 0, 8, "" },	 /* it is not */
		{ "abcd", "1111", 0, 36500, "" },
		{ "******", "111111", 0, 3, "**" },
		{ "******", "111111", 0, 4, "**" }, /* rounded up */
		{ "dddd", "9999", 0, 3, "dddd" },   /* all would be too old tomorrow */
		{ "pqr", "119", 0, 30, "r" },	    /* larger than the share: alone */
		{ "Dz", "99", 0, 30, "Dz" },	    /* broken ones in any case */
		{ "a*", "11", 0, 30, "*" },	    /* seen when the other was read */
		/* the budget stands above the age */
		{ "dddd", "1111", 2, 3, "dd" },
		{ "", "", 5, 5, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		char read[PACKS_MAX];

		read_tonight(&samples[i], read);
		if (strcmp(read, samples[i].read) != 0)
			fail_msg("sample %zu, %s: '%s', not '%s'", i, samples[i].packs, read,
				 samples[i].read);
	}
}

/* A year of nights: packs come, and each is read as often as was promised. */
static void nobody_waits_longer_than_was_promised(void **state)
{
	static const struct {
		uint64_t budget, max_age_days;
		uint64_t most_days; /* that one may wait, once the rounds go */
	} runs[] = {
		{ 40, 0, 6 }, /* 200 packs of 1: a fifth a night */
		{ 0, 10, 10 },
		{ 0, 3, 3 },
		{ 25, 10, 10 },
	};

	(void)state;
	for (size_t r = 0; r < sizeof(runs) / sizeof(runs[0]); r++) {
		static struct turn_pack packs[200];
		struct turn_rules rules = { NOW, runs[r].budget, runs[r].max_age_days };
		size_t count = 100;

		for (size_t i = 0; i < 200; i++)
			packs[i] = (struct turn_pack){ .size_bytes = 1,
						       .seen_ms = i < 100 ? NOW
									  : NOW + (i - 99) * DAY };
		for (uint64_t night = 0; night < 365; night++) {
			struct turns turns;
			uint64_t read = 0;

			rules.now_ms = NOW + night * DAY;
			count = night < 100 ? 100 + night : 200;
			sort_by_turn(&rules, packs, count);
			turns_begin(&turns, &rules, count);
			for (size_t i = 0; i < count; i++) {
				if (!turns_take(&turns, &packs[i]))
					continue;
				packs[i].read_ms = rules.now_ms;
				read++;
			}
			assert_true(!runs[r].budget || read <= runs[r].budget);
			for (size_t i = 0; i < count; i++)
				if (turn_age_ms(&rules, &packs[i]) > runs[r].most_days * DAY)
					fail_msg("run %zu, night %zu", r, (size_t)night);
		}
	}
}

static void a_budget_that_is_too_small_is_known(void **state)
{
	struct turn_rules rules = { NOW, 0, 0 };
	struct turn_pack pack = { .size_bytes = 1, .seen_ms = NOW - 40 * DAY };

	(void)state;
	assert_false(turn_is_overdue(&rules, &pack));
	assert_int_equal(turn_daily_bytes(&rules, 100), 0);
	rules.max_age_days = 40;
	assert_false(turn_is_overdue(&rules, &pack));
	rules.max_age_days = 39;
	assert_true(turn_is_overdue(&rules, &pack));
	pack.read_ms = NOW - DAY;
	assert_false(turn_is_overdue(&rules, &pack));
	pack.read_ms = NOW + 1;
	assert_true(turn_is_overdue(&rules, &pack));
	assert_int_equal(turn_daily_bytes(&rules, 390), 10);
	assert_int_equal(turn_daily_bytes(&rules, 391), 11);
	assert_int_equal(turn_daily_bytes(&rules, UINT64_MAX), UINT64_MAX / 39 + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packs_are_read_as_the_rules_say),
		cmocka_unit_test(nobody_waits_longer_than_was_promised),
		cmocka_unit_test(a_budget_that_is_too_small_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
