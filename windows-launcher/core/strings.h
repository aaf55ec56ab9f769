/* Every sentence that Helix.exe says to a person, in English, in this one file. To translate it,
 * translate the right-hand sides; nothing is glued together from pieces elsewhere.
 *
 * Some have places for text, "%s", one or two, in the order that stands in the comment above them;
 * string_fill() puts it in. No other "%" may stand in those. "\n\n" starts a paragraph. The log is
 * for engineers and not translated.
 *
 * To add one: a line in STRINGS() or FAULTS(), below the heading it belongs to.
 *
 * Threads: any; no state. */
#pragma once

#include <stddef.h>

/* clang-format off */
#define STRINGS(X)                                                                                 \
	/* What goes on while the desktop is not there yet: one line each. */                      \
	X(STRING_NAME, "Helix")                                                                    \
	X(STRING_LOOKING, "Looking at this PC …")                                                  \
	X(STRING_INSTALLING_WSL, "Installing the Windows Subsystem for Linux …")                   \
	X(STRING_UPDATING_WSL, "Updating the Windows Subsystem for Linux …")                       \
	X(STRING_FINDING_IMAGE, "Looking for the Helix system …")                                  \
	X(STRING_DOWNLOADING, "Downloading the Helix system …")                                    \
	X(STRING_VERIFYING, "Checking the download …")                                             \
	X(STRING_SAVING_HOME, "Saving your files …")                                               \
	X(STRING_REMOVING_OLD, "Removing the old system …")                                        \
	X(STRING_IMPORTING, "Setting up the Helix system. This takes a few minutes …")             \
	X(STRING_CLEANING_UP, "Tidying up …")                                                      \
	X(STRING_RESTORING_HOME, "Putting your files back …")                                      \
	X(STRING_STARTING, "Starting your desktop …")                                              \
	X(STRING_CONNECTING, "Connecting to your desktop …")                                       \
	X(STRING_OPENING, "Opening your desktop …")                                                \
	X(STRING_IN_BROWSER, "Your desktop is open in the browser.")                               \
	X(STRING_WAITING_TO_RESTART, "Your desktop stopped. It starts again in a moment …")        \
	X(STRING_WAITING_TO_DOWNLOAD, "The connection broke off. Trying again in a moment …")      \
	X(STRING_STOPPING, "Closing your desktop …")                                               \
	X(STRING_FAILED, "Helix could not start.")                                                 \
	/* Buttons. */                                                                             \
	X(STRING_TRY_AGAIN, "Try again")                                                           \
	X(STRING_QUIT, "Quit")                                                                     \
	/* WSL is not installed. */                                                                \
	X(STRING_OFFER_WSL, "Helix needs the Windows Subsystem for Linux")                         \
	X(STRING_OFFER_WSL_WHY,                                                                    \
		"It is a free part of Windows, and it is not installed on this PC yet.\n\n"        \
		"Windows will ask for an administrator's permission. It may have to restart "      \
		"afterwards.")                                                                     \
	X(STRING_INSTALL_WSL, "Install it")                                                        \
	/* WSL is too old. First %s: the version that is needed; second: the one that is there. */ \
	X(STRING_OFFER_WSL_UPDATE, "The Windows Subsystem for Linux is too old")                   \
	X(STRING_OFFER_WSL_UPDATE_WHY,                                                             \
		"Helix needs version %s or newer; this PC has %s.\n\n"                             \
		"The update comes from Microsoft. Other Linux systems on this PC stay as they "    \
		"are. Windows may ask for an administrator's permission.")                         \
	X(STRING_OLD_WSL, "the old one that came with Windows")                                    \
	X(STRING_UPDATE_WSL, "Update it")                                                          \
	/* A newer system. First %s: its version. */                                               \
	X(STRING_OFFER_UPDATE, "A newer Helix system (%s) is there")                               \
	X(STRING_OFFER_UPDATE_WHY,                                                                 \
		"The system is replaced by the new one. Your files in /home are kept; programs "   \
		"that you installed into the system yourself are not.\n\n"                         \
		"If you answer Later, Helix does not ask again for this version. To be asked, "    \
		"quit Helix and start Helix.exe --update.")                                        \
	X(STRING_UPDATE_NOW, "Update now")                                                         \
	X(STRING_LATER, "Later")                                                                   \
	/* Why a way to the desktop does not work; for FAULT_UNREACHABLE, STRING_NO_WAY_WHY */     \
	X(STRING_NO_CONNECTION, "no connection")                                                   \
	X(STRING_NO_ANSWER, "no answer")                                                           \
	X(STRING_FOREIGN_ANSWER, "another program answers")                                        \
	X(STRING_NO_TUNNEL, "it could not be started")                                             \
	X(STRING_NOT_TRIED, "not tried")                                                           \
	/* It was reached before. The %s: why not by localhost, and why not through wsl.exe. */     \
	X(STRING_NO_WAY, "The desktop does not answer")                                            \
	X(STRING_NO_WAY_WHY,                                                                       \
		"It is probably still there, with everything that is open in it: only the way to " \
		"it is cut. After sleep Windows can take some minutes to open it again. Over the " \
		"network of this PC: %s. Through the Windows Subsystem for Linux: %s.\n\n"         \
		"Restarting it closes all programs in it.")                                        \
	X(STRING_KEEP_WAITING, "Keep waiting")                                                     \
	/* The window: its menu, tray icon and dialogs. */                                         \
	STRINGS_OF_THE_WINDOW(X)

