/* winsock2.h must come before windows.h. */
#include <winsock2.h>

#include "wsl_stub.h"

#include "bridge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct relay {
	SOCKET socket;
	HANDLE input;
};

static bool send_all(SOCKET socket, const char *data, size_t size)
{
	while (size > 0) {
		int count = send(socket, data, (int)size, 0);

		if (count <= 0)
			return false;
		data += count;
		size -= (size_t)count;
	}
	return true;
}

static bool receive_all(SOCKET socket, char *data, size_t size)
{
	while (size > 0) {
		int count = recv(socket, data, (int)size, 0);

		if (count <= 0)
			return false;
		data += count;
		size -= (size_t)count;
	}
	return true;
}

/* `frame` has room for the header in front of its `size` bytes. */
static bool send_frame(SOCKET socket, char type, char *frame, size_t size)
{
	frame[0] = type;
	for (int i = 0; i < 4; i++)
		frame[1 + i] = (char)(size >> 8 * i);
	return send_all(socket, frame, BRIDGE_HEADER + size);
}

static bool send_text(SOCKET socket, char type, const char *text)
{
	static char frame[BRIDGE_HEADER + BRIDGE_MAX_DATA];
	size_t size = strlen(text);

	if (size > BRIDGE_MAX_DATA)
		return false;
	memcpy(frame + BRIDGE_HEADER, text, size);
	return send_frame(socket, type, frame, size);
}

/* Two ends of one connection. The second can be a Unix program's stdin: wine hands over the
 * descriptor of a socket, where its pipes have none. */
static bool socket_pair(SOCKET *ret_ours, SOCKET *ret_theirs)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	int size = sizeof address;
	BOOL one = TRUE;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	SOCKET listener = socket(AF_INET, SOCK_STREAM, 0);
	SOCKET theirs = WSASocketW(AF_INET, SOCK_STREAM, 0, NULL, 0, 0);
	if (listener == INVALID_SOCKET || theirs == INVALID_SOCKET ||
		bind(listener, (struct sockaddr *)&address, size) != 0 ||
		listen(listener, 1) != 0 ||
		getsockname(listener, (struct sockaddr *)&address, &size) != 0 ||
		connect(theirs, (struct sockaddr *)&address, size) != 0)
		return false;
	SOCKET ours = accept(listener, NULL, NULL);
	closesocket(listener);
	if (ours == INVALID_SOCKET)
		return false;
	setsockopt(ours, IPPROTO_TCP, TCP_NODELAY, (const char *)&one, sizeof one);
	SetHandleInformation((HANDLE)ours, HANDLE_FLAG_INHERIT, 0);
	SetHandleInformation((HANDLE)theirs, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
	*ret_ours = ours;
	*ret_theirs = theirs;
	return true;
}

/* Wine starts a Unix program without giving us a process to wait for: the socket tells of its end.
 */
static bool start_bridge(SOCKET *ret_socket)
{
	STARTUPINFOW startup = { .cb = sizeof startup, .dwFlags = STARTF_USESTDHANDLES };
	SECURITY_ATTRIBUTES inherited = { .nLength = sizeof inherited, .bInheritHandle = TRUE };
	PROCESS_INFORMATION information;
	wchar_t program[MAX_PATH], line[] = L"wsl-bridge";
	SOCKET ours, theirs;
	WSADATA data;

	if (!GetEnvironmentVariableW(L"HELIX_STUB_BRIDGE", program, MAX_PATH) ||
		WSAStartup(MAKEWORD(2, 2), &data) != 0 || !socket_pair(&ours, &theirs))
		return false;
	startup.hStdInput = (HANDLE)theirs;
	startup.hStdOutput = startup.hStdError = CreateFileW(L"NUL", GENERIC_WRITE,
		FILE_SHARE_READ | FILE_SHARE_WRITE, &inherited, OPEN_EXISTING, 0, NULL);
	bool started = CreateProcessW(
		program, line, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &information);
	closesocket(theirs);
	CloseHandle(startup.hStdOutput);
	if (!started) {
		closesocket(ours);
		return false;
	}
	*ret_socket = ours;
	return true;
}

