#include "core/launch_internal.h"
#include "core/text.h"

#include <stdio.h>
#include <string.h>

#ifndef HELIX_MANIFEST_URL
# define HELIX_MANIFEST_URL ""
#endif

/* Stands for the directory of a manifest that is a file: what lies beside it has this in its url.
 */
#define BESIDE    "https://beside.invalid/"

#define DOWNLOADS "download"

/* The longest that a manifest may take, however slowly it comes. While the desktop runs nothing
 * else is heard meanwhile but a quit. */
#define MANIFEST_MS 60000
#define LOOK_MS     15000

static bool is_url(const char *text)
{
	return strncmp(text, "https://", 8) == 0 || strncmp(text, "http://", 7) == 0;
}

/* Where manifests come from: a URL or a path; "" = nowhere. */
static const char *manifest_source(const struct launch *l)
{
	const char *given = l->options->options->manifest;

	return given ? given : HELIX_MANIFEST_URL;
}

/* A file in the directory of another one. */
static bool path_beside(char path[LAUNCH_PATH_SIZE], const char *other, const char *name)
{
	size_t length = strlen(other);
	int written;

	while (length > 0 && other[length - 1] != '\\' && other[length - 1] != '/')
		length--;
	written = snprintf(path, LAUNCH_PATH_SIZE, "%.*s%s", (int)length, other, name);
	return written > 0 && written < LAUNCH_PATH_SIZE;
}

/* A manifest in a file: PLAT_OK, what plat_read_file() says, or PLAT_FAILED with `error` filled. */
static int read_manifest(const char *path, const char *base, struct manifest *ret_manifest,
	char *error, size_t error_size)
{
	char json[MANIFEST_MAX_SIZE];
	size_t size;
	int r = plat_read_file(path, json, sizeof json, &size);

	if (r != PLAT_OK)
		return r;
	return manifest_parse(json, base, ret_manifest, error, error_size) ? PLAT_OK : PLAT_FAILED;
}

/* The person's own image: the one that was named, or one beside Helix.exe. 1, 0, or negative. */
static int find_local_image(struct launch *l, char path[LAUNCH_PATH_SIZE])
{
	static const char *const names[] = { "helix.tar.gz", "helix.wsl" };
	const char *given = l->options->options->image;

	if (given) {
		int length = snprintf(path, LAUNCH_PATH_SIZE, "%s", given);

		return length >= LAUNCH_PATH_SIZE ? 0 : launch_exists(path);
	}
	for (size_t i = 0; i < 2; i++)
		if (launch_join(path, l->options->exe_directory, names[i]) &&
			launch_exists(path) == 1)
			return 1;
	return 0;
}

/* The manifest.json beside an image. What is there and makes no sense may be anybody's. */
static bool read_manifest_beside(const char *image, struct manifest *ret_manifest)
{
	char path[LAUNCH_PATH_SIZE], error[128] = "";
	int r;

	if (!path_beside(path, image, LAUNCH_MANIFEST))
		return false;
	r = read_manifest(path, BESIDE, ret_manifest, error, sizeof error);
	if (r != PLAT_OK && r != PLAT_MISSING)
		plat_log("image: the manifest.json beside it is not used: %d %s", r, error);
	return r == PLAT_OK;
}

static bool is_newer(const struct launch *l, const char *version)
{
	return l->installed_version[0] &&
		manifest_compare_versions(version, l->installed_version) > 0;
}

bool launch_find_newer(struct launch *l)
{
	char path[LAUNCH_PATH_SIZE], error[128];
	const char *base = is_url(manifest_source(l)) ? manifest_source(l) : BESIDE;

	if (find_local_image(l, path) == 1 && read_manifest_beside(path, &l->manifest) &&
		is_newer(l, l->manifest.version)) {
		l->is_update_local = true;
		return true;
	}
	l->is_update_local = false;
	if (!manifest_source(l)[0] || l->options->options->image)
		return false;
	if (read_manifest(launch_path(l, path, LAUNCH_UPDATE), base, &l->manifest, error,
		    sizeof error) != PLAT_OK)
		return false;
	return is_newer(l, l->manifest.version);
}

