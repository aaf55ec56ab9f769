#include "doctor/fingerprint.h"

#include <dirent.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#if defined(__x86_64__)
# define TRIPLET "x86_64-linux-gnu"
#elif defined(__aarch64__)
# define TRIPLET "aarch64-linux-gnu"
#else
# define TRIPLET "linux-gnu"
#endif

extern char **environ;

/* Where distributions keep libraries. */
static const char *const library_dirs[] = {
	"/usr/lib/" TRIPLET,
	"/usr/lib64",
	"/usr/local/lib/" TRIPLET,
	"/usr/local/lib",
};

#define DIRS (sizeof library_dirs / sizeof *library_dirs)

static const char *const plugins[] = {
	"libgstvaapi.so",
	"libgstva.so",
	"libgstnvcodec.so",
	"libgstx264.so",
	"libgstopenh264.so",
	"libgstvideoparsersbad.so",
};

/* Variables that steer libva, Mesa, GStreamer's plugins and the loader. */
static const char *const words[] = {
	"LIBVA_",
	"MESA_",
	"GALLIUM_",
	"LIBGL_",
	"D3D12_",
	"GST_PLUGIN_",
	"GST_VAAPI_",
	"LD_LIBRARY_PATH=",
	"LD_PRELOAD=",
};

/* 64-bit FNV-1a. */
static void add(uint64_t *hash, const void *bytes, size_t size)
{
	const uint8_t *byte = bytes;

	for (size_t i = 0; i < size; i++)
		*hash = (*hash ^ byte[i]) * UINT64_C(0x100000001b3);
}

/* The NUL goes in too, so that "ab" "c" is not "a" "bc". */
static void add_text(uint64_t *hash, const char *text)
{
	add(hash, text, strlen(text) + 1);
}

static void add_number(uint64_t *hash, uint64_t number)
{
	add(hash, &number, sizeof number);
}

static void add_file(uint64_t *hash, const char *path)
{
	struct stat file;

	if (stat(path, &file) < 0)
		return;
	add_text(hash, path);
	add_number(hash, (uint64_t)file.st_size);
	add_number(hash, (uint64_t)file.st_mtim.tv_sec);
	add_number(hash, (uint64_t)file.st_mtim.tv_nsec);
	add_number(hash, (uint64_t)file.st_ino);
}

static void add_file_in(uint64_t *hash, const char *directory, const char *name)
{
	char path[PATH_MAX];

	if ((size_t)snprintf(path, sizeof path, "%s/%s", directory, name) < sizeof path)
		add_file(hash, path);
}

/* Those of a directory's entries that match; the order in which they come does not count. */
static void add_directory(uint64_t *hash, const char *path, const char *pattern, bool names_only)
{
	DIR *directory = opendir(path);
	uint64_t sum = 0;

	if (!directory)
		return;
	for (struct dirent *entry; (entry = readdir(directory));) {
		uint64_t own = UINT64_C(0xcbf29ce484222325);

		if (*entry->d_name == '.' || fnmatch(pattern, entry->d_name, 0) != 0)
			continue;
		add_text(&own, entry->d_name);
		if (!names_only)
			add_file_in(&own, path, entry->d_name);
		sum += own;
	}
	closedir(directory);
	add_text(hash, path);
	add_number(hash, sum);
}

static void each_in_list(
	uint64_t *hash, const char *list, void (*each)(uint64_t *hash, const char *directory))
{
	char directory[PATH_MAX];

	while (list && *list) {
		size_t length = strcspn(list, ":");

		if (length && length < sizeof directory) {
			memcpy(directory, list, length);
			directory[length] = '\0';
			each(hash, directory);
		}
		list += length + (list[length] == ':');
	}
}

static void add_plugins(uint64_t *hash, const char *directory)
{
	for (size_t i = 0; i < sizeof plugins / sizeof *plugins; i++)
		add_file_in(hash, directory, plugins[i]);
}

static void add_va_drivers(uint64_t *hash, const char *directory)
{
	add_directory(hash, directory, "*_drv_video.so", false);
}

