#include "cli/output.h"

#include <errno.h>
#include <unistd.h>

#include "base/effects.h"
#include "base/text/encode.h"
#include "base/text/utf8.h"

#define FLUSH_NS UINT64_C(1000000000)

void output_init(struct output *output, int fd, struct screen *screen)
{
	*output = (struct output){ .fd = fd, .screen = screen, .is_terminal = isatty(fd) };
	output->flushed_ns = effects_boot_ns(effects_system());
	pthread_mutex_init(&output->lock, NULL);
}

void output_release(struct output *output)
{
	bytes_release(&output->buffer);
	pthread_mutex_destroy(&output->lock);
}

static enum muster_code write_all(int fd, struct view bytes, struct muster_error *err)
{
	while (bytes.len) {
		ssize_t n = write(fd, bytes.ptr, bytes.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return muster_fail_errno(err, "write standard output");
		bytes = view_of(bytes.ptr + n, bytes.len - (size_t)n);
	}
	return MUSTER_OK;
}

static void flush_locked(struct output *output)
{
	if (output->is_terminal)
		screen_begin(output->screen);
	if (!output->code)
		output->code = write_all(output->fd, bytes_view(&output->buffer), &output->error);
	if (output->is_terminal)
		screen_end(output->screen);
	output->buffer.len = 0;
	output->flushed_ns = effects_boot_ns(effects_system());
}

static bool is_due(const struct output *output)
{
	return output->is_terminal || output->buffer.len >= OUTPUT_BUFFER_BYTES ||
	       effects_boot_ns(effects_system()) - output->flushed_ns >= FLUSH_NS;
}

struct bytes *output_begin(struct output *output)
{
	pthread_mutex_lock(&output->lock);
	return &output->buffer;
}

void output_end(struct output *output, char terminator)
{
	enum muster_code code =
		bytes_append_byte(&output->buffer, (uint8_t)terminator, &output->error);

	if (!output->code)
		output->code = code;
	if (is_due(output))
		flush_locked(output);
	pthread_mutex_unlock(&output->lock);
}

struct json_writer *output_json_begin(struct output *output, const char *type)
{
	struct bytes *buffer = output_begin(output);

	output->json = (struct json_writer){ .out = buffer, .err = &output->error };
	json_write_object_begin(&output->json);
	json_member_text(&output->json, "type", type);
	return &output->json;
}

void output_json_end(struct output *output)
{
	json_write_object_end(&output->json);
	if (!output->code)
		output->code = output->json.code;
	output_end(output, '\n');
}

enum muster_code output_bytes(struct output *output, struct view bytes, struct muster_error *err)
{
	enum muster_code code;

	pthread_mutex_lock(&output->lock);
	flush_locked(output);
	if (!output->code)
		output->code = write_all(output->fd, bytes, &output->error);
	code = output->code;
	if (code && err) {
		*err = output->error;
		output->is_told = true;
	}
	pthread_mutex_unlock(&output->lock);
	return code;
}

void output_flush(struct output *output)
{
	output_bytes(output, view_of(NULL, 0), NULL); /* a failure sticks */
}

enum muster_code output_finish(struct output *output, struct muster_error *err)
{
	return output_bytes(output, view_of(NULL, 0), err);
}

void json_write_name(struct json_writer *json, const char *key, struct view name)
{
	struct bytes text = { 0 };

	json_write_key(json, key);
	json_write_string(json, name);
	if (utf8_valid(name))
		return;
	bytes_append_text(&text, key, NULL);
	bytes_append_text(&text, "_hex", NULL);
	json_write_key_view(json, bytes_view(&text));
	text.len = 0;
	if (bytes_reserve(&text, HEX_TEXT_LEN(name.len), NULL) == MUSTER_OK) {
		hex_encode((char *)text.ptr, name.ptr, name.len);
		text.len = HEX_TEXT_LEN(name.len);
	}
	json_write_string(json, bytes_view(&text));
	bytes_release(&text);
}
