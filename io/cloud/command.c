#include "io/cloud/command.h"

#include "io/cloud/secret.h"

static bool is_blank(uint8_t byte)
{
	return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

/* The bytes of a quoted part, behind its opening quote. False: it does not end. */
static bool take_quoted(struct bytes *text, const uint8_t **at, const uint8_t *end, uint8_t quote)
{
	while (*at < end && **at != quote) {
		bool is_escape = quote == '"' && **at == '\\' && *at + 1 < end &&
				 ((*at)[1] == '"' || (*at)[1] == '\\');

		*at += is_escape;
		text->ptr[text->len++] = *(*at)++;
	}
	return (*at)++ < end;
}

/* One word; there is room, because no word is longer than its line. */
static bool take_word(struct bytes *text, const uint8_t **at, const uint8_t *end)
{
	while (*at < end && !is_blank(**at)) {
		uint8_t byte = *(*at)++;

		if (byte == '\'' || byte == '"') {
			if (!take_quoted(text, at, end, byte))
				return false;
		} else if (byte == '\\') {
			if (*at == end)
				return false;
			text->ptr[text->len++] = *(*at)++;
		} else {
			text->ptr[text->len++] = byte;
		}
	}
	text->ptr[text->len++] = '\0';
	return true;
}

static enum muster_code split(struct command *out, struct view line, struct muster_error *err)
{
	const uint8_t *at = line.ptr, *end = line.ptr + line.len;
	size_t count = 0;

	for (;;) {
		while (at < end && is_blank(*at))
			at++;
		if (at == end)
			break;
		if (count == COMMAND_WORDS_MAX)
			return muster_fail(err, MUSTER_E_USAGE, "a command has %u words at most",
					   COMMAND_WORDS_MAX);
		out->argv[count++] = (char *)out->text.ptr + out->text.len;
		if (!take_word(&out->text, &at, end))
			return muster_fail(err, MUSTER_E_USAGE,
					   "a command's quote or backslash does not end");
	}
	return count ? MUSTER_OK : muster_fail(err, MUSTER_E_USAGE, "a command is empty");
}

enum muster_code command_split(struct command *out, struct view line, struct muster_error *err)
{
	enum muster_code code;

	*out = (struct command){ 0 };
	if (line.len && memchr(line.ptr, '\0', line.len))
		return muster_fail(err, MUSTER_E_USAGE, "a command holds a NUL");
	/* a NUL behind each word, which stands in a blank's place but for the last */
	code = bytes_reserve(&out->text, line.len + 2, err);
	if (!code)
		code = split(out, line, err);
	if (code)
		command_release(out);
	return code;
}

void command_release(struct command *command)
{
	secret_scrub(&command->text);
	*command = (struct command){ 0 };
}
