#include "cli/summary.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/effects.h"
#include "base/text/text.h"
#include "cli/show.h"
#include "cli/traffic.h"

#define LABEL_COLUMNS 18
#define NS_PER_MS     UINT64_C(1000000)
#define NS_PER_S      1000000000.0

uint64_t summary_peak_memory_bytes(void)
{
	FILE *file = fopen("/proc/self/status", "re");
	uint64_t kib = 0;
	char line[256];

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (strncmp(line, "VmHWM:", 6) == 0)
			kib = strtoull(line + 6, NULL, 10);
	fclose(file); /* opened read-only: nothing can be lost here */
	return kib * 1024;
}

void summary_begin(struct cli *cli)
{
	cli->summary = (struct json_writer){ .out = &cli->summary_text };
	if (!cli->global.json)
		return;
	json_write_object_begin(&cli->summary);
	json_member_text(&cli->summary, "type", "summary");
	if (cli->command)
		json_member_text(&cli->summary, "command", cli->command->name);
}

static void add_line(struct cli *cli, const char *label, const char *text)
{
	bytes_append_text(&cli->summary_text, "   ", NULL);
	show_padded(&cli->summary_text, view_text(label), LABEL_COLUMNS, false);
	show_name(&cli->summary_text, view_text(text));
	bytes_append_byte(&cli->summary_text, '\n', NULL);
}

void summary_add_text(struct cli *cli, const char *key, const char *label, const char *text)
{
	if (cli->global.json)
		json_member_text(&cli->summary, key, text);
	else if (label)
		add_line(cli, label, text);
}

void summary_add_u64(struct cli *cli, const char *key, uint64_t value)
{
	metrics_note(&cli->metrics, key, value);
	if (cli->global.json)
		json_member_u64(&cli->summary, key, value);
}

void summary_add_bool(struct cli *cli, const char *key, bool value)
{
	metrics_note(&cli->metrics, key, value);
	if (cli->global.json)
		json_member_bool(&cli->summary, key, value);
}

void summary_add_speed(struct cli *cli, uint64_t files, uint64_t bytes)
{
	cli->timed_files = files;
	cli->timed_bytes = bytes;
	cli->has_timed = true;
}

static bool is_shown(const struct cli *cli, enum summary_when when, uint64_t value)
{
	switch (when) {
	case WHEN_ALWAYS:
		return true;
	case WHEN_NOT_ZERO:
		return value != 0;
	case WHEN_VERBOSE:
		return cli->global.verbose;
	case WHEN_JSON:
		return false;
	}
	return false;
}

static void add_number(struct cli *cli, const struct summary_row *row, uint64_t value)
{
	char text[TEXT_COUNT_BYTES];

	metrics_note(&cli->metrics, row->key, value);
	if (cli->global.json)
		json_member_u64(&cli->summary, row->key, value);
	else if (is_shown(cli, row->when, value))
		add_line(cli, row->label,
			 row->kind == SUMMARY_SIZE ? text_size(text, value)
						   : text_count(text, value));
}

void summary_add(struct cli *cli, const struct summary_row *rows, size_t row_count,
		 const void *report)
{
	for (size_t i = 0; i < row_count; i++) {
		const struct summary_row *row = &rows[i];
		const void *field = (const char *)report + row->offset;

		switch (row->kind) {
		case SUMMARY_COUNT:
		case SUMMARY_SIZE:
			add_number(cli, row, *(const uint64_t *)field);
			break;
		case SUMMARY_FLAG:
			summary_add_bool(cli, row->key, *(const bool *)field);
			break;
		case SUMMARY_TEXT:
			summary_add_text(cli, row->key,
					 is_shown(cli, row->when, *(const char *)field != '\0')
						 ? row->label
						 : NULL,
					 field);
			break;
		}
	}
}

static uint64_t per_second(uint64_t amount, uint64_t elapsed_ns)
{
	return elapsed_ns ? (uint64_t)((double)amount * NS_PER_S / (double)elapsed_ns) : 0;
}

