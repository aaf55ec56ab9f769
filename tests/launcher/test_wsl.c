#include "core/wsl.h"

#include "check.h"

#include <stdio.h>

static const char *version_in(const char *text)
{
	static char written[32];
	struct wsl_version version;

	if (!wsl_parse_version(text, &version))
		return "none";
	snprintf(written, sizeof written, "%d.%d.%d.%d", version.parts[0], version.parts[1],
		version.parts[2], version.parts[3]);
	return written;
}

static const char *version_of(const char *text)
{
	static char written[32];
	struct wsl_version version;

	if (!wsl_read_version(text, &version))
		return "none";
	snprintf(written, sizeof written, "%d.%d.%d.%d", version.parts[0], version.parts[1],
		version.parts[2], version.parts[3]);
	return written;
}

TEST(wsl_version, is_found_in_every_language)
{
	CHECK_TEXT(version_in("WSL version: 2.3.26.0\nKernel version: 5.15.167.4-1\n"), "2.3.26.0");
	CHECK_TEXT(version_in("WSL-Version: 1.1.3.0\nKernelversion: 5.15.90.1\n"), "1.1.3.0");
	CHECK_TEXT(
		version_in(
			"Version WSL\xc2\xa0: 2.2.4.0\nVersion du noyau\xc2\xa0: 5.15.153.1-2\n"),
		"2.2.4.0");
	CHECK_TEXT(version_in("WSL 版本： 2.2.4.0\n内核版本： 5.15.153.1-2\n"), "2.2.4.0");
	CHECK_TEXT(version_in("WSL 버전: 2.6.1.0\n"), "2.6.1.0");
	CHECK_TEXT(version_in("Версия WSL: 2.0.9.0\n"), "2.0.9.0");
}

TEST(wsl_version, may_come_after_empty_lines_and_with_more_behind_it)
{
	CHECK_TEXT(version_in("\n \n\nWSL version: 2.0.0\n"), "2.0.0.0");
	CHECK_TEXT(version_in("WSL 2 version: 2.7.1.0-preview"), "2.7.1.0");
}

TEST(wsl_version, is_not_looked_for_on_later_lines)
{
	CHECK_TEXT(version_in("Something else\nWSL version: 2.3.26.0\n"), "none");
	CHECK_TEXT(version_in("Microsoft Windows\n10.0.19045.2846\n"), "none");
}

TEST(wsl_version, is_not_there_in_what_an_old_one_says)
{
	CHECK_TEXT(version_in("Invalid command line option: --version\n"
			      "Copyright (c) Microsoft Corporation. All rights reserved.\n\n"
			      "Usage: wsl.exe [Argument] [Options...] [CommandLine]\n"),
		"none");
	CHECK_TEXT(version_in("Ungültige Befehlszeilenoption: --version\n"
			      "Copyright (c) Microsoft Corporation. Alle Rechte vorbehalten.\n"),
		"none");
	CHECK_TEXT(
		version_in("The Windows Subsystem for Linux is not installed. You can install by "
			   "running 'wsl.exe --install'.\n\nPress any key to install Windows "
			   "Subsystem for Linux.\nThis prompt will time out in 60 seconds.\n"),
		"none");
	CHECK_TEXT(version_in(""), "none");
	CHECK_TEXT(version_in("\n\n"), "none");
}

TEST(wsl_version, is_three_numbers_or_four)
{
	CHECK_TEXT(version_in("WSL 2.3"), "none");
	CHECK_TEXT(version_in("WSL 1.2.3.4.5"), "none");
	CHECK_TEXT(version_in("WSL 1.2.3.4.5 2.3.4"), "2.3.4.0");
	CHECK_TEXT(version_in("WSL 2.3.65535.65536"), "none");
	CHECK_TEXT(version_in("WSL 99999999999999999999.1.1"), "none");
	CHECK_TEXT(version_in("WSL 2.3.4."), "2.3.4.0");
	CHECK_TEXT(version_in("WSL 2..3.4"), "none");
}

TEST(wsl_version, of_a_manifest_is_all_there_is)
{
	CHECK_TEXT(version_of("2.3.26"), "2.3.26.0");
	CHECK_TEXT(version_of("2.3.26.1"), "2.3.26.1");
	CHECK_TEXT(version_of("0.0.0.65535"), "0.0.0.65535");
	CHECK_TEXT(version_of("2.3"), "none");
	CHECK_TEXT(version_of("2.3.26.0.1"), "none");
	CHECK_TEXT(version_of(" 2.3.26"), "none");
	CHECK_TEXT(version_of("2.3.26 "), "none");
	CHECK_TEXT(version_of("2.3.26."), "none");
	CHECK_TEXT(version_of(".2.3.26"), "none");
	CHECK_TEXT(version_of("2.3.65536"), "none");
	CHECK_TEXT(version_of(""), "none");
}

