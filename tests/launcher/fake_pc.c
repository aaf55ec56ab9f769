#include "fake_platform.h"

#include "fake_internal.h"

#include <stdio.h>
#include <string.h>

#define MANY_CALLS 20000

struct fake_pc fake;

void fake_repair(void)
{
	memset(&fake, 0, offsetof(struct fake_pc, is_registered));
	fake.wsl_version = "2.3.26.0";
	fake.disk_free = (uint64_t)1 << 40;
	fake.server_status = 200;
	fake.localhost_result = PLAT_NETWORK;
	fake.answer_to_faults = 1;
	fake_publish(1);
}

void fake_reset(void)
{
	memset(&fake, 0, sizeof fake);
	snprintf(fake.truth, sizeof fake.truth, "fresh");
	fake_repair();
}

void fake_restart(void)
{
	fake.is_running = fake.has_tunnel = fake.is_view_open = fake.has_viewed = false;
	fake.is_cancelled = fake.is_midway = fake.is_endless = false;
	fake.cancel_at = fake.abort_at = fake.calls = 0;
	fake.deny_at = fake.deny_from = 0;
	fake.deeds_done = fake.deed_count = 0;
	fake.fault_count = 0;
	fake.starts = fake.views = fake.imports = fake.saves = fake.downloads = 0;
	fake.questions = fake.healths = fake.import_attempts = fake.unregisters = 0;
	fake.instruction[0] = fake.content[0] = fake.details[0] = '\0';
}

static void make_image(unsigned version, uint8_t bytes[FAKE_IMAGE_SIZE])
{
	memset(bytes, '.', FAKE_IMAGE_SIZE);
	snprintf((char *)bytes, FAKE_IMAGE_SIZE, "IMAGE %u", version);
}

void fake_manifest(unsigned version, const char *url, char *json, size_t size)
{
	uint8_t bytes[FAKE_IMAGE_SIZE];
	char hex[65];

	make_image(version, bytes);
	fake_hash(bytes, sizeof bytes, hex);
	snprintf(json, size,
		"{\"name\": \"Helix\", \"version\": \"0.%u.0\", \"size\": %d, \"unpacked_size\": "
		"9000000, \"sha256\": \"%s\", \"url\": \"%s\", \"minimum_wsl\": \"2.0.0\"}",
		version, FAKE_IMAGE_SIZE, hex, url);
}

void fake_publish(unsigned version)
{
	fake.image_version = version;
	fake_manifest(version, "helix.tar.gz", fake.manifest, sizeof fake.manifest);
}

void fake_put_local_image(unsigned version, bool has_manifest)
{
	uint8_t bytes[FAKE_IMAGE_SIZE];
	char json[1024];

	make_image(version, bytes);
	fake_write(FAKE_EXE "\\helix.tar.gz", bytes, sizeof bytes);
	fake_manifest(version, "helix.tar.gz", json, sizeof json);
	if (has_manifest)
		fake_write(FAKE_EXE "\\manifest.json", json, strlen(json));
}

void fake_install(void)
{
	static const char installed[] = "{\"version\": \"0.1.0\"}";

	fake.is_registered = true;
	fake.system_version = 1;
	snprintf(fake.home, sizeof fake.home, "letters");
	snprintf(fake.truth, sizeof fake.truth, "letters");
	fake_write(FAKE_DATA "\\installed.json", installed, strlen(installed));
}

void fake_server_image(uint8_t bytes[FAKE_IMAGE_SIZE])
{
	make_image(fake.image_version, bytes);
}

/* Not SHA-256, but as good for telling images apart. */
void fake_hash(const uint8_t *bytes, size_t size, char hex[65])
{
	for (unsigned part = 0; part < 4; part++) {
		uint64_t hash = 14695981039346656037u + part;

		for (size_t i = 0; i < size; i++)
			hash = (hash ^ bytes[i]) * 1099511628211u;
		snprintf(hex + part * 16, 17, "%08lx%08lx", (unsigned long)(hash >> 32),
			(unsigned long)(hash & 0xffffffff));
	}
}

struct fake_file *fake_find(const char *path)
{
	for (size_t i = 0; path && i < fake.file_count; i++)
		if (strcmp(fake.files[i].path, path) == 0)
			return &fake.files[i];
	return NULL;
}

const char *fake_content(const char *path)
{
	static char text[4097];
	const struct fake_file *file = fake_find(path);

	if (!file)
		return NULL;
	memcpy(text, file->bytes, file->size);
	text[file->size] = '\0';
	return text;
}

void fake_write(const char *path, const void *bytes, size_t size)
{
	struct fake_file *file = fake_find(path);

	if (!file && fake.file_count < sizeof fake.files / sizeof *fake.files) {
		file = &fake.files[fake.file_count++];
		snprintf(file->path, sizeof file->path, "%s", path);
	}
	if (!file || size > sizeof file->bytes) {
		fake.is_endless = true;
		return;
	}
	if (size > 0 && bytes != file->bytes)
		memcpy(file->bytes, bytes, size);
	file->size = size;
}

void fake_remove(const char *path)
{
	struct fake_file *file = fake_find(path);

	if (file)
		*file = fake.files[--fake.file_count];
}

bool fake_call(bool can_be_cancelled)
{
	fake.calls++;
	if (fake.calls > MANY_CALLS) {
		fake.is_endless = true;
		longjmp(fake.aborted, 1);
	}
	if (fake.calls == fake.abort_at && !fake.is_midway)
		longjmp(fake.aborted, 1);
	if (fake.calls == fake.cancel_at && !fake.is_midway)
		fake.is_cancelled = true;
	return !(can_be_cancelled && fake.is_cancelled);
}

bool fake_is_midway(void)
{
	return fake.is_midway && (fake.calls == fake.abort_at || fake.calls == fake.cancel_at);
}

bool fake_call_end(void)
{
	if (!fake_is_midway())
		return true;
	if (fake.calls == fake.abort_at)
		longjmp(fake.aborted, 1);
	fake.is_cancelled = true;
	return false;
}

int fake_run(const struct options *options)
{
	const struct launch_options launch = {
		.options = options,
		.exe_directory = FAKE_EXE,
		.data_directory = FAKE_DATA,
		.version = "0.1.0",
	};

	if (setjmp(fake.aborted) != 0) {
		if (fake.is_home_unsynced)
			snprintf(fake.home, sizeof fake.home, "half");
		fake.is_home_unsynced = false;
		return -1;
	}
	return launch_run(&launch);
}