char *relay_unix_path(const wchar_t *path)
{
	typedef char *(CDECL * unix_name)(const wchar_t *);
	HMODULE kernel = GetModuleHandleW(L"kernel32.dll");
	unix_name ask = (unix_name)(void *)GetProcAddress(kernel, "wine_get_unix_file_name");

	return ask ? ask(path) : NULL;
}

static bool send_request(SOCKET socket, const struct relay_command *command)
{
	char *base = relay_unix_path(command->base);

	if (!base || !send_text(socket, BRIDGE_BASE, base))
		return false;
	if (!command->arguments)
		return send_text(socket, BRIDGE_TERMINATE, "");
	if (!send_text(socket, BRIDGE_NAME, command->name) ||
		(command->user && !send_text(socket, BRIDGE_USER, command->user)) ||
		(command->directory && !send_text(socket, BRIDGE_DIRECTORY, command->directory)) ||
		(command->deaf && !send_text(socket, BRIDGE_DEAF, "")) ||
		(command->outside && !send_text(socket, BRIDGE_OUTSIDE, "")))
		return false;
	for (const char *const *argument = command->arguments; *argument; argument++)
		if (!send_text(socket, BRIDGE_ARGUMENT, *argument))
			return false;
	return send_text(socket, BRIDGE_RUN, "");
}

static DWORD WINAPI feed(void *owner)
{
	const struct relay *relay = owner;
	static char frame[BRIDGE_HEADER + BRIDGE_MAX_DATA];
	DWORD count;

	while (ReadFile(relay->input, frame + BRIDGE_HEADER, BRIDGE_MAX_DATA, &count, NULL) &&
		count > 0)
		if (!send_frame(relay->socket, BRIDGE_INPUT, frame, count))
			return 0;
	send_frame(relay->socket, BRIDGE_INPUT_END, frame, 0);
	return 0;
}

/* Until it says how the program ended. */
static int drain(SOCKET socket)
{
	static char data[BRIDGE_MAX_DATA];
	unsigned char header[BRIDGE_HEADER];
	DWORD written;

	while (receive_all(socket, (char *)header, sizeof header)) {
		size_t size =
			header[1] | header[2] << 8 | header[3] << 16 | (size_t)header[4] << 24;
		HANDLE output = GetStdHandle(
			header[0] == BRIDGE_OUTPUT ? STD_OUTPUT_HANDLE : STD_ERROR_HANDLE);

		if (size > sizeof data || !receive_all(socket, data, size))
			break;
		if (header[0] == BRIDGE_EXIT && size == 1)
			return (unsigned char)data[0];
		/* Nobody reads any more: that is no reason to stop the program. */
		WriteFile(output, data, (DWORD)size, &written, NULL);
	}
	return BRIDGE_OUT_OF_STEP;
}

int relay_run(const struct relay_command *command)
{
	/* Of the whole process: the thread may outlast us. */
	static struct relay relay;

	relay.input = command->input;
	if (!start_bridge(&relay.socket)) {
		fprintf(stderr, "wsl stub: HELIX_STUB_BRIDGE does not start\n");
		return BRIDGE_CANNOT_RUN;
	}
	if (!send_request(relay.socket, command)) {
		fprintf(stderr, "wsl stub: wsl-bridge does not listen\n");
		return BRIDGE_OUT_OF_STEP;
	}
	if (relay.input && relay.input != INVALID_HANDLE_VALUE)
		CloseHandle(CreateThread(NULL, 0, feed, &relay, 0, NULL));
	else
		send_text(relay.socket, BRIDGE_INPUT_END, "");
	int code = drain(relay.socket);
	closesocket(relay.socket);
	return code;
}