TEST(wsl_version, is_untouched_by_what_is_none)
{
	struct wsl_version version = { { 1, 2, 3, 4 } };

	CHECK(!wsl_read_version("7.8", &version));
	CHECK(!wsl_parse_version("7.8", &version));
	CHECK_NUMBER(version.parts[0], 1);
}

TEST(wsl_version, compares_by_value)
{
	const struct wsl_version a = { { 2, 0, 9, 0 } }, b = { { 2, 0, 10, 0 } };

	CHECK_NUMBER(wsl_compare(&a, &b), -1);
	CHECK_NUMBER(wsl_compare(&b, &a), 1);
	CHECK_NUMBER(wsl_compare(&a, &a), 0);
}

TEST(wsl_list, names_are_whole_lines_in_any_case)
{
	CHECK(wsl_list_has("Ubuntu\nHelix\ndocker-desktop\n", "Helix"));
	CHECK(wsl_list_has("  HELIX \t\n", "helix"));
	CHECK(wsl_list_has("Helix", "Helix"));
	CHECK(!wsl_list_has("Helix-2\nMyHelix\nHelix 2\n", "Helix"));
	CHECK(!wsl_list_has("Helix2\n", "Helix"));
	CHECK(!wsl_list_has("Hel", "Helix"));
}

TEST(wsl_list, may_be_empty)
{
	CHECK(!wsl_list_has("", "Helix"));
	CHECK(!wsl_list_has("\n \n\n", "Helix"));
	CHECK(!wsl_list_has("\n\n", ""));
	CHECK(!wsl_list_has(
		"Windows-Subsystem für Linux weist keine installierten Distributionen auf.\n"
		"Fehlercode: Wsl/WSL_E_DEFAULT_DISTRO_NOT_FOUND\n",
		"Helix"));
}

TEST(wsl_error, is_found_by_its_name)
{
	static const struct {
		const char *text;
		enum wsl_error error;
	} cases[] = {
		{ "There is no distribution with the supplied name.\n"
		  "Error code: Wsl/Service/WSL_E_DISTRO_NOT_FOUND\n",
			WSL_DISTRO_NOT_FOUND },
		{ "Fehlercode: Wsl/WSL_E_DEFAULT_DISTRO_NOT_FOUND\n", WSL_DISTRO_NOT_FOUND },
		{ "Der Vorgang konnte nicht gestartet werden, da ein erforderliches Feature nicht "
		  "installiert ist.\nFehlercode: "
		  "Wsl/Service/RegisterDistro/CreateVm/HCS/HCS_E_SERVICE_NOT_AVAILABLE\n",
			WSL_VIRTUALISATION_OFF },
		{ "由于未安装所需的特性，无法启动操作。\n"
		  "错误代码: Wsl/Service/CreateInstance/CreateVm/HCS/HCS_E_HYPERV_NOT_INSTALLED\n",
			WSL_VIRTUALISATION_OFF },
		{ "错误代码：Wsl/WSL_E_VIRTUAL_MACHINE_PLATFORM_REQUIRED", WSL_VIRTUALISATION_OFF },
		{ "Wsl/Service/RegisterDistro/WSL_E_DISK_CORRUPTED", WSL_DISK_CORRUPTED },
		{ "Wsl/Service/CreateInstance/CreateVm/WSL_E_VM_CRASHED", WSL_VM_CRASHED },
		{ "Wsl/Service/CreateLxProcess/WSL_E_LOWER_INTEGRITY", WSL_LOWER_INTEGRITY },
		{ "Wsl/Service/CreateLxProcess/WSL_E_HIGHER_INTEGRITY", WSL_HIGHER_INTEGRITY },
		{ "Wsl/WSL_E_WSL_OPTIONAL_COMPONENT_REQUIRED", WSL_OPTIONAL_COMPONENT_REQUIRED },
		{ "Wsl/CallMsi/Install/ERROR_SERVICE_DOES_NOT_EXIST",
			WSL_OPTIONAL_COMPONENT_REQUIRED },
		{ "Wsl/Service/E_NOINTERFACE", WSL_OPTIONAL_COMPONENT_REQUIRED },
		{ "Wsl/Service/WSL_E_WSL2_NEEDED", WSL_WSL2_NEEDED },
		{ "Das System kann den angegebenen Pfad nicht finden.\n"
		  "Fehlercode: Wsl/ERROR_PATH_NOT_FOUND\n",
			WSL_FILE_NOT_FOUND },
		{ "Code d’erreur : Wsl/Service/RegisterDistro/ERROR_ALREADY_EXISTS\n",
			WSL_ALREADY_EXISTS },
		{ "Wsl/Service/RegisterDistro/ERROR_FILE_EXISTS", WSL_ALREADY_EXISTS },
		{ "Wsl/Service/E_ACCESSDENIED", WSL_ACCESS_DENIED },
		{ "Wsl/Service/RegisterDistro/WSL_E_NOT_A_LINUX_DISTRO", WSL_NOT_A_LINUX_DISTRO },
		{ "Wsl/Service/CreateVm/HCS/HCS_E_CONNECTION_TIMEOUT", WSL_TIMED_OUT },
		{ "wsl/service/wsl_e_distro_not_found", WSL_DISTRO_NOT_FOUND },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		if (!CHECK_NUMBER(wsl_find_error(cases[i].text), cases[i].error))
			printf("# %s\n", cases[i].text);
	}
}

