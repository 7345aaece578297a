#include "tests/servers/faults.h"

#include <stdio.h>
#include <string.h>

/* splitmix64 (Steele, Lea, Flood 2014) */
static bool is_hit(struct faults *faults, uint64_t each)
{
	uint64_t z;

	if (!each)
		return false;
	z = faults->random_state += 0x9e3779b97f4a7c15u;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (z ^ z >> 31) % each == 0;
}

static bool begins_answer(bool *is_asked, bool is_from_client, const char *data, size_t len)
{
	static const char interim[] = "HTTP/1.1 100";

	if (is_from_client) {
		*is_asked = true;
		return false;
	}
	if (!*is_asked || (len >= sizeof(interim) && !memcmp(data, interim, sizeof(interim) - 1)))
		return false;
	*is_asked = false;
	return true;
}

static void tell(const struct faults *faults)
{
	printf("answers %llu %llu %llu\n", (unsigned long long)faults->answers,
	       (unsigned long long)faults->cut, (unsigned long long)faults->lost);
	fflush(stdout);
}

bool faults_break(struct faults *faults, bool *is_asked, bool is_from_client, const char *data,
		  size_t len)
{
	bool is_answer = begins_answer(is_asked, is_from_client, data, len);
	bool is_lost = is_answer && is_hit(faults, faults->lose_each);
	bool is_cut = !is_lost && is_hit(faults, faults->cut_each);

	faults->answers += is_answer;
	faults->lost += is_lost;
	faults->cut += is_cut;
	if (is_answer && faults->tell_each && faults->answers % faults->tell_each == 0)
		tell(faults);
	return is_lost || is_cut;
}
