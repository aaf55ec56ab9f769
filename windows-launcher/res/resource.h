/* Numbers of what is in helix.rc. For windres and the compiler alike. */
#pragma once

#define RESOURCE_ICON 1
