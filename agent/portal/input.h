/* The Notify* methods of org.freedesktop.impl.portal.RemoteDesktop, passed on to mutter in order
 * and without waiting for it. For backend.c's vtable; the userdata is the backend.
 *
 * Threads: main loop only. */
#pragma once

#include <systemd/sd-bus.h>

int input_on_motion(sd_bus_message *call, void *backend, sd_bus_error *error);
int input_on_motion_absolute(sd_bus_message *call, void *backend, sd_bus_error *error);
int input_on_button(sd_bus_message *call, void *backend, sd_bus_error *error);
int input_on_axis(sd_bus_message *call, void *backend, sd_bus_error *error);
int input_on_axis_discrete(sd_bus_message *call, void *backend, sd_bus_error *error);
int input_on_keycode(sd_bus_message *call, void *backend, sd_bus_error *error);
int input_on_keysym(sd_bus_message *call, void *backend, sd_bus_error *error);
