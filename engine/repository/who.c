#include "engine/repository/who.h"

#include <assert.h>
#include <unistd.h>

#include "artifact/record/event.h"
#include "base/text/text.h"

#define NAME_BYTES 100 /* of either; escaped they are four times as long at most */

static_assert(2 * 4 * NAME_BYTES + 1 <= EVENT_BY_MAX_BYTES, "both fit into an event");

static enum muster_code append_name(struct bytes *out, const char *name, struct muster_error *err)
{
	struct view text = view_text(name && *name ? name : "?");

	if (text.len > NAME_BYTES)
		text.len = NAME_BYTES;
	return text_append_safe(out, text, err);
}

enum muster_code who_append(const struct effects *effects, struct bytes *out,
			    struct muster_error *err)
{
	char host[256] = "";
	enum muster_code code = append_name(out, effects->getenv(effects->state, "USER"), err);

	if (!code)
		code = bytes_append_byte(out, '@', err);
	if (gethostname(host, sizeof(host) - 1))
		host[0] = '\0';
	return code ? code : append_name(out, host, err);
}