/* From the server or the file into `name` in our directory, as it is. */
static int fetch_manifest(
	struct launch *l, const char *name, uint32_t timeout_ms, uint32_t *ret_status)
{
	char path[LAUNCH_PATH_SIZE], json[MANIFEST_MAX_SIZE];
	const char *source = manifest_source(l);
	size_t size;
	int r = plat_remove(launch_path(l, path, name));

	/* What is left of it would be taken for the beginning of the new one. */
	if (r != PLAT_OK)
		return r;
	if (is_url(source))
		return plat_download(
			source, path, MANIFEST_MAX_SIZE - 1, timeout_ms, NULL, NULL, ret_status);
	r = plat_read_file(source, json, sizeof json, &size);
	return r == PLAT_OK ? plat_write_file(path, json, size) : r;
}

void launch_look_for_update(struct launch *l)
{
	char part[LAUNCH_PATH_SIZE], path[LAUNCH_PATH_SIZE], error[128] = "";
	struct manifest manifest;
	uint32_t status = 0;
	int r;

	if (!manifest_source(l)[0] || l->options->options->image)
		return;
	launch_path(l, part, LAUNCH_UPDATE ".part");
	launch_path(l, path, LAUNCH_UPDATE);
	r = fetch_manifest(l, LAUNCH_UPDATE ".part", LOOK_MS, &status);
	if (r == PLAT_OK)
		r = read_manifest(part, is_url(manifest_source(l)) ? manifest_source(l) : BESIDE,
			&manifest, error, sizeof error);
	if (r != PLAT_OK) {
		plat_log("update: cannot look: %d, status %lu %s", r, (unsigned long)status, error);
		plat_remove(part);
	} else if (is_newer(l, manifest.version)) {
		plat_log("update: %s is there, offered at the next start", manifest.version);
		plat_rename(part, path);
	} else {
		plat_remove(part);
		plat_remove(path);
	}
}

static enum machine_event server_refused(struct launch *l, const char *url, uint32_t status)
{
	char number[16];
	bool is_passing = status == 408 || status == 429 || status >= 500;

	if (status == 0) /* it was never asked */
		return launch_fail(l, FAULT_NOT_HTTPS, url, NULL);
	snprintf(number, sizeof number, "%lu", (unsigned long)status);
	return launch_report(
		l, is_passing ? EVENT_BROKE_OFF : EVENT_FAILED, FAULT_SERVER_REFUSED, number, NULL);
}

/* Why the manifest did not come. A failure, or EVENT_BROKE_OFF: to be tried again. */
static enum machine_event fetch_failed(struct launch *l, int result, uint32_t status)
{
	if (result == PLAT_NETWORK || result == PLAT_TIMEOUT ||
		(result == PLAT_MISSING && is_url(manifest_source(l))))
		return launch_report(l, EVENT_BROKE_OFF, FAULT_NO_NETWORK, NULL, NULL);
	if (result == PLAT_REFUSED)
		return server_refused(l, manifest_source(l), status);
	if (result == PLAT_TOO_LARGE)
		return launch_fail(l, FAULT_MANIFEST_BAD, "size", NULL);
	if (result == PLAT_MISSING)
		return launch_fail(l, FAULT_IMAGE_MISSING, manifest_source(l), NULL);
	return launch_fail_by_file(l, result);
}

/* An image that was downloaded as a whole is good without the server: an update that lost its
 * network between the download and the import must not stop there. */
static bool has_downloaded(struct launch *l, const char *base)
{
	char path[LAUNCH_PATH_SIZE], name[128], error[128];
	uint64_t size;

	if (read_manifest(launch_path(l, path, LAUNCH_IMAGE), base, &l->manifest, error,
		    sizeof error) != PLAT_OK)
		return false;
	snprintf(name, sizeof name, DOWNLOADS "\\helix-%s.tar.gz", l->manifest.version);
	return plat_file_size(launch_path(l, path, name), &size) == PLAT_OK &&
		size == l->manifest.size_bytes;
}

