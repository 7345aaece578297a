/**
 * screen - standard error: messages, and on a terminal one line of progress below them.
 *
 * Threads: any; one lock keeps messages and the bar apart. Who writes to the same terminal by
 *          another way (standard output) does so between screen_begin() and screen_end().
 * Colours: only on a terminal, and not where NO_COLOR is set or TERM is "dumb".
 */
#ifndef CLI_SCREEN_H
#define CLI_SCREEN_H

#include <pthread.h>
#include <stdbool.h>

#include "base/bytes.h"

enum screen_colour { COLOUR_NONE, COLOUR_RED, COLOUR_YELLOW, COLOUR_GREEN, COLOUR_BOLD };

struct screen {
	pthread_mutex_t lock;
	int fd;
	bool is_terminal; /* and one that can be drawn on */
	bool has_colours;
	bool has_bar;
};

#define SCREEN_COLUMNS_MAX 400

void screen_init(struct screen *screen, int fd);
void screen_release(struct screen *screen);
/** Columns of the terminal now; 80 where that is unknown. */
unsigned screen_columns(const struct screen *screen);

/** Write `mark` (coloured) and `text` (made safe to show), and end the line. */
void screen_say(struct screen *screen, enum screen_colour colour, const char *mark,
		const char *text);
/** Write lines as they are. */
void screen_write(struct screen *screen, struct view lines);
/** Draw the bar's line, which the caller made to fit. An empty one removes it. */
void screen_draw(struct screen *screen, struct view line);

void screen_begin(struct screen *screen); /* locks, and removes the bar */
void screen_end(struct screen *screen);

#endif
