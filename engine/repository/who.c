#include "engine/repository/who.h"

#include <assert.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "artifact/record/event.h"
#include "base/text/text.h"

#define NAME_BYTES   100 /* of either; escaped they are four times as long at most */
#define PASSWD_BYTES 16384

static_assert(2 * 4 * NAME_BYTES + 1 <= EVENT_BY_MAX_BYTES, "both fit into an event");

enum muster_code who_append_login(struct bytes *out, struct muster_error *err)
{
	struct passwd entry, *found = NULL;
	char *buffer = malloc(PASSWD_BYTES);
	enum muster_code code;

	if (!buffer)
		return muster_fail_memory(err, "the user's name");
	if (!getpwuid_r(geteuid(), &entry, buffer, PASSWD_BYTES, &found) && found && *entry.pw_name)
		code = bytes_append_text(out, entry.pw_name, err);
	else
		code = bytes_printf(out, err, "uid-%lu", (unsigned long)geteuid());
	free(buffer);
	return code;
}

static enum muster_code append_name(struct bytes *out, const char *name, struct muster_error *err)
{
	struct view text = view_text(name && *name ? name : "?");

	if (text.len > NAME_BYTES)
		text.len = NAME_BYTES;
	return text_append_safe(out, text, err);
}

static enum muster_code append_user(const struct effects *effects, struct bytes *out,
				    struct muster_error *err)
{
	const char *user = effects->getenv(effects->state, "USER");
	struct bytes login = { 0 };
	enum muster_code code;

	if (user && *user)
		return append_name(out, user, err);
	code = who_append_login(&login, err);
	if (!code)
		code = bytes_append_byte(&login, '\0', err);
	if (!code)
		code = append_name(out, (const char *)login.ptr, err);
	bytes_release(&login);
	return code;
}

enum muster_code who_append(const struct effects *effects, struct bytes *out,
			    struct muster_error *err)
{
	char host[256] = "";
	enum muster_code code = append_user(effects, out, err);

	if (!code)
		code = bytes_append_byte(out, '@', err);
	if (gethostname(host, sizeof(host) - 1))
		host[0] = '\0';
	return code ? code : append_name(out, host, err);
}