/* l->manifest, by the source of manifests. EVENT_DONE, or why not. */
static enum machine_event get_manifest(struct launch *l)
{
	const char *source = manifest_source(l);
	const char *base = is_url(source) ? source : BESIDE;
	char part[LAUNCH_PATH_SIZE], path[LAUNCH_PATH_SIZE], error[128] = "";
	uint32_t status = 0;
	int r;

	if (!source[0])
		return launch_fail(l, FAULT_NO_IMAGE, NULL, NULL);
	r = fetch_manifest(l, LAUNCH_IMAGE ".part", MANIFEST_MS, &status);
	if (r == PLAT_CANCELLED)
		return EVENT_QUIT;
	if (r != PLAT_OK)
		return has_downloaded(l, base) ? EVENT_DONE : fetch_failed(l, r, status);
	r = read_manifest(launch_path(l, part, LAUNCH_IMAGE ".part"), base, &l->manifest, error,
		sizeof error);
	if (r == PLAT_FAILED)
		return launch_fail(l, FAULT_MANIFEST_BAD, error, NULL);
	if (r == PLAT_OK)
		r = plat_rename(part, launch_path(l, path, LAUNCH_IMAGE));
	return r == PLAT_OK ? EVENT_DONE : launch_fail_by_file(l, r);
}

static void image_path(const struct launch *l, char path[LAUNCH_PATH_SIZE], const char *end)
{
	char name[128];

	snprintf(name, sizeof name, DOWNLOADS "\\helix-%s.tar.gz%s", l->manifest.version, end);
	launch_path(l, path, name);
}

/* Room for what is still to come, unpacked, and a tenth more. */
static enum machine_event look_at_disk(struct launch *l)
{
	const struct manifest *manifest = &l->manifest;
	char path[LAUNCH_PATH_SIZE], needed_text[64], there_text[64];
	uint64_t there, here = 0;
	uint64_t unpacked =
		manifest->unpacked_bytes ? manifest->unpacked_bytes : manifest->size_bytes * 4;
	uint64_t needed = l->is_local ? unpacked : manifest->size_bytes + unpacked;

	image_path(l, path, "");
	if (plat_file_size(path, &here) != PLAT_OK) {
		image_path(l, path, ".part");
		if (plat_file_size(path, &here) != PLAT_OK)
			here = 0;
	}
	needed += needed / 10;
	if (!l->is_local)
		needed -= here < manifest->size_bytes ? here : manifest->size_bytes;
	if (plat_disk_free(l->options->data_directory, &there) != PLAT_OK || there >= needed)
		return EVENT_DONE;
	text_megabytes(needed, 0, needed_text, sizeof needed_text);
	text_megabytes(there, 0, there_text, sizeof there_text);
	return launch_fail(l, FAULT_DISK_SPACE, needed_text, there_text);
}

/* With l->image, l->is_local and l->has_manifest known. */
static enum machine_event look_at_image(struct launch *l)
{
	enum machine_event event = EVENT_DONE;

	if (l->has_manifest) {
		l->minimum_wsl = l->manifest.minimum_wsl;
		if (launch_is_wsl_too_old(l))
			return launch_wsl_is_too_old(l);
		event = look_at_disk(l);
	}
	return event == EVENT_DONE && l->is_local ? EVENT_LOCAL : event;
}

enum machine_event launch_find_image(struct launch *l)
{
	enum machine_event event;
	int is_there = 0;

	l->furthest = 0;
	l->is_local = true;
	if (!l->is_registered || l->is_update_local)
		is_there = find_local_image(l, l->image);
	if (is_there == 1) {
		l->has_manifest = read_manifest_beside(l->image, &l->manifest);
		return look_at_image(l);
	}
	if (l->options->options->image)
		return launch_fail(l, FAULT_IMAGE_MISSING, l->options->options->image, NULL);
	event = get_manifest(l);
	if (event != EVENT_DONE)
		return event;
	l->has_manifest = true;
	l->is_local = strncmp(l->manifest.url, BESIDE, strlen(BESIDE)) == 0;
	if (l->is_local &&
		(!path_beside(l->image, manifest_source(l), l->manifest.url + strlen(BESIDE)) ||
			launch_exists(l->image) != 1))
		return launch_fail(l, FAULT_IMAGE_MISSING, l->image, NULL);
	return look_at_image(l);
}

