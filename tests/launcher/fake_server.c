/* The server that the PC downloads from, and what it makes of a file. */
#include "fake_platform.h"

#include "fake_internal.h"

#include <string.h>

static int transfer(const char *path, const uint8_t *bytes, size_t size, uint64_t limit,
	plat_progress progress, void *owner)
{
	const struct fake_file *file = fake_find(path);
	uint8_t all[4096];
	size_t from = file ? file->size : 0, to = size;
	bool is_broken = fake_is_midway();

	if (from > size)
		return PLAT_TOO_LARGE;
	if (file)
		memcpy(all, file->bytes, from);
	/* Manifests are short enough to come through; nobody wants to watch them. */
	if (progress && fake.server_cuts > 0 && from + fake.server_cut < size) {
		fake.server_cuts--;
		to = from + fake.server_cut;
		is_broken = true;
	}
	if (fake_is_midway())
		to = from + (size - from) / 2;
	if (to > limit)
		to = (size_t)limit;
	memcpy(all + from, bytes + from, to - from);
	fake_write(path, all, to);
	if (progress)
		progress(owner, to, size);
	return is_broken ? PLAT_NETWORK : size > limit ? PLAT_TOO_LARGE : PLAT_OK;
}

static int serve(
	const char *url, const char *path, uint64_t limit, plat_progress progress, void *owner)
{
	uint8_t image[4096];
	size_t size = FAKE_IMAGE_SIZE;

	if (strcmp(url, FAKE_URL) == 0)
		return transfer(path, (const uint8_t *)fake.manifest, strlen(fake.manifest), limit,
			progress, owner);
	memset(image, '.', sizeof image);
	fake_server_image(image);
	if (fake.is_server_wrong || fake.server_wrongs > 0) {
		image[FAKE_IMAGE_SIZE - 1] = '!';
		fake.server_wrongs -= fake.server_wrongs > 0;
	}
	if (fake.is_server_endless)
		size = sizeof image;
	if (fake.is_server_short)
		size = FAKE_IMAGE_SIZE / 2;
	fake.downloads++;
	fake.is_registered |= fake.system_appears_early;
	return transfer(path, image, size, limit, progress, owner);
}

/* It sends a byte now and then, for ten minutes where nobody ends that. */
static int dribble(uint32_t timeout_ms)
{
	fake.now_ms += timeout_ms ? timeout_ms : 10 * 60 * 1000;
	return timeout_ms ? PLAT_TIMEOUT : PLAT_NETWORK;
}

int plat_download(const char *url, const char *path, uint64_t limit, uint32_t timeout_ms,
	plat_progress progress, void *owner, uint32_t *ret_status)
{
	const struct fake_file *file = fake_find(path);
	int r;

	if (!fake_call(true))
		return PLAT_CANCELLED;
	fake.now_ms += 100;
	if (fake.is_offline)
		return PLAT_MISSING;
	if (strncmp(url, "http://", 7) == 0)
		return PLAT_REFUSED;
	if (fake.is_server_dribbling)
		return dribble(timeout_ms);
	*ret_status = fake.server_status;
	if (fake.server_status != 200)
		return PLAT_REFUSED;
	if (fake.is_disk_full)
		return PLAT_FULL;
	if (fake.is_server_short && file && file->size >= FAKE_IMAGE_SIZE / 2) {
		*ret_status = 416;
		return PLAT_REFUSED;
	}
	r = serve(url, path, limit, progress, owner);
	return fake_call_end() ? r : PLAT_CANCELLED;
}

int plat_sha256(const char *path, char hex[65], plat_progress progress, void *owner)
{
	const struct fake_file *file = fake_find(path);

	if (!fake_call(true))
		return PLAT_CANCELLED;
	if (!file)
		return PLAT_MISSING;
	fake_hash(file->bytes, file->size, hex);
	if (progress)
		progress(owner, file->size, file->size);
	return PLAT_OK;
}