/* For win/: what the window, its tray icon, --diagnose, --uninstall and --help say. */
#define STRINGS_OF_THE_WINDOW(X)                                                                   \
	/* With a browser in place of the window's own view: below STRING_IN_BROWSER. */           \
	X(STRING_BROWSER_HINT, "Closing this window ends the desktop.")                            \
	X(STRING_OPEN_AGAIN, "Open it again")                                                      \
	/* The tray icon. An "&" stands before the letter that chooses a line of its menu. */      \
	X(STRING_MENU_OPEN, "&Open Helix")                                                         \
	X(STRING_MENU_RESTART, "&Restart the desktop …")                                           \
	X(STRING_MENU_KEEP, "&Keep running when the window closes")                                \
	X(STRING_MENU_DIAGNOSE, "&Diagnose …")                                                     \
	X(STRING_MENU_QUIT, "&Quit")                                                               \
	X(STRING_KEEPS_RUNNING, "Your desktop keeps running. This icon brings it back.")           \
	X(STRING_RESTART_ASK, "Restart the desktop?")                                              \
	X(STRING_RESTART_WHY, "Programs that are open in it are closed. Save your work first.")    \
	X(STRING_RESTART, "Restart")                                                               \
	X(STRING_CANCEL, "Cancel")                                                                 \
	/* Dialogs. */                                                                             \
	X(STRING_CLOSE, "Close")                                                                   \
	X(STRING_SHOW_DETAILS, "Show details")                                                     \
	X(STRING_HIDE_DETAILS, "Hide details")                                                     \
	X(STRING_SHOW_LOG, "Show log")                                                             \
	X(STRING_OTHER_HANGS, "Helix is running already, but does not answer")                     \
	X(STRING_OTHER_HANGS_WHY,                                                                  \
		"Wait a moment and try again. If it stays so, sign out of Windows and in again.")  \
	X(STRING_NO_DATA, "Helix cannot make its folder")                                          \
	X(STRING_NO_DATA_WHY, "Windows did not let it, or the path cannot exist:\n%s")             \
	/* --diagnose. */                                                                          \
	X(STRING_REPORT_TITLE, "Helix - Diagnosis")                                                \
	X(STRING_REPORT_WAIT, "Looking at this PC. This takes up to a minute …")                   \
	X(STRING_REPORT_HINT, "Paste this into your report. Secrets have been taken out.")         \
	X(STRING_COPY, "Copy")                                                                     \
	X(STRING_COPIED, "Copied")                                                                 \
	/* --uninstall. */                                                                         \
	X(STRING_UNINSTALL_ASK, "Remove Helix from this PC?")                                      \
	X(STRING_UNINSTALL_WHY,                                                                    \
		"This removes the Helix system and every file in it, also those in your home "     \
		"folder there. It cannot be undone.")                                              \
	/* Where disks were kept: their paths, one in a line. */                                   \
	X(STRING_UNINSTALL_KEPT_WHY,                                                               \
		"This removes the Helix system and every file in it, also those in your home "     \
		"folder there. It cannot be undone.\n\n"                                           \
		"It also removes disks of earlier systems and copies of your files, which were "   \
		"kept because they may be all that there is:\n%s")                                 \
	X(STRING_UNINSTALL, "Remove it with all its files")                                        \
	X(STRING_UNINSTALL_KEEP, "Keep it")                                                        \
	X(STRING_UNINSTALLED, "Helix has been removed")                                            \
	X(STRING_UNINSTALL_LEFT, "Something was left")                                             \
	X(STRING_UNINSTALL_LEFT_WHY,                                                               \
		"The Helix system is gone, but this folder could not be removed as a "             \
		"whole:\n%s\n\nDelete it yourself.")                                               \
	X(STRING_UNINSTALL_FAILED, "The Helix system could not be removed")                        \
	X(STRING_UNINSTALL_FAILED_WHY,                                                             \
		"Nothing was deleted.\n\nRestart Windows and try again, or open a terminal and "   \
		"run: wsl --unregister %s")                                                        \
	X(STRING_UNINSTALL_FOREIGN, "There is another system of this name")                        \
	X(STRING_UNINSTALL_FOREIGN_WHY,                                                            \
		"A Linux system named %s is on this PC, but not in the folder of Helix. It was "   \
		"left as it is, and nothing was deleted.\n\n"                                      \
		"If you set it up with --data, give the same folder again.")                       \
	X(STRING_UNINSTALL_SHARED_WHY,                                                             \
		"The Helix system is gone, but another Linux system is in this folder, which was " \
		"left as it is:\n%s")                                                              \
	/* --help. */                                                                              \
	X(STRING_USAGE,                                                                            \
		"Usage: Helix.exe [OPTION] ...\n"                                                  \
		"Opens a Linux desktop in a window, and sets it up the first time.\n"              \
		"\n"                                                                               \
		"  --image FILE      set it up from this file, not from a download\n"              \
		"  --manifest URL    where the download is described; also a file\n"               \
		"  --name NAME       of the system in WSL, if not Helix\n"                         \
		"  --data DIRECTORY  where it is kept, if not Helix or Helix-NAME in\n"            \
		"                    %LOCALAPPDATA%\n"                                             \
		"  --browser         show it in the browser\n"                                     \
		"  --tunnel          reach it through wsl.exe instead of localhost\n"              \
		"  --update          when it starts: offer a newer system, also after Later\n"     \
		"  --diagnose        say what there is to know if something does not work\n"       \
		"  --uninstall       remove the system and every file in it, and what was kept\n"  \
		"                    of earlier ones\n"                                            \
		"  --yes             with --uninstall: do not ask\n"                               \
		"  --version, --help\n")

