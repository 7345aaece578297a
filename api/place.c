#include <stdlib.h>
#include <sys/stat.h>

#include "api/api_internal.h"

const char *api_environment(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

enum muster_code api_default_dir(const char *xdg_name, const char *below_home, struct bytes *out,
				 struct muster_error *err)
{
	const char *base = api_environment(xdg_name), *home = api_environment("HOME");

	if (base && base[0] == '/') /* others are to be ignored: XDG Base Directory Specification */
		return bytes_printf(out, err, "%s/muster", base);
	if (!home)
		return muster_fail(err, MUSTER_E_USAGE, "neither %s nor HOME is set", xdg_name);
	return bytes_printf(out, err, "%s/%s/muster", home, below_home);
}

static enum muster_code take_text(struct bytes *out, const char *text, struct muster_error *err)
{
	enum muster_code code = bytes_append_text(out, text, err);

	return code ? code : bytes_append_byte(out, '\0', err);
}

static enum muster_code find_default(struct api_place *out, struct muster_error *err)
{
	enum muster_code code = api_default_dir("XDG_DATA_HOME", ".local/share", &out->path, err);

	if (!code)
		code = bytes_append_byte(&out->path, '\0', err);
	return code ? code : take_text(&out->url, (const char *)out->path.ptr, err);
}

enum muster_code api_place_find(const char *url, struct api_place *out, struct muster_error *err)
{
	enum muster_code code;

	if (!url)
		url = api_environment("MUSTER_REPO");
	if (!url)
		return find_default(out, err);
	code = cloud_url_parse(&out->cloud, view_text(url), err);
	out->is_remote = !code;
	if (code == MUSTER_ABSENT)
		code = api_url_path(url, &out->path, err);
	return code ? code : take_text(&out->url, url, err);
}

void api_place_release(struct api_place *place)
{
	bytes_release(&place->url);
	bytes_release(&place->path);
	cloud_url_release(&place->cloud);
}

void api_make_parents(char *path)
{
	for (char *at = path + 1; *at; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		(void)!mkdir(path, 0777); /* what fails here fails again where it is used */
		*at = '/';
	}
}

enum muster_code api_place_open(const struct api_place *place, const struct muster_limits *limits,
				struct remote **remote, struct store **store,
				struct muster_error *err)
{
	struct remote_options options = { 0 };
	enum muster_code code;

	*remote = NULL;
	if (!place->is_remote)
		return store_local_open(store, (const char *)place->path.ptr, NULL, err);
	if (limits) {
		options.buffer_max_bytes = limits->buffer_bytes;
		options.limits = (struct host_pacer_options){
			.connections_max = limits->connections,
			.requests_per_second = limits->requests_per_second,
			.bandwidth_bytes_per_second = limits->bandwidth_bytes_per_second
		};
	}
	code = remote_open(remote, &place->cloud, &options, err);
	if (!code)
		*store = remote_store(*remote);
	return code;
}
