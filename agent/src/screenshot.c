#include "screenshot.h"

#include "core/guard.h"
#include "net/get.h"
#include "state.h"
#include "sys/cleanup.h"

#include <errno.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int write_png(const char *file, const uint8_t *pixels, uint32_t width, uint32_t height)
{
	png_image image = {
		.version = PNG_IMAGE_VERSION,
		.width = width,
		.height = height,
		.format = PNG_FORMAT_RGB,
	};
	int written = !strcmp(file, "-")
		? png_image_write_to_stdio(&image, stdout, 0, pixels, 0, NULL)
		: png_image_write_to_file(&image, file, 0, pixels, 0, NULL);

	if (!written) {
		fprintf(stderr, "helix-agent: cannot write %s: %s\n", file, image.message);
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}

int screenshot_take(const char *file, uint16_t port, const char *token)
{
	char found[GUARD_MAX_TOKEN + 1];
	autofree uint8_t *body = NULL;
	uint32_t width, height;
	size_t size;
	int head = 0;

	if (!*token) {
		if (state_find_agent(&port, found, sizeof found) < 0) {
			fprintf(stderr,
				"helix-agent: no desktop of yours is running; start one with "
				"`helix-agent run`, or name it with --listen and HELIX_TOKEN\n");
			return EXIT_FAILURE;
		}
		token = found;
	}
	int status = get_from_agent(port, "/api/screenshot", token, &body, &size);
	if (status < 0) {
		fprintf(stderr, "helix-agent: no answer from port %u: %s\n", port,
			strerror(-status));
		return EXIT_FAILURE;
	}
	if (status != 200) {
		fprintf(stderr,
			status == 401 ? "helix-agent: the token is wrong (HTTP %d)\n"
				: status == 503
				? "helix-agent: there is no picture yet (HTTP %d); try again\n"
				: "helix-agent: the agent answered HTTP %d\n",
			status);
		return EXIT_FAILURE;
	}
	if (sscanf((const char *)body, "P6\n%5u %5u\n255%n", &width, &height, &head) != 2 ||
		head == 0 || (size_t)head + 1 + (size_t)width * height * 3 != size) {
		fprintf(stderr, "helix-agent: the agent's answer is no picture\n");
		return EXIT_FAILURE;
	}
	return write_png(file, body + head + 1, width, height);
}
