# Debian 12: for the package of the agent. Its Mesa 22.3 encodes on few GPUs, so there is no image.
release=debian-12
mirror=http://deb.debian.org/debian
security=http://deb.debian.org/debian-security
components=main
keyring=debian-archive-keyring.gpg
