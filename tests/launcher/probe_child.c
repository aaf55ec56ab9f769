/* What the probe starts in place of wsl.exe: it says, does and omits what it is told.
 *
 *   wsl.exe ROLE ARGUMENT...        see `roles` */
#include <windows.h>
#include <winsock2.h>

#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

static void say(const wchar_t *wide)
{
	char text[8192];

	if (WideCharToMultiByte(CP_UTF8, 0, wide, -1, text, sizeof text, NULL, NULL))
		puts(text);
}

static int echo(int count, wchar_t **words)
{
	for (int i = 0; i < count; i++)
		say(words[i]);
	return 0;
}

static int leave(int count, wchar_t **words)
{
	return count ? (int)wcstoul(words[0], NULL, 10) : 0;
}

static int variable(int count, wchar_t **words)
{
	const wchar_t *value = count ? _wgetenv(words[0]) : NULL;

	say(value ? value : L"(none)");
	return 0;
}

static int both(int count, wchar_t **words)
{
	(void)count, (void)words;

	puts("out");
	fflush(stdout);
	fputs("err\n", stderr);
	return 0;
}

static int hang(int count, wchar_t **words)
{
	(void)count, (void)words;

	puts("hangs");
	fflush(stdout);
	Sleep(INFINITE);
	return 0;
}

static int flood(int count, wchar_t **words)
{
	static char block[65536];
	(void)count, (void)words;

	memset(block, 'x', sizeof block);
	while (fwrite(block, 1, sizeof block, stdout))
		fflush(stdout);
	return 0;
}

/* Lines of eight bytes, numbered. */
static int numbers(int count, wchar_t **words)
{
	unsigned last = count ? (unsigned)wcstoul(words[0], NULL, 10) : 0;
	char block[8 * 512];
	size_t length = 0;

	for (unsigned i = 0; i < last; i++) {
		unsigned rest = i;
		for (int digit = 6; digit >= 0; digit--, rest /= 10)
			block[length + (size_t)digit] = (char)('0' + rest % 10);
		block[length + 7] = '\n';
		length += 8;
		if (length == sizeof block || i + 1 == last) {
			fwrite(block, 1, length, stdout);
			length = 0;
		}
	}
	return 0;
}

/* Leave somebody behind who holds our standard output open. */
static int orphan(int count, wchar_t **words)
{
	wchar_t line[600], self[MAX_PATH];
	STARTUPINFOW startup = { .cb = sizeof startup };
	PROCESS_INFORMATION started;

	swprintf(line, 600, L"wsl.exe %ls", count ? words[0] : L"hang");
	GetModuleFileNameW(NULL, self, MAX_PATH);
	if (!CreateProcessW(self, line, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &started))
		return 1;
	puts("parent");
	return 3;
}

static int copy(int count, wchar_t **words)
{
	char block[4096];
	size_t length;
	(void)count, (void)words;

	while ((length = fread(block, 1, sizeof block, stdin)) > 0)
		fwrite(block, 1, length, stdout);
	return 0;
}

/* Set an event that we may have inherited under this number. */
static int handle(int count, wchar_t **words)
{
	if (count)
		SetEvent((HANDLE)(ULONG_PTR)wcstoull(words[0], NULL, 10));
	return 0;
}

static int agent(int count, wchar_t **words)
{
	unsigned beats = 0;
	int byte;
	(void)count, (void)words;

	puts("boot noise\r\n{\"ready\":true}");
	fflush(stdout);
	fputs("link is http://x/#token=verysecret\n", stderr);
	fflush(stderr);
	while ((byte = getchar()) != EOF)
		if (byte == '\n')
			printf("beat %u\n", ++beats), fflush(stdout);
	puts("end of input");
	fputs("last words\n", stderr);
	return 7;
}

/* Does not leave when its input ends. */
static int stubborn(int count, wchar_t **words)
{
	copy(count, words);
	puts("stays");
	fflush(stdout);
	Sleep(INFINITE);
	return 0;
}

static int lines(int count, wchar_t **words)
{
	(void)count, (void)words;

	for (int i = 0; i < 6000; i++)
		putchar('a');
	putchar('\n');
	for (int i = 0; i < 1000; i++)
		printf("line %d\n", i);
	fflush(stdout);
	for (int i = 0; i < 5000; i++)
		fprintf(stderr, "complaint %d\n", i);
	return 0;
}

/* Hold a connection for as long as we live. */
static int connect_to(int count, wchar_t **words)
{
	WSADATA data;
	struct sockaddr_in to = { .sin_family = AF_INET };

	if (!count || WSAStartup(MAKEWORD(2, 2), &data))
		return 1;
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = htons((u_short)wcstoul(words[0], NULL, 10));
	SOCKET s = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(s, (struct sockaddr *)&to, sizeof to))
		return 1;
	puts("connected");
	fflush(stdout);
	Sleep(INFINITE);
	return 0;
}

static int install(int count, wchar_t **words)
{
	return count == 1 && !wcscmp(words[0], L"--no-distribution") ? 42 : 1;
}

static const struct {
	const wchar_t *name;
	int (*play)(int count, wchar_t **words);
} roles[] = {
	{ L"echo", echo },
	{ L"exit", leave },
	{ L"variable", variable },
	{ L"both", both },
	{ L"hang", hang },
	{ L"flood", flood },
	{ L"numbers", numbers },
	{ L"orphan", orphan },
	{ L"copy", copy },
	{ L"handle", handle },
	{ L"agent", agent },
	{ L"stubborn", stubborn },
	{ L"lines", lines },
	{ L"connect", connect_to },
	{ L"--install", install },
};

int wmain(int argc, wchar_t **argv)
{
	_setmode(_fileno(stdout), _O_BINARY);
	_setmode(_fileno(stderr), _O_BINARY);
	_setmode(_fileno(stdin), _O_BINARY);
	for (size_t i = 0; argc > 1 && i < sizeof roles / sizeof *roles; i++)
		if (!wcscmp(argv[1], roles[i].name))
			return roles[i].play(argc - 2, argv + 2);
	return 99;
}
