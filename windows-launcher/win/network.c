#include "win/network.h"

#include <winsock2.h>
#include <ws2tcpip.h>

#include <iphlpapi.h>

#include "win/system_dll.h"

enum { CALM_MS = 2000 };

#define IPHLPAPI_FUNCTIONS(X) X(NotifyIpInterfaceChange) X(CancelMibChangeNotify2)
SYSTEM_DLL(iphlpapi, IPHLPAPI_FUNCTIONS)

static PTP_TIMER timer;
static HANDLE watch;

static void CALLBACK on_calm(PTP_CALLBACK_INSTANCE instance, void *unused, PTP_TIMER also_unused)
{
	(void)instance, (void)unused, (void)also_unused;
	win_post_event(PLAT_EVENT_WOKE);
}

/* One change comes as a dozen. They do not put it off: some networks never come to rest. */
static void WINAPI on_change(void *unused, MIB_IPINTERFACE_ROW *row, MIB_NOTIFICATION_TYPE type)
{
	ULARGE_INTEGER due = { .QuadPart = (ULONGLONG)(-10000LL * CALM_MS) };
	FILETIME from_now = { due.LowPart, due.HighPart };

	(void)unused, (void)row, (void)type;
	if (!IsThreadpoolTimerSet(timer))
		SetThreadpoolTimer(timer, &from_now, 0, 0);
}

void network_watch(void)
{
	DWORD error;

	if (!iphlpapi_load())
		return;
	timer = CreateThreadpoolTimer(on_calm, NULL, NULL);
	if (!timer) {
		win_failed("network: no timer", GetLastError());
		return;
	}
	error = iphlpapi.NotifyIpInterfaceChange(AF_UNSPEC, on_change, NULL, FALSE, &watch);
	if (error)
		win_failed("network: its changes are not told", error);
}

void network_leave(void)
{
	/* Waits for on_change(): after it nobody sets the timer. */
	if (watch)
		iphlpapi.CancelMibChangeNotify2(watch);
	watch = NULL;
	if (!timer)
		return;
	SetThreadpoolTimer(timer, NULL, 0, 0);
	WaitForThreadpoolTimerCallbacks(timer, TRUE);
	CloseThreadpoolTimer(timer);
	timer = NULL;
}
