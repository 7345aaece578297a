#include "cli/screen.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/show.h"

#define DEFAULT_COLUMNS 80

static const char *const colour_codes[] = { "", "\033[1;31m", "\033[1;33m", "\033[1;32m",
					    "\033[1m" };

static bool can_draw(int fd)
{
	const char *term = getenv("TERM");

	return isatty(fd) && !(term && strcmp(term, "dumb") == 0);
}

static bool wants_colours(void)
{
	const char *no_colour = getenv("NO_COLOR");

	return !no_colour || !*no_colour;
}

void screen_init(struct screen *screen, int fd)
{
	*screen = (struct screen){ .fd = fd, .is_terminal = can_draw(fd) };
	screen->has_colours = screen->is_terminal && wants_colours();
	pthread_mutex_init(&screen->lock, NULL);
}

void screen_release(struct screen *screen)
{
	pthread_mutex_destroy(&screen->lock);
}

unsigned screen_columns(const struct screen *screen)
{
	struct winsize size;

	if (ioctl(screen->fd, TIOCGWINSZ, &size) || size.ws_col == 0)
		return DEFAULT_COLUMNS;
	return size.ws_col < SCREEN_COLUMNS_MAX ? size.ws_col : SCREEN_COLUMNS_MAX;
}

/* There is nobody left to tell where standard error cannot be written. */
static void write_all(int fd, struct view text)
{
	while (text.len) {
		ssize_t n = write(fd, text.ptr, text.len);

		if (n <= 0)
			return;
		text = view_of(text.ptr + n, text.len - (size_t)n);
	}
}

static void remove_bar_locked(struct screen *screen)
{
	if (screen->has_bar)
		write_all(screen->fd, VIEW_LITERAL("\r\033[K"));
	screen->has_bar = false;
}

void screen_begin(struct screen *screen)
{
	pthread_mutex_lock(&screen->lock);
	remove_bar_locked(screen);
}

void screen_end(struct screen *screen)
{
	pthread_mutex_unlock(&screen->lock);
}

void screen_write(struct screen *screen, struct view lines)
{
	screen_begin(screen);
	write_all(screen->fd, lines);
	screen_end(screen);
}

void screen_say(struct screen *screen, enum screen_colour colour, const char *mark,
		const char *text)
{
	struct bytes line = { 0 };

	if (screen->has_colours && colour)
		bytes_append_text(&line, colour_codes[colour], NULL);
	bytes_append_text(&line, mark, NULL);
	if (screen->has_colours && colour)
		bytes_append_text(&line, "\033[0m", NULL);
	show_message(&line, view_text(text));
	bytes_append_byte(&line, '\n', NULL);
	screen_write(screen, bytes_view(&line));
	bytes_release(&line);
}

void screen_draw(struct screen *screen, struct view line)
{
	pthread_mutex_lock(&screen->lock);
	if (line.len == 0) {
		remove_bar_locked(screen);
	} else {
		struct bytes text = { 0 };

		bytes_append_text(&text, "\r", NULL);
		bytes_append_view(&text, line, NULL);
		bytes_append_text(&text, "\033[K", NULL);
		write_all(screen->fd, bytes_view(&text));
		bytes_release(&text);
		screen->has_bar = true;
	}
	pthread_mutex_unlock(&screen->lock);
}