/* After plat_download() came to an end that is none. */
static enum machine_event download_failed(
	struct launch *l, const char *part, int result, uint32_t status)
{
	uint64_t after = 0, step = l->manifest.size_bytes / 100;
	bool is_network = result == PLAT_NETWORK || result == PLAT_MISSING;

	if (result == PLAT_TOO_LARGE) {
		plat_remove(part);
		return launch_report(l, EVENT_WRONG, FAULT_DOWNLOAD_WRONG, NULL, NULL);
	}
	if (result == PLAT_REFUSED && status == 416)
		plat_remove(part); /* the server's file is no longer than what we have */
	else if (result == PLAT_REFUSED)
		return server_refused(l, l->manifest.url, status);
	else if (!is_network && result != PLAT_OK)
		return launch_fail_by_file(l, result);
	/* Further than ever, not than this time: else a server whose file is too short, and which
	 * is asked from the start again and again, would keep us for ever. */
	if (plat_file_size(part, &after) == PLAT_OK && after > l->furthest + step) {
		l->furthest = after;
		return launch_report(l, EVENT_GOT_FURTHER, FAULT_DOWNLOAD_BROKE, NULL, NULL);
	}
	return launch_report(l, EVENT_BROKE_OFF,
		is_network && after == 0 ? FAULT_NO_NETWORK : FAULT_DOWNLOAD_BROKE, NULL, NULL);
}

enum machine_event launch_download(struct launch *l)
{
	char part[LAUNCH_PATH_SIZE], directory[LAUNCH_PATH_SIZE];
	uint64_t size = l->manifest.size_bytes, there = 0;
	uint32_t status = 0;
	int r = plat_make_directory(launch_path(l, directory, DOWNLOADS));

	if (r != PLAT_OK)
		return launch_fail_by_file(l, r);
	image_path(l, l->image, "");
	if (plat_file_size(l->image, &there) == PLAT_OK && there == size)
		return EVENT_DONE; /* from an earlier start; verified again all the same */
	image_path(l, part, ".part");
	image_path(l, l->image, ".part");
	if (plat_file_size(part, &there) == PLAT_OK && there == size)
		return EVENT_DONE;
	r = plat_download(l->manifest.url, part, size, 0, launch_progress, l, &status);
	if (r == PLAT_CANCELLED)
		return EVENT_QUIT;
	if (r == PLAT_OK && plat_file_size(part, &size) == PLAT_OK &&
		size == l->manifest.size_bytes)
		return EVENT_DONE;
	return download_failed(l, part, r, status);
}

static enum machine_event wrong_image(struct launch *l)
{
	int r;

	if (l->is_local)
		return launch_fail(l, FAULT_IMAGE_WRONG, l->image, NULL);
	r = plat_remove(l->image);
	if (r != PLAT_OK)
		return launch_fail_by_file(l, r);
	return launch_report(l, EVENT_WRONG, FAULT_DOWNLOAD_WRONG, NULL, NULL);
}

enum machine_event launch_verify(struct launch *l)
{
	char hex[65], path[LAUNCH_PATH_SIZE];
	uint64_t size;
	int r;

	if (!l->has_manifest)
		return EVENT_DONE;
	r = plat_file_size(l->image, &size);
	if (r == PLAT_OK && size != l->manifest.size_bytes)
		return wrong_image(l);
	if (r == PLAT_OK)
		r = plat_sha256(l->image, hex, launch_progress, l);
	if (r != PLAT_OK)
		return launch_fail_by_file(l, r);
	if (strcmp(hex, l->manifest.sha256) != 0)
		return wrong_image(l);
	plat_log("image: version %s, as its manifest says", l->manifest.version);
	if (l->is_local)
		return EVENT_DONE;
	image_path(l, path, "");
	if (strcmp(path, l->image) != 0) {
		r = plat_rename(l->image, path);
		if (r != PLAT_OK)
			return launch_fail_by_file(l, r);
		image_path(l, l->image, "");
	}
	return EVENT_DONE;
}
