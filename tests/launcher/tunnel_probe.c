/* The launcher's tunnel alone, for tunnel.test.mjs: `tunnel_probe WORD...` starts it with these
 * words for wsl.exe, and answers the lines of its stdin with one line each:
 *
 *   start       "port N", or "failed N" with a plat_result
 *   describe    tunnel_describe()
 *   cancel      plat_cancel() was called: "cancelled"
 *   stop        "stopped MS": how long that took; also at the end of stdin
 *
 * The launcher's log goes to C:\tunnel-probe. */
#include "win/tunnel.h"

#include <stdio.h>
#include <string.h>

static void start(const char *const *arguments)
{
	uint16_t port;
	int r = plat_tunnel_start(arguments, &port);

	if (r == PLAT_OK)
		printf("port %u\n", port);
	else
		printf("failed %d\n", r);
}

static void describe(void)
{
	char text[200];

	tunnel_describe(text, sizeof text);
	puts(text);
}

static void stop(void)
{
	uint64_t since_ms = plat_now_ms();

	plat_tunnel_stop();
	printf("stopped %u\n", (unsigned)(plat_now_ms() - since_ms));
}

int wmain(int argc, wchar_t **argv)
{
	const char *arguments[32] = { NULL };
	char line[64];

	for (int i = 1; i < argc && i < 32; i++)
		arguments[i - 1] = win_narrow(argv[i]);
	plat_make_directory("C:\\tunnel-probe");
	win_set_data_directory(L"C:\\tunnel-probe");
	win_log_open();
	while (fgets(line, sizeof line, stdin)) {
		if (!strncmp(line, "start", 5))
			start(arguments);
		else if (!strncmp(line, "describe", 8))
			describe();
		else if (!strncmp(line, "stop", 4))
			stop();
		else if (!strncmp(line, "cancel", 6)) {
			plat_cancel();
			puts("cancelled");
		}
		fflush(stdout);
	}
	stop();
	win_log_close();
	return 0;
}