TEST(wsl_error, is_found_by_its_number)
{
	CHECK_NUMBER(wsl_find_error("Wsl/Service/CreateInstance/CreateVm/0x80370102\n"),
		WSL_VIRTUALISATION_OFF);
	CHECK_NUMBER(wsl_find_error("WslRegisterDistribution failed with error: 0x8007019E"),
		WSL_OPTIONAL_COMPONENT_REQUIRED);
	CHECK_NUMBER(wsl_find_error("Error: 0X800701bc WSL 2"), WSL_OPTIONAL_COMPONENT_REQUIRED);
	CHECK_NUMBER(wsl_find_error("(0x80070070)."), WSL_DISK_FULL);
	CHECK_NUMBER(wsl_find_error("失败0x80040302，"), WSL_DISTRO_NOT_FOUND);
	CHECK_NUMBER(wsl_find_error("0x8004030b"), WSL_IMPORT_FAILED);
	CHECK_NUMBER(wsl_find_error("hr=0xFFFFFFFF80070005"), WSL_ACCESS_DENIED);
	CHECK_NUMBER(wsl_find_error("Fehlercode: Wsl/0x80070422"), WSL_OPTIONAL_COMPONENT_REQUIRED);
}

TEST(wsl_error, of_an_import_is_the_cause_where_one_is_told)
{
	CHECK_NUMBER(wsl_find_error("Wsl/Service/RegisterDistro/WSL_E_IMPORT_FAILED"),
		WSL_IMPORT_FAILED);
	CHECK_NUMBER(wsl_find_error("WSL_E_IMPORT_FAILED: 0x80070070"), WSL_DISK_FULL);
	CHECK_NUMBER(
		wsl_find_error("0x80070070\nError code: Wsl/WSL_E_IMPORT_FAILED"), WSL_DISK_FULL);
}

TEST(wsl_error, is_none_where_there_is_none_that_we_know)
{
	CHECK_NUMBER(wsl_find_error(""), WSL_NO_ERROR);
	CHECK_NUMBER(wsl_find_error("The operation completed successfully.\n"), WSL_NO_ERROR);
	CHECK_NUMBER(
		wsl_find_error("Error code: Wsl/Service/CreateInstance/CreateVm/HCS/0x800705aa"),
		WSL_NO_ERROR);
	CHECK_NUMBER(wsl_find_error("MY_WSL_E_VM_CRASHED_2 80370102 0x 0x803701020 0x18037010 0"),
		WSL_NO_ERROR);
	CHECK_NUMBER(
		wsl_find_error("0x100000000080370102 0x0000000180370102 0x8037010g"), WSL_NO_ERROR);
	CHECK_NUMBER(
		wsl_find_error("[process exited with code 4294967295 (0xffffffff)]"), WSL_NO_ERROR);
}

TEST(wsl_error, is_found_in_what_a_console_wrote)
{
	CHECK_NUMBER(wsl_find_error("La distribution n’a pas été trouvée.\n"
				    "Code d’erreur : Wsl/Service/WSL_E_DISTRO_NOT_FOUND\n"
				    "Appuyez sur une touche pour continuer...\n"),
		WSL_DISTRO_NOT_FOUND);
	CHECK_NUMBER(wsl_find_error("\xef\xbf\xbd\xef\xbf\xbdWsl/E_ACCESSDENIED\xef\xbf\xbd"),
		WSL_ACCESS_DENIED);
}
