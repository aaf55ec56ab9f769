/* The configuration files of a session, written into its runtime directory:
 *
 *	session-bus.conf  system-bus.conf   for our dbus-daemons
 *	services/                           D-Bus services that must not be activated
 *	portals/                            helix.portal, links to the machine's, portals.conf
 *	data/gnome-shell/modes/helix.json   GNOME without its welcome dialog
 *
 * Nothing outside of the runtime directory is written: the user's settings stay the user's. */
#pragma once

/* 0 or a negative errno. */
int files_write(const char *runtime_dir);