static void add_software(uint64_t *hash, const struct machine *machine)
{
	static const char *const gst_paths[] = {
		"GST_PLUGIN_PATH",
		"GST_PLUGIN_PATH_1_0",
		"GST_PLUGIN_SYSTEM_PATH",
		"GST_PLUGIN_SYSTEM_PATH_1_0",
	};
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof gst_paths / sizeof *gst_paths; i++)
		each_in_list(hash, getenv(gst_paths[i]), add_plugins);
	each_in_list(hash, machine->va_drivers_path, add_va_drivers);
	for (size_t i = 0; i < DIRS; i++) {
		snprintf(path, sizeof path, "%s/gstreamer-1.0", library_dirs[i]);
		add_plugins(hash, path);
		snprintf(path, sizeof path, "%s/dri", library_dirs[i]);
		add_va_drivers(hash, path);
		add_file_in(hash, path, "swrast_dri.so");
		add_file_in(hash, path, "d3d12_dri.so");
		add_file_in(hash, library_dirs[i], "libva.so.2");
		add_file_in(hash, library_dirs[i], "libva-drm.so.2");
		add_file_in(hash, library_dirs[i], "libgstreamer-1.0.so.0");
		add_file_in(hash, library_dirs[i], "libEGL_mesa.so.0");
		add_directory(hash, library_dirs[i], "libgallium*.so", false);
	}
}

static void add_machine(uint64_t *hash, const struct machine *machine)
{
	add_text(hash, machine->kernel);
	add_number(hash,
		machine->has_dxg | machine->dxg_is_usable << 1 | machine->has_libd3d12 << 2 |
			machine->has_nvidia_encode << 3);
	add_number(hash, machine->vendors);
	for (size_t i = 0; i < machine->node_count; i++) {
		add_text(hash, machine->nodes[i].path);
		add_text(hash, machine->nodes[i].driver);
		add_number(hash, machine->nodes[i].is_usable);
	}
	add_text(hash, machine->va_driver);
	add_text(hash, machine->va_drivers_path);
	add_directory(hash, "/usr/lib/wsl/lib", "*", false);
	add_directory(hash, "/usr/lib/wsl/drivers", "*", true);
}

static void add_words(uint64_t *hash)
{
	uint64_t sum = 0;

	for (char **entry = environ; *entry; entry++)
		for (size_t i = 0; i < sizeof words / sizeof *words; i++)
			if (!strncmp(*entry, words[i], strlen(words[i]))) {
				uint64_t own = UINT64_C(0xcbf29ce484222325);

				add_text(&own, *entry);
				sum += own;
			}
	add_number(hash, sum);
}

static void add_candidate(uint64_t *hash, const struct candidate *candidate)
{
	add_number(hash, candidate->route);
	add_text(hash, candidate->node);
	add_text(hash, candidate->va_driver);
	add_text(hash, candidate->gallium_driver);
	add_text(hash, candidate->adapter);
}

void fingerprint_make(const struct probe_options *options, char key[PROBE_KEY_SIZE])
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	add_text(&hash, HELIX_VERSION);
	add_machine(&hash, options->machine);
	add_words(&hash);
	add_software(&hash, options->machine);
	add_file(&hash, options->encoder_program ? options->encoder_program : "");
	add_file(&hash, options->gl_program ? options->gl_program : "");
	for (size_t i = 0; i < options->candidates->count; i++) {
		add_text(&hash, options->candidates->items[i].name);
		add_candidate(&hash, &options->candidates->items[i]);
	}
	add_number(&hash, options->width_px);
	add_number(&hash, options->height_px);
	add_number(&hash, options->fps);
	snprintf(key, PROBE_KEY_SIZE, "%016" PRIx64, hash);
}

void fingerprint_candidate(const struct candidate *candidate, char key[PROBE_KEY_SIZE])
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	if (candidate->is_hardware)
		add_candidate(&hash, candidate);
	snprintf(key, PROBE_KEY_SIZE, "%016" PRIx64, hash);
}
