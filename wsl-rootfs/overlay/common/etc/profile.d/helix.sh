# Two lines for whoever opens a terminal with `wsl -d Helix`, but not for terminals of the desktop.
if [ -t 1 ] && [ -n "${WSL_DISTRO_NAME-}" ] && [ -z "${WAYLAND_DISPLAY-}" ]; then
	echo 'This is Helix. The desktop: Helix in the Start menu of Windows, or here: helix-agent --human'
	echo 'What works on this PC, and what to do about the rest: helix-agent doctor'
fi
