/* settings.ini in the data directory: what a person chose, and where the window stood.
 *
 *   close=tray         closing the window keeps the session; anything else ends it
 *   keyboard=windows   Win and Alt+Tab belong to the desktop while it is full screen
 *   left= top= width= height= maximized=
 *
 * Threads: the window's. What cannot be read is as if it was not there; what cannot be written is
 * forgotten. */
#pragma once

#include "win/win.h"

bool settings_is(const wchar_t *name, const wchar_t *value);
void settings_set(const wchar_t *name, const wchar_t *value);

/* False when there is no such number. */
bool settings_number(const wchar_t *name, LONG *ret_number);
void settings_set_number(const wchar_t *name, LONG number);