static void add_time(struct cli *cli, uint64_t elapsed_ns)
{
	char time[TEXT_DURATION_BYTES], files[TEXT_COUNT_BYTES], size[TEXT_SIZE_BYTES], text[128];

	text_duration(time, elapsed_ns);
	text_count(files, per_second(cli->timed_files, elapsed_ns));
	text_size(size, per_second(cli->timed_bytes, elapsed_ns));
	if (cli->timed_bytes)
		snprintf(text, sizeof(text), "%s (%s files/s, %s/s)", time, files, size);
	else
		snprintf(text, sizeof(text), "%s (%s files/s)", time, files);
	add_line(cli, "time", text);
}

static uint64_t memory_sum(const struct muster_memory *memory)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < memory->part_count; i++)
		sum += memory->parts[i].bytes;
	return sum;
}

/* What the job may have held at most, and who. */
static void add_memory(struct cli *cli)
{
	const struct muster_memory *memory = &cli->memory;
	char size[TEXT_SIZE_BYTES], text[128];

	if (!memory->part_count || !cli->global.verbose)
		return;
	add_line(cli, "may have held", text_size(size, memory_sum(memory)));
	for (unsigned i = 0; i < memory->part_count; i++) {
		snprintf(text, sizeof(text), "%9s  %s", text_size(size, memory->parts[i].bytes),
			 memory->parts[i].name);
		add_line(cli, "", text);
	}
}

static void add_json_memory(struct cli *cli)
{
	const struct muster_memory *memory = &cli->memory;

	if (!memory->part_count)
		return;
	json_write_key(&cli->summary, "memory");
	json_write_array_begin(&cli->summary);
	for (unsigned i = 0; i < memory->part_count; i++) {
		json_write_object_begin(&cli->summary);
		json_member_text(&cli->summary, "part", memory->parts[i].name);
		json_member_u64(&cli->summary, "bytes", memory->parts[i].bytes);
		json_write_object_end(&cli->summary);
	}
	json_write_array_end(&cli->summary);
}

static uint64_t busy_percent(const struct muster_progress *counters)
{
	uint64_t steps = atomic_load(&counters->lane_steps);

	return steps ? (atomic_load(&counters->busy_lane_steps) * 100 + steps / 2) / steps : 0;
}

static void add_lanes(struct cli *cli)
{
	char text[32];

	if (!atomic_load(&cli->counters.lane_steps) || !cli->global.verbose)
		return;
	snprintf(text, sizeof(text), "%" PRIu64 " %% busy", busy_percent(&cli->counters));
	add_line(cli, "lanes", text);
}

static void end_json(struct cli *cli, uint64_t elapsed_ns, enum exit_code exit_code)
{
	struct bytes *line;

	json_member_u64(&cli->summary, "elapsed_ms", elapsed_ns / NS_PER_MS);
	json_member_u64(&cli->summary, "peak_memory_bytes", summary_peak_memory_bytes());
	if (atomic_load(&cli->counters.lane_steps))
		json_member_u64(&cli->summary, "lanes_busy_percent", busy_percent(&cli->counters));
	add_json_memory(cli);
	traffic_json(cli, elapsed_ns);
	json_member_u64(&cli->summary, "exit_code", exit_code);
	json_write_object_end(&cli->summary);
	line = output_begin(&cli->output);
	bytes_append_view(line, bytes_view(&cli->summary_text), NULL);
	output_end(&cli->output, '\n');
}

void summary_end(struct cli *cli, enum exit_code exit_code)
{
	uint64_t elapsed_ns = effects_boot_ns(effects_system()) - cli->begun_ns;
	char size[TEXT_SIZE_BYTES];

	if (cli->global.json) {
		end_json(cli, elapsed_ns, exit_code);
		return;
	}
	if (!cli->has_timed || cli->global.quiet)
		return;
	add_time(cli, elapsed_ns);
	add_lanes(cli);
	add_line(cli, "peak memory", text_size(size, summary_peak_memory_bytes()));
	add_memory(cli);
	if (cli->global.verbose)
		traffic_show(&cli->summary_text, cli, elapsed_ns);
	screen_write(&cli->screen, bytes_view(&cli->summary_text));
}
