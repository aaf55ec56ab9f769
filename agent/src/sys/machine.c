#include "sys/machine.h"

#include "core/utf8.h"
#include "sys/cleanup.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_ENTRIES      8192 /* of a directory; Windows' driver store has about a thousand */
#define MAX_MODULE_LINES 65536
#define MAX_UDEV_ENTRY   (16 << 10)
#define MAX_NODE_DIGITS  7

struct path {
	char text[PATH_MAX];
};

/* False when it does not fit. */
__attribute__((format(printf, 3, 4))) static bool path_make(
	struct path *path, const char *root, const char *format, ...)
{
	size_t used = strlen(root);
	va_list arguments;

	if (used >= sizeof path->text)
		return false;
	memcpy(path->text, root, used);
	va_start(arguments, format);
	int more = vsnprintf(path->text + used, sizeof path->text - used, format, arguments);
	va_end(arguments);
	return more >= 0 && (size_t)more < sizeof path->text - used;
}

static bool exists(const char *root, const char *name)
{
	struct path path;
	struct stat file;

	return path_make(&path, root, "%s", name) && stat(path.text, &file) == 0;
}

/* A file that is one, and not a pipe that would keep us waiting. */
static int open_file(const struct path *path)
{
	struct stat file;
	int fd = open(path->text, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd >= 0 && (fstat(fd, &file) < 0 || !S_ISREG(file.st_mode))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* The beginning of a file, as much as fits; "" when it cannot be read. */
static void read_file(const struct path *path, char *buffer, size_t size)
{
	autoclose int fd = open_file(path);
	size_t used = 0;

	while (fd >= 0 && used < size - 1) {
		ssize_t got = read(fd, buffer + used, size - 1 - used);

		if (got <= 0)
			break;
		used += (size_t)got;
	}
	buffer[used] = '\0';
}

/* The first line of foreign text. */
static void copy_line(char *buffer, size_t size, const char *text)
{
	utf8_copy_clean_part(buffer, size, text, strcspn(text, "\n"));
}

static void read_kernel(const char *root, struct machine *m)
{
	struct path path;
	char text[sizeof m->kernel] = "";

	if (path_make(&path, root, "/proc/sys/kernel/osrelease"))
		read_file(&path, text, sizeof text);
	copy_line(m->kernel, sizeof m->kernel, text);
	m->is_wsl = strcasestr(m->kernel, "microsoft") || strcasestr(m->kernel, "wsl2");
}

/* The last part of what a link says; "" when it is none. The link may lead nowhere. */
static void read_link(const struct path *path, char *buffer, size_t size)
{
	char target[PATH_MAX];
	ssize_t length = readlink(path->text, target, sizeof target - 1);

	target[length > 0 ? length : 0] = '\0';
	const char *slash = strrchr(target, '/');
	copy_line(buffer, size, slash ? slash + 1 : target);
}

static void read_node_driver(const char *root, const char *name, char *driver, size_t size)
{
	char device[64] = "", bound[64] = "";
	struct path path;

	if (path_make(&path, root, "/sys/class/drm/%s/device", name))
		read_link(&path, device, sizeof device);
	if (path_make(&path, root, "/sys/class/drm/%s/device/driver", name))
		read_link(&path, bound, sizeof bound);
	/* vgem is a device without a driver, and from Linux 6.15 on, like vkms, one whose driver
	 * only says that there is no hardware. */
	bool is_unbound = !strcmp(device, "vgem") || !strcmp(bound, "faux_driver");
	snprintf(driver, size, "%.*s", (int)size - 1, is_unbound ? device : bound);
}

static bool read_is_ignored(const char *root, unsigned minor)
{
	struct path path;
	char entry[MAX_UDEV_ENTRY], *rest = NULL;

	if (!path_make(&path, root, "/run/udev/data/c226:%u", minor))
		return false;
	read_file(&path, entry, sizeof entry);
	for (char *line = strtok_r(entry, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		if (!strcmp(line, "G:mutter-device-ignore") ||
			!strcmp(line, "Q:mutter-device-ignore"))
			return true;
	return false;
}

/* "card0", "renderD128", and nothing else. DRM names a node by its minor number. */
static bool parse_node_name(const char *name, bool *ret_is_render, unsigned *ret_minor)
{
	bool is_render = !strncmp(name, "renderD", 7);
	const char *digits = name + (is_render ? 7 : 4);

	if (!is_render && strncmp(name, "card", 4) != 0)
		return false;
	size_t length = strspn(digits, "0123456789");
	if (!length || length > MAX_NODE_DIGITS || digits[length])
		return false;
	*ret_is_render = is_render;
	*ret_minor = (unsigned)strtoul(digits, NULL, 10);
	return true;
}

/* Render nodes first: they are what encoders want, so that they stay when there are too many. */
static int compare_use(const struct drm_node *a, const struct drm_node *b)
{
	return a->is_render != b->is_render ? b->is_render - a->is_render
					    : strcmp(a->path, b->path);
}

static int compare_path(const void *a, const void *b)
{
	return strcmp(((const struct drm_node *)a)->path, ((const struct drm_node *)b)->path);
}

static void add_node(struct machine *m, const struct drm_node *node)
{
	size_t at = 0;

	while (at < m->node_count && compare_use(m->nodes + at, node) < 0)
		at++;
	if (at == MACHINE_MAX_NODES)
		return;
	if (m->node_count < MACHINE_MAX_NODES)
		m->node_count++;
	memmove(m->nodes + at + 1, m->nodes + at, (m->node_count - at - 1) * sizeof *m->nodes);
	m->nodes[at] = *node;
}

static void read_nodes(const char *root, struct machine *m)
{
	struct path path;
	struct dirent *entry;
	DIR *directory = path_make(&path, root, "/dev/dri") ? opendir(path.text) : NULL;

	if (!directory)
		return;
	for (int i = 0; i < MAX_ENTRIES && (entry = readdir(directory)); i++) {
		struct drm_node node = { 0 };
		unsigned minor;

		if (!parse_node_name(entry->d_name, &node.is_render, &minor) ||
			!path_make(&path, root, "/dev/dri/%s", entry->d_name))
			continue;
		snprintf(node.path, sizeof node.path, "/dev/dri/%.32s", entry->d_name);
		read_node_driver(root, entry->d_name, node.driver, sizeof node.driver);
		/* Opening would tell more, but it wakes a sleeping GPU, which takes long, and
		 * makes the first who opens a card its master. */
		node.is_usable = faccessat(AT_FDCWD, path.text, R_OK | W_OK, AT_EACCESS) == 0;
		node.is_ignored = read_is_ignored(root, minor);
		add_node(m, &node);
		if (!strcmp(node.driver, "vgem"))
			m->vgem = VGEM_LOADED;
	}
	closedir(directory);
	qsort(m->nodes, m->node_count, sizeof *m->nodes, compare_path);
}

/* Whether a line of modules.dep or modules.builtin is about vgem: "kernel/.../vgem.ko.zst: ...".
 * What stands behind the colon are modules that this one needs. */
static bool is_vgem(const char *line)
{
	size_t length = strcspn(line, ": \t\n"), name = length;

	while (name && line[name - 1] != '/')
		name--;
	return length - name >= 7 && !strncmp(line + name, "vgem.ko", 7) &&
		(length - name == 7 || line[name + 7] == '.');
}

static bool lists_vgem(const struct path *path)
{
	int fd = open_file(path);
	FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;
	bool found = false, is_begin = true;
	char line[1024];

	if (!file) {
		cleanup_close(&fd);
		return false;
	}
	for (int i = 0; !found && i < MAX_MODULE_LINES && fgets(line, sizeof line, file); i++) {
		found = is_begin && is_vgem(line);
		is_begin = strchr(line, '\n');
	}
	fclose(file);
	return found;
}

static void read_modules(const char *root, struct machine *m)
{
	static const char *const lists[] = { "modules.builtin", "modules.dep" };
	struct path path;

	/* A kernel's name is no way out of /lib/modules. */
	if (!*m->kernel || *m->kernel == '.' || strchr(m->kernel, '/'))
		return;
	for (size_t i = 0; i < sizeof lists / sizeof *lists && m->vgem == VGEM_GONE; i++)
		if (path_make(&path, root, "/lib/modules/%s/%s", m->kernel, lists[i]) &&
			lists_vgem(&path))
			m->vgem = VGEM_LOADABLE;
}

static bool begins(const char *text, const char *with)
{
	return !strncasecmp(text, with, strlen(with));
}

/* Which vendor's a folder of Windows' driver store is: "nv_dispi.inf_amd64_feedb8c0271ca811". */
static unsigned vendor_of(const char *name)
{
	/* Windows brings these itself, for memory modules and disks. */
	static const char *const not_nvidia[] = { "nvdimm", "nvme", "nvraid", "nvstor" };

	if (!strcasestr(name, ".inf_"))
		return 0;
	for (size_t i = 0; i < sizeof not_nvidia / sizeof *not_nvidia; i++)
		if (begins(name, not_nvidia[i]))
			return 0;
	return begins(name, "nv")      ? MACHINE_NVIDIA
		: begins(name, "iigd") ? MACHINE_INTEL
		: begins(name, "u0")   ? MACHINE_AMD
				       : 0;
}

static void read_vendors(const char *root, struct machine *m)
{
	struct path path;
	struct dirent *entry;
	DIR *store = path_make(&path, root, "/usr/lib/wsl/drivers") ? opendir(path.text) : NULL;

	if (!store)
		return;
	for (int i = 0; i < MAX_ENTRIES && (entry = readdir(store)); i++)
		m->vendors |= vendor_of(entry->d_name);
	closedir(store);
}

static bool has_nvidia_encode(const char *root)
{
	return exists(root, "/usr/lib/wsl/lib/libnvidia-encode.so.1") ||
		exists(root, "/usr/lib/x86_64-linux-gnu/libnvidia-encode.so.1") ||
		exists(root, "/usr/lib/aarch64-linux-gnu/libnvidia-encode.so.1") ||
		exists(root, "/usr/lib64/libnvidia-encode.so.1");
}

static void read_dxg(const char *root, struct machine *m)
{
	struct path path;

	if (!path_make(&path, root, "/dev/dxg"))
		return;
	/* Opened, because in a container a device can be there and be denied. */
	autoclose int fd = open(path.text, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	m->has_dxg = exists(root, "/dev/dxg");
	m->dxg_is_usable = fd >= 0;
}

static void read_word(const char *name, char *buffer, size_t size)
{
	const char *value = getenv(name);

	copy_line(buffer, size, value ? value : "");
}

void machine_read(const char *root, struct machine *ret_machine)
{
	struct machine *m = ret_machine;

	*m = (struct machine){ 0 };
	read_kernel(root, m);
	m->has_udevd = exists(root, "/run/udev/control");
	m->is_container = exists(root, "/.dockerenv") || exists(root, "/run/.containerenv");
	read_dxg(root, m);
	m->has_libd3d12 = exists(root, "/usr/lib/wsl/lib/libd3d12.so") &&
		exists(root, "/usr/lib/wsl/lib/libdxcore.so");
	m->has_nvidia_encode = has_nvidia_encode(root);
	read_vendors(root, m);
	read_nodes(root, m);
	read_modules(root, m);
	read_word("LIBVA_DRIVER_NAME", m->va_driver, sizeof m->va_driver);
	read_word("LIBVA_DRIVERS_PATH", m->va_drivers_path, sizeof m->va_drivers_path);
}
