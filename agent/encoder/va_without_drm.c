/* On WSL the GPU is behind /dev/dxg, and Mesa's VA driver "d3d12" works on that. Yet VA can only be
 * opened on a DRM node, and Mesa takes this driver only for the node of the kernel module vgem,
 * which does nothing but exist. The kernels of WSL from 6.18.40.1 on have neither vgem nor any DRM.
 *
 * What the three libraries between GStreamer and D3D12 really ask of that node is little:
 *
 * - gstreamer-vaapi opens what GST_VAAPI_DRM_DEVICE names, and then does not look into udev or
 *   /dev/dri at all.
 * - libva calls drmGetNodeTypeFromFd(), wants no error, and asks a render node no more.
 * - Mesa calls drmGetVersion() for the driver's name, "vgem", unless MESA_LOADER_DRIVER_OVERRIDE
 *   says it. It keeps the descriptor for buffers that are to be displayed or shared, of which an
 *   encoder has none; its ioctls fail there as they do on a real vgem node.
 *
 * So with /dev/null for the node and two variables, which the agent sets
 * (core/candidate_environment.c), a single answer is missing: drmGetNodeTypeFromFd() of /dev/null.
 * It is given here. The program exports the function (see the Makefile), and the dynamic linker
 * looks into the program before it looks into libdrm, on whose behalf soever.
 *
 * It is off unless the agent asks for it, which it does where there is no node. Then, and for all
 * other descriptors, libdrm itself answers. Only this process sees the difference, and therefore
 * GStreamer must look for its plugins here and not in its helper program: a driver that does not
 * open there is remembered in the registry as a plugin without elements. */
#include "va_without_drm.h"

#include <dlfcn.h>
#include <errno.h>
#include <gst/gst.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define DRM_NODE_RENDER 2 /* of xf86drm.h */
#define NULL_MAJOR      1
#define NULL_MINOR      3

typedef int node_type_fn(int fd);

static bool is_enabled;

/* Public, because libva calls it. */
__attribute__((visibility("default"))) int drmGetNodeTypeFromFd(int fd);

void va_without_drm_enable(void)
{
	is_enabled = true;
	/* GStreamer would look at plugins in another program, which has no such symbol. */
	gst_registry_fork_set_enabled(FALSE);
}

static bool is_null_device(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 && S_ISCHR(status.st_mode) &&
		major(status.st_rdev) == NULL_MAJOR && minor(status.st_rdev) == NULL_MINOR;
}

/* libdrm comes with the program itself, by way of libva-drm, so that RTLD_NEXT sees it; and before
 * it whatever else was put in its place for the whole process. */
static int ask_libdrm(int fd)
{
	node_type_fn *ask = (node_type_fn *)dlsym(RTLD_NEXT, "drmGetNodeTypeFromFd");

	if (ask)
		return ask(fd);
	errno = ENODEV;
	return -1;
}

int drmGetNodeTypeFromFd(int fd)
{
	return is_enabled && is_null_device(fd) ? DRM_NODE_RENDER : ask_libdrm(fd);
}
