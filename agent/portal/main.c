#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "backend.h"
#include "mutter.h"
#include "sys/log.h"

static const char usage[] =
	"Usage: helix-portal [OPTION]...\n"
	"\n"
	"The portal backend that never asks: screen cast and remote desktop of GNOME's compositor,\n"
	"for xdg-desktop-portal on the session bus in DBUS_SESSION_BUS_ADDRESS.\n"
	"\n"
	"  --log-level LEVEL  error, warn, info (default), debug or trace\n"
	"  --help             print this and exit\n"
	"  --version          print the version and exit\n";

/* 0 to go on, 1 to exit with success, -EINVAL after the reason was written. */
static int parse_arguments(int argc, char **argv)
{
	static const struct option options[] = {
		{ "log-level", required_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ 0 },
	};
	enum log_level level;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'h') {
			fputs(usage, stdout);
			return 1;
		}
		if (option == 'v') {
			puts("helix-portal " HELIX_VERSION);
			return 1;
		}
		if (option != 'l')
			return -EINVAL;
		if (log_level_from_string(optarg, &level) < 0) {
			fprintf(stderr, "helix-portal: no such log level: %s\n", optarg);
			return -EINVAL;
		}
		log_set_level(level);
	}
	if (optind < argc) {
		fprintf(stderr, "helix-portal: unexpected argument: %s\n", argv[optind]);
		return -EINVAL;
	}
	return 0;
}

static int on_disconnected(sd_bus_message *signal, void *userdata, sd_bus_error *error)
{
	(void)signal, (void)error;
	log_error("portal: the session bus is gone, leaving");
	return sd_event_exit(userdata, 1);
}

static int open_bus(sd_event *event, sd_bus **ret_bus)
{
	sd_bus *bus = NULL;

	int r = sd_bus_open_user(&bus);
	if (r < 0)
		return r;

	r = sd_bus_attach_event(bus, event, 0);
	if (r >= 0)
		r = sd_bus_set_method_call_timeout(bus, MUTTER_CALL_TIMEOUT_US);
	if (r >= 0)
		r = sd_bus_match_signal(bus, NULL, "org.freedesktop.DBus.Local",
			"/org/freedesktop/DBus/Local", "org.freedesktop.DBus.Local", "Disconnected",
			on_disconnected, event);
	if (r < 0) {
		sd_bus_close_unref(bus);
		return r;
	}
	*ret_bus = bus;
	return 0;
}

static int new_loop(sd_event **ret_event)
{
	sd_event *event = NULL;
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, NULL);

	int r = sd_event_new(&event);
	if (r < 0)
		return r;

	/* Without a handler the signal ends the loop with success. */
	r = sd_event_add_signal(event, NULL, SIGTERM, NULL, NULL);
	if (r >= 0)
		r = sd_event_add_signal(event, NULL, SIGINT, NULL, NULL);
	if (r < 0) {
		sd_event_unref(event);
		return r;
	}
	*ret_event = event;
	return 0;
}

static int serve(sd_event *event, sd_bus *bus)
{
	struct backend backend;

	int r = backend_init(&backend, bus);
	if (r == -EEXIST) {
		log_error("portal: somebody else has the name " BACKEND_NAME
			  "; end the other helix-portal first");
	} else if (r < 0) {
		log_error("portal: cannot serve on the session bus: %s", strerror(-r));
	} else {
		log_info("portal: ready as " BACKEND_NAME);
		r = sd_event_loop(event);
	}
	backend_done(&backend);
	return r;
}

int main(int argc, char **argv)
{
	sd_event *event = NULL;
	sd_bus *bus = NULL;

	int r = parse_arguments(argc, argv);
	if (r)
		return r > 0 ? 0 : 2;

	r = new_loop(&event);
	if (r < 0) {
		log_error("portal: cannot make an event loop: %s", strerror(-r));
		return 1;
	}
	r = open_bus(event, &bus);
	if (r < 0)
		log_error(
			"portal: cannot reach the session bus: %s; is DBUS_SESSION_BUS_ADDRESS set?",
			strerror(-r));
	else
		r = serve(event, bus);
	sd_bus_flush_close_unref(bus);
	sd_event_unref(event);
	return r ? 1 : 0;
}
