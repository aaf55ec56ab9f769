/* Functions of Windows' DLLs that are loaded when they are needed, from the system directory.
 *
 * Those that Windows loads for a program's import table come from beside the program where somebody
 * put one there, unless Windows counts them among its "known" ones: and Helix.exe lies in a folder
 * of downloads. So each file that needs others has a table of its own, made by SYSTEM_DLL().
 *
 * Threads: any. Ownership: what is loaded stays loaded. */
#pragma once

#include "win/win.h"

/* With FUNCTIONS(X) as X(one) X(other): a variable `dll`, to call them by (dll.one()), and before
 * that, every time, dll_load(), which is false when Windows has no such DLL or function. */
#define SYSTEM_DLL(dll, FUNCTIONS)                                                                 \
 static union {                                                                                    \
  struct {                                                                                         \
   FUNCTIONS(SYSTEM_DLL_POINTER)                                                                   \
  };                                                                                               \
  void *functions[FUNCTIONS(SYSTEM_DLL_ONE) + 0];                                                  \
 } dll;                                                                                            \
 static bool dll##_load(void)                                                                      \
 {                                                                                                 \
  static const char *const names[] = { FUNCTIONS(SYSTEM_DLL_NAME) };                               \
  return system_dll_load(L"" #dll ".dll", names, dll.functions, sizeof(names) / sizeof(*names));   \
 }

#define SYSTEM_DLL_POINTER(function) __typeof__(&function) function;
#define SYSTEM_DLL_NAME(function)    #function,
#define SYSTEM_DLL_ONE(function)     +1

/* SYSTEM_DLL()'s: all or none. False with a line in the log and GetLastError(). */
bool system_dll_load(
	const wchar_t *dll, const char *const *names, void *volatile *functions, size_t count);
