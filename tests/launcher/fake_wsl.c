/* The PC's wsl.exe and what it keeps: one system at most. */
#include "fake_platform.h"

#include "fake_internal.h"

#include <stdio.h>
#include <string.h>

#define ABOUT_A_SECOND 1000
#define END_SIZE       1024 /* of an archive: zeroes, without which tar reads it all the same */

static bool is_argument(const struct plat_command *command, size_t i, const char *text)
{
	for (size_t at = 0; at <= i; at++)
		if (!command->arguments[at])
			return false;
	return strcmp(command->arguments[i], text) == 0;
}

/* As it comes from wsl.exe. */
static int say(const struct plat_command *command, struct plat_outcome *outcome, uint32_t exit_code,
	const char *text)
{
	size_t wide = fake.is_utf16 ? 2 : 1, size = strlen(text) * wide;

	outcome->exit_code = exit_code;
	outcome->output_size = 0;
	for (size_t i = 0; i < size && i < command->output_size; i++) {
		command->output[i] = i % wide == 0 ? (uint8_t)text[i / wide] : 0;
		outcome->output_size++;
	}
	return PLAT_OK;
}

static int version(const struct plat_command *command, struct plat_outcome *outcome)
{
	char text[128];

	if (fake.wsl == FAKE_WSL_STUB)
		return say(command, outcome, 1,
			"Not there.\r\nError code: Wsl/WSL_E_WSL_OPTIONAL_COMPONENT_REQUIRED\r\n");
	if (fake.wsl == FAKE_WSL_INBOX)
		return say(
			command, outcome, UINT32_MAX, "Invalid command line option: --version\r\n");
	snprintf(text, sizeof text, "Versione WSL: %s\r\nVersione kernel: 6.6.75.1-1\r\n",
		fake.wsl_version);
	return say(command, outcome, 0, text);
}

static int update(const struct plat_command *command, struct plat_outcome *outcome)
{
	if (fake.update_helps) {
		fake.wsl = FAKE_WSL_FINE;
		fake.wsl_version = "2.6.1.0";
	}
	return say(command, outcome, fake.wsl == FAKE_WSL_INBOX ? 1 : 0, "");
}

static int list(const struct plat_command *command, struct plat_outcome *outcome)
{
	if (!fake.is_registered && fake.has_other_systems)
		return say(command, outcome, 0, "Ubuntu\r\n");
	if (!fake.is_registered)
		return say(command, outcome, UINT32_MAX, "Wsl/WSL_E_DEFAULT_DISTRO_NOT_FOUND\r\n");
	return say(command, outcome, 0, "Ubuntu\r\nHelix\r\n");
}

static int unregister(const struct plat_command *command, struct plat_outcome *outcome)
{
	fake.unregisters++;
	if (!fake.is_registered && !fake.has_debris)
		return say(command, outcome, UINT32_MAX, "Wsl/Service/WSL_E_DISTRO_NOT_FOUND\r\n");
	if (fake.is_unregister_failing)
		return say(command, outcome, UINT32_MAX, "Wsl/Service/E_UNEXPECTED\r\n");
	fake.has_debris = fake_is_midway();
	fake.is_registered = fake.is_home_unsynced = false;
	fake.home[0] = fake.home_before[0] = '\0';
	return say(command, outcome, 0, "");
}

static int import(const struct plat_command *command, struct plat_outcome *outcome)
{
	const struct fake_file *image = fake_find(command->arguments[3]);

	fake.import_attempts++;
	if (fake.import_hangs) {
		fake.now_ms += command->timeout_ms;
		fake.has_debris = fake.import_leaves_debris;
		return PLAT_TIMEOUT;
	}
	fake.is_registered |= fake.system_appears;
	fake.system_appears = false;
	if (fake.is_registered || fake.has_debris)
		return say(command, outcome, UINT32_MAX,
			"Wsl/Service/RegisterDistro/ERROR_ALREADY_EXISTS\r\n");
	/* The disk of a system that is registered no more. */
	if (fake_find(command->arguments[2]))
		return say(command, outcome, UINT32_MAX,
			"Wsl/Service/RegisterDistro/ERROR_FILE_EXISTS\r\n");
	if (fake_is_midway() || fake.import_error) {
		fake.has_debris = fake_is_midway() || fake.import_leaves_debris;
		return say(
			command, outcome, UINT32_MAX, fake.import_error ? fake.import_error : "");
	}
	if (!image || sscanf((const char *)image->bytes, "IMAGE %u", &fake.system_version) != 1)
		return say(command, outcome, UINT32_MAX,
			"Wsl/Service/RegisterDistro/WSL_E_NOT_A_LINUX_DISTRO\r\n");
	fake.is_registered = true;
	snprintf(fake.home, sizeof fake.home, "fresh");
	fake.home_before[0] = '\0';
	fake.imports++;
	return say(command, outcome, 0, "");
}

static int tar_create(const struct plat_command *command, struct plat_outcome *outcome)
{
	char archive[128 + END_SIZE] = "";
	size_t size = (size_t)snprintf(archive, 128, "TAR:%s:END", fake.home);

	if (fake.is_disk_full)
		return PLAT_FULL;
	if (fake.is_save_hanging) {
		fake.now_ms += command->timeout_ms;
		return PLAT_TIMEOUT;
	}
	if (fake_is_midway() || fake.is_save_cut || fake.is_save_failing)
		size -= 2;
	else if (!fake.is_save_cut_between)
		size += END_SIZE;
	fake_write(command->output_path, archive, size);
	fake.saves++;
	return say(command, outcome, fake.is_save_failing ? 2 : 0,
		fake.is_save_failing ? "tar: .: file changed as we read it\n" : "");
}