/* What can go wrong: X(name, instruction, content). The instruction says what happened, the content
 * why, and what to do next; "Show details" has the program's own words. */
#define FAULTS(X)                                                                                  \
	X(FAULT_NONE, "", "")                                                                      \
	/* The Windows Subsystem for Linux. */                                                     \
	X(FAULT_WSL_HUNG, "The Windows Subsystem for Linux does not answer",                       \
		"It was asked a simple question and said nothing.\n\n"                             \
		"Restart Windows, then start Helix again. If you work with other Linux systems "   \
		"on this PC, save your work there first.")                                         \
	X(FAULT_WSL_BROKEN, "The Windows Subsystem for Linux does not work",                       \
		"Windows could not run it.\n\n"                                                    \
		"Open a terminal and run: wsl --update\n"                                          \
		"If that does not help, restart Windows and try again.")                           \
	X(FAULT_WSL_DENIED, "The Windows Subsystem for Linux was not installed",                   \
		"Windows asked for an administrator's permission and did not get it.\n\n"          \
		"Try again and answer Yes, or ask the person who looks after this PC.")            \
	X(FAULT_WSL_NOT_INSTALLED, "The Windows Subsystem for Linux could not be installed",       \
		"Windows' installer stopped with an error.\n\n"                                    \
		"Check that this PC is connected to the Internet and that Windows Update works, "  \
		"then try again. You can also install it yourself: open a terminal as an "         \
		"administrator and run: wsl --install --no-distribution")                          \
	X(FAULT_WINDOWS_RESTART, "Windows has to restart once",                                    \
		"The Windows Subsystem for Linux is installed, and is ready after a restart.\n\n"  \
		"Restart Windows, then start Helix again.")                                        \
	/* First %s: the version that is needed; second: the one that is there. */                 \
	X(FAULT_WSL_TOO_OLD, "The Windows Subsystem for Linux is still too old",                   \
		"Helix needs version %s or newer; this PC has %s. The update did not change "      \
		"that.\n\n"                                                                        \
		"Open the Microsoft Store, look for \"Windows Subsystem for Linux\" and update "   \
		"it there. Then try again.")                                                       \
	X(FAULT_VIRTUALISATION_OFF, "Virtualisation is switched off on this PC",                   \
		"Linux runs in a virtual machine, and this PC does not allow one now. There are "  \
		"two switches:\n\n"                                                                \
		"1. In Windows: open \"Turn Windows features on or off\", tick \"Virtual Machine " \
		"Platform\", and restart.\n"                                                       \
		"2. In the PC's firmware (BIOS or UEFI): enable virtualisation. It is called "     \
		"Intel VT-x, AMD-V or SVM there. Task Manager shows under Performance, CPU "       \
		"whether it is enabled.")                                                          \
	X(FAULT_WINDOWS_FEATURE, "A part of Windows is missing",                                   \
		"The Windows Subsystem for Linux needs a Windows feature that is not active.\n\n"  \
		"If you have just installed it, restart Windows. Otherwise open a terminal as "    \
		"an administrator, run: wsl --install --no-distribution\n"                         \
		"and restart Windows.")                                                            \
	X(FAULT_WSL2_NEEDED, "WSL version 2 is needed",                                            \
		"Windows is set to run Linux in the older way (WSL 1), which has no desktop.\n\n"  \
		"Open a terminal and run: wsl --set-default-version 2\n"                           \
		"Then try again.")                                                                 \
	X(FAULT_OTHER_RIGHTS, "Helix was set up with other rights",                                \
		"Windows keeps the systems of an administrator's window and of a normal one "      \
		"apart, and they must not be mixed.\n\n"                                           \
		"Start Helix in the same way as the first time: with a plain double click, or "    \
		"with \"Run as administrator\".")                                                  \
	X(FAULT_ACCESS_DENIED, "Windows refused access",                                           \
		"Windows did not let Helix use its own files or the Windows Subsystem for "        \
		"Linux.\n\n"                                                                       \
		"If this PC belongs to an organisation, ask its administrator. Otherwise look "    \
		"whether a virus scanner blocked Helix, then try again.")                          \
	X(FAULT_VM_CRASHED, "Linux' virtual machine stopped",                                      \
		"Windows ended it, or could not start it.\n\n"                                     \
		"Close programs that need much memory, then try again. If it happens again, "      \
		"restart Windows.")                                                                \
	X(FAULT_DISK_CORRUPTED, "The Helix system's disk is damaged",                              \
		"Windows cannot open the file that holds the Helix system.\n\n"                    \
		"Restart Windows and try again. If it stays so, keep a copy of the folder below "  \
		"before you do anything else: your files are in it.\n%s")                          \
	X(FAULT_SYSTEM_LOST, "The Helix system has gone",                                          \
		"Windows lists the Helix system, but cannot find it.\n\n"                          \
		"Try again. If it stays so, open a terminal and run: wsl --list --verbose")        \
	/* The image. */                                                                           \
	X(FAULT_NO_IMAGE, "The Helix system is not here yet",                                      \
		"This Helix.exe does not know where to download it.\n\n"                           \
		"Get the file helix.tar.gz, put it beside Helix.exe, and try again.")              \
	/* First %s: the path. */                                                                  \
	X(FAULT_IMAGE_MISSING, "The image file was not found",                                     \
		"There is no such file:\n%s\n\n"                                                   \
		"Check the name, then start Helix again.")                                         \
	X(FAULT_NO_NETWORK, "The download server cannot be reached",                               \
		"Helix has to download its system once.\n\n"                                       \
		"Check that this PC is connected to the Internet, then try again. What has been "  \
		"downloaded already is kept.")                                                     \
	X(FAULT_DOWNLOAD_BROKE, "The download broke off",                                          \
		"The connection was lost several times in a row.\n\n"                              \
		"Try again when it is better. The download goes on where it stopped.")             \
	/* First %s: the HTTP status. */                                                           \
	X(FAULT_SERVER_REFUSED, "The download server refused",                                     \
		"It answered with error %s.\n\n"                                                   \
		"Try again later. If it stays so, look for a newer Helix.exe.")                    \
	/* First %s: the address. */                                                               \
	X(FAULT_NOT_HTTPS, "The download's address is not safe",                                   \
		"The address must begin with https, and this one does not:\n%s\n\n"                \
		"Correct it, or look for a newer Helix.exe.")                                      \
	/* First %s: what is wrong, in English. */                                                 \
	X(FAULT_MANIFEST_BAD, "The download server's answer makes no sense",                       \
		"The description of the Helix system cannot be read (%s). A network that asks "    \
		"you to log in first does this, too.\n\n"                                          \
		"Open a web page in your browser to see whether the network works, then try "      \
		"again.")                                                                          \
	X(FAULT_DOWNLOAD_WRONG, "The download is damaged",                                         \
		"It was downloaded twice and was not what it should be, so it was deleted. "       \
		"Nothing on this PC was changed.\n\n"                                              \
		"Try again later, or in another network.")                                         \
	/* First %s: the path. */                                                                  \
	X(FAULT_IMAGE_WRONG, "The image file is damaged",                                          \
		"It is not what the manifest.json beside it describes:\n%s\n\n"                    \
		"Get both files again, then try again.")                                           \
	/* First %s: how much is needed; second: how much is free. */                              \
	X(FAULT_DISK_SPACE, "There is not enough room on the disk",                                \
		"Helix needs %s free on the disk that holds your user folder; there are %s.\n\n"   \
		"Delete what you do not need, empty the recycle bin, then try again.")             \
	X(FAULT_DISK_FULL, "The disk is full",                                                     \
		"There was not enough room to go on. Nothing of yours was lost.\n\n"               \
		"Delete what you do not need, empty the recycle bin, then try again.")             \
	/* First %s: the folder. */                                                                \
	X(FAULT_FILES, "Helix cannot use its folder",                                              \
		"Files in this folder cannot be read or written:\n%s\n\n"                          \
		"Look whether a virus scanner or another program holds them, then try again.")     \
	/* Setting it up. */                                                                       \
	X(FAULT_IMPORT_FAILED, "The Helix system could not be set up",                             \
		"The Windows Subsystem for Linux did not take the image. What was begun has been " \
		"removed again.\n\n"                                                               \
		"Try again. If it stays so, restart Windows; the details say what went wrong.")    \
	X(FAULT_IMPORT_HUNG, "Setting up the Helix system takes too long",                         \
		"It was stopped after half an hour.\n\n"                                           \
		"Restart Windows, then start Helix again. A virus scanner that looks into every "  \
		"file can be the reason.")                                                         \
	X(FAULT_NOT_A_SYSTEM, "The image file holds no Linux system",                              \
		"The Windows Subsystem for Linux cannot use it.\n\n"                               \
		"Get the file helix.tar.gz again, then try again.")                                \
	/* First %s: the name. */                                                                  \
	X(FAULT_NAME_TAKEN, "There is another system of this name",                                \
		"A Linux system named %s is on this PC already, and Helix did not make it. It "    \
		"was left as it is.\n\n"                                                           \
		"Rename or remove it, or start Helix with --name and another name.")               \
	/* First %s: the folder. */                                                                \
	X(FAULT_FOLDER_TAKEN, "The disk of another system is in the way",                          \
		"The folder that Helix needs holds a Linux system already, perhaps with files of " \
		"yours, so it was left as it is:\n%s\n\n"                                          \
		"If you started Helix with --name, add --data and another folder. If not, rename " \
		"this folder, then try again.")                                                    \
	/* An update. */                                                                           \
	X(FAULT_SAVE_HOME, "Your files could not be saved",                                        \
		"The update needs a copy of /home first, and did not get one. Nothing was "        \
		"changed; the old system and your files are as they were.\n\n"                     \
		"Try again, or answer Later to the update. A full disk can be the reason.")        \
	X(FAULT_SAVE_HUNG, "Saving your files takes too long",                                     \
		"It was stopped after six hours. Nothing was changed; the old system and your files "\
		"are as they were.\n\n"                                                            \
		"Restart Windows and try again, or answer Later to the update.")                   \
	/* First %s: the file. */                                                                  \
	X(FAULT_REMOVE_OLD, "The old system could not be removed",                                 \
		"Your files are safe in:\n%s\n\n"                                                  \
		"Try again. If it stays so, restart Windows.")                                     \
	/* First %s: the file; second: the system's name. */                                       \
	X(FAULT_RESTORE_HOME, "Your files are not back in place yet",                              \
		"They are safe in:\n%s\n\n"                                                        \
		"Keep this file and try again. A full disk can be the reason.\n\n"                 \
		"If it stays so, rename it to kept.tar: then Helix starts with the files that are "\
		"back. For the others open a command prompt in its folder and run:\n"              \
		"wsl -d %s -u root tar -C /home -xpf - < kept.tar")                                \
	/* First %s: the file; second: the system's name. */                                       \
	X(FAULT_RESTORE_HUNG, "Putting your files back takes too long",                            \
		"It was stopped after six hours. They are safe in:\n%s\n\n"                        \
		"Keep this file, restart Windows and start Helix again.\n\n"                       \
		"If it stays so, rename it to kept.tar: then Helix starts with the files that are "\
		"back. For the others open a command prompt in its folder and run:\n"              \
		"wsl -d %s -u root tar -C /home -xpf - < kept.tar")                                \
	/* The session. First %s: the name. */                                                     \
	X(FAULT_NOT_OURS, "The system has no desktop in it",                                       \
		"The Linux system named %s does not hold Helix' programs.\n\n"                     \
		"If it is another system of yours, start Helix with --name and another name. If "  \
		"not, remove it with Helix.exe --uninstall and start Helix again.")                \
	X(FAULT_AGENT_CRASHED, "The desktop stopped several times",                                \
		"It was started again each time, and did not stay.\n\n"                            \
		"Try again. If it stays so, run Helix.exe --diagnose, which says what does not "   \
		"work on this PC.")                                                                \
	X(FAULT_NOT_READY, "The desktop takes too long to start",                                  \
		"It was not ready after two minutes.\n\n"                                          \
		"Try again; the first start after a restart of Windows is the slowest. If it "     \
		"stays so, run Helix.exe --diagnose.")                                             \
	/* First %s: why not by localhost; second: why not by the tunnel. */                       \
	X(FAULT_UNREACHABLE, "The desktop runs, but cannot be reached",                            \
		"Neither way to it works. Over the network of this PC: %s. Through the Windows "   \
		"Subsystem for Linux: %s.\n\n"                                                     \
		"Try again. A firewall, a VPN or a network change can be the reason; if it stays " \
		"so, restart Windows.")                                                            \
	X(FAULT_NO_VIEW, "The desktop could not be shown",                                         \
		"Neither WebView2 nor a browser opened it.\n\n"                                    \
		"Install Microsoft Edge or the WebView2 runtime, then try again.")
/* clang-format on */

#define STRINGS_ENUM(name, text) name,
enum string { STRINGS(STRINGS_ENUM) STRING_COUNT };
#undef STRINGS_ENUM

#define FAULTS_ENUM(name, instruction, content) name,
enum fault { FAULTS(FAULTS_ENUM) FAULT_COUNT };
#undef FAULTS_ENUM

/* Never NULL; those with a place for text as they are, for string_fill(). */
const char *string_text(enum string id);

/* What happened; why, and what to do next. */
const char *string_fault_instruction(enum fault fault);
const char *string_fault_content(enum fault fault);

/* For the log: "FAULT_WSL_HUNG". */
const char *string_fault_name(enum fault fault);

/* `format` with its first "%s" replaced by `first` and its second by `second`; NULL = "". Cut at a
 * character's end when it does not fit. Returns `text`. `size` is at least 1. */
const char *string_fill(
	char *text, size_t size, const char *format, const char *first, const char *second);
