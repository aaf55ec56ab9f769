#include "win/system.h"

#include <stdlib.h>

#include <bcrypt.h>

#include "win/system_dll.h"

#define CHUNK        (256u << 10)
#define DIGEST_BYTES 32

/* clang-format off */
#define BCRYPT_FUNCTIONS(X) \
	X(BCryptOpenAlgorithmProvider) X(BCryptCreateHash) X(BCryptHashData) X(BCryptFinishHash) \
	X(BCryptDestroyHash) X(BCryptCloseAlgorithmProvider)
/* clang-format on */
SYSTEM_DLL(bcrypt, BCRYPT_FUNCTIONS)

static int hash_file(
	HANDLE file, BCRYPT_HASH_HANDLE hash, uint8_t *chunk, struct win_progress *progress)
{
	LARGE_INTEGER size;
	uint64_t done = 0;

	if (!GetFileSizeEx(file, &size))
		return win_failed("hash: no size", GetLastError());
	win_progress_tell(progress, 0, (uint64_t)size.QuadPart, true);
	for (;;) {
		DWORD count;
		if (win_is_cancelled())
			return PLAT_CANCELLED;
		if (!ReadFile(file, chunk, CHUNK, &count, NULL))
			return win_failed("hash: cannot read", GetLastError());
		if (!count)
			break;
		if (bcrypt.BCryptHashData(hash, chunk, count, 0) < 0)
			return PLAT_FAILED;
		done += count;
		win_progress_tell(progress, done, (uint64_t)size.QuadPart, false);
	}
	win_progress_tell(progress, done, (uint64_t)size.QuadPart, true);
	return PLAT_OK;
}

static int finish(BCRYPT_HASH_HANDLE hash, char hex[65])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t digest[DIGEST_BYTES];

	if (bcrypt.BCryptFinishHash(hash, digest, sizeof digest, 0) < 0)
		return PLAT_FAILED;
	for (size_t i = 0; i < DIGEST_BYTES; i++) {
		hex[2 * i] = digits[digest[i] >> 4];
		hex[2 * i + 1] = digits[digest[i] & 15];
	}
	hex[64] = 0;
	return PLAT_OK;
}

static int hash_open_file(HANDLE file, char hex[65], struct win_progress *progress)
{
	BCRYPT_ALG_HANDLE algorithm = NULL;
	BCRYPT_HASH_HANDLE hash = NULL;
	uint8_t *chunk = malloc(CHUNK);
	int r = PLAT_FAILED;

	if (!chunk || !bcrypt_load() ||
		bcrypt.BCryptOpenAlgorithmProvider(&algorithm, BCRYPT_SHA256_ALGORITHM, NULL, 0) <
			0 ||
		bcrypt.BCryptCreateHash(algorithm, &hash, NULL, 0, NULL, 0, 0) < 0)
		plat_log("hash: no SHA-256");
	else
		r = hash_file(file, hash, chunk, progress);
	if (r == PLAT_OK)
		r = finish(hash, hex);
	if (hash)
		bcrypt.BCryptDestroyHash(hash);
	if (algorithm)
		bcrypt.BCryptCloseAlgorithmProvider(algorithm, 0);
	free(chunk);
	return r;
}

int plat_sha256(const char *path, char hex[65], plat_progress progress, void *owner)
{
	wchar_t *wide = win_path(path);

	if (!wide)
		return PLAT_FAILED;
	HANDLE file = CreateFileW(wide, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING,
		FILE_FLAG_SEQUENTIAL_SCAN, NULL);
	free(wide);
	if (file == INVALID_HANDLE_VALUE)
		return win_failed("hash: cannot open", GetLastError());
	int r = hash_open_file(
		file, hex, &(struct win_progress){ .tell = progress, .owner = owner });
	CloseHandle(file);
	return r;
}