static int tar_read(const struct plat_command *command, struct plat_outcome *outcome, bool extract)
{
	const struct fake_file *archive = fake_find(command->input_path);
	const char *bytes = archive ? (const char *)archive->bytes : "";
	size_t size = archive ? archive->size : 0;

	if (!archive)
		return PLAT_MISSING;
	while (size > 0 && !bytes[size - 1])
		size--;
	if (size < 8 || memcmp(bytes, "TAR:", 4) != 0 || memcmp(bytes + size - 4, ":END", 4) != 0)
		return say(command, outcome, 2, "tar: Unexpected EOF in archive\n");
	if (!extract)
		return say(command, outcome, 0, "./\n./helix/\n");
	if (fake.is_restore_hanging) {
		fake.now_ms += command->timeout_ms;
		return PLAT_TIMEOUT;
	}
	if (fake.is_restore_failing || fake_is_midway() ||
		(fake.is_home_in_the_way && !fake.home_before[0])) {
		snprintf(fake.home, sizeof fake.home, "half");
		return say(command, outcome, 2, "tar: No space left on device\n");
	}
	snprintf(fake.home, sizeof fake.home, "%.*s", (int)(size - 8), bytes + 4);
	fake.is_home_unsynced = true;
	return say(command, outcome, fake.is_restore_doubtful ? 1 : 0, "");
}

/* What stands in the new place already is left as it is, in both. */
static int move_home(const struct plat_command *command, struct plat_outcome *outcome)
{
	if (fake.is_home_held)
		return say(command, outcome, 1, "mv: Device or resource busy\n");
	if (!fake.home_before[0] && !fake_is_midway()) {
		memcpy(fake.home_before, fake.home, sizeof fake.home_before);
		fake.home[0] = '\0';
	}
	return say(command, outcome, 0, "");
}

/* A program in the system. */
static int execute(const struct plat_command *command, struct plat_outcome *outcome)
{
	fake.now_ms += ABOUT_A_SECOND;
	if (fake.vm_error)
		return say(command, outcome, UINT32_MAX, fake.vm_error);
	if (!fake.is_registered)
		return say(command, outcome, UINT32_MAX, "Wsl/Service/WSL_E_DISTRO_NOT_FOUND\r\n");
	if (is_argument(command, 5, "sync")) {
		if (fake.is_sync_failing)
			return say(command, outcome, 1, "sync: Input/output error\n");
		fake.is_home_unsynced = fake.is_home_unsynced && fake_is_midway();
		return say(command, outcome, 0, "");
	}
	if (is_argument(command, 5, "mkdir"))
		return say(command, outcome, 0, "");
	if (is_argument(command, 5, "find"))
		return move_home(command, outcome);
	if (is_argument(command, 3, "helix-agent") || !is_argument(command, 5, "tar"))
		return fake.agent == FAKE_AGENT_ABSENT ? say(command, outcome, 127, "")
						       : say(command, outcome, 0, "0.1.0\n");
	if (is_argument(command, 9, "-cpf"))
		return tar_create(command, outcome);
	return tar_read(command, outcome, is_argument(command, 9, "-xpf"));
}

static int run(const struct plat_command *command, struct plat_outcome *outcome)
{
	if (is_argument(command, 0, "--version"))
		return version(command, outcome);
	if (is_argument(command, 0, "--update"))
		return update(command, outcome);
	if (is_argument(command, 0, "--list"))
		return list(command, outcome);
	if (is_argument(command, 0, "--terminate"))
		return say(command, outcome, 0, "");
	if (is_argument(command, 0, "--unregister"))
		return unregister(command, outcome);
	if (is_argument(command, 0, "--import"))
		return fake.vm_error && !fake.import_error
			? say(command, outcome, UINT32_MAX, fake.vm_error)
			: import(command, outcome);
	return execute(command, outcome);
}

int plat_wsl(const struct plat_command *command, struct plat_outcome *ret_outcome)
{
	struct plat_outcome outcome = { 0, 0 };
	int r;

	if (!fake_call(true))
		return PLAT_CANCELLED;
	if (fake.wsl == FAKE_WSL_ABSENT)
		return PLAT_MISSING;
	if (fake.wsl == FAKE_WSL_BROKEN)
		return PLAT_FAILED;
	if (fake.wsl == FAKE_WSL_HUNG) {
		fake.now_ms += command->timeout_ms;
		return PLAT_TIMEOUT;
	}
	r = run(command, &outcome);
	if (!fake_call_end())
		return PLAT_CANCELLED;
	if (r == PLAT_OK)
		*ret_outcome = outcome;
	return r;
}

int plat_is_registered(const char *distribution)
{
	fake_call(false);
	return strcmp(distribution, "Helix") == 0 && fake.is_registered;
}

int plat_has_distribution(const char *folder)
{
	bool is_ours = strcmp(folder, FAKE_DATA "\\system") == 0;

	fake_call(false);
	if (fake.is_registry_silent)
		return PLAT_MISSING;
	return is_ours && (fake.is_folder_anothers || fake.is_registered);
}

int plat_install_wsl(uint32_t *ret_exit_code)
{
	if (!fake_call(true) || !fake_call_end())
		return PLAT_CANCELLED;
	if (fake.install_result != PLAT_OK)
		return fake.install_result;
	if (fake.install_helps) {
		fake.wsl = FAKE_WSL_FINE;
		fake.wsl_version = "2.6.1.0";
	}
	*ret_exit_code = fake.install_exit_code;
	return PLAT_OK;
}
