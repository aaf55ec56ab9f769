# Debian 13, for which the image is made: Mesa 25.0 with D3D12, gstreamer-vaapi, GNOME 48.
release=debian-13
mirror=http://deb.debian.org/debian
security=http://deb.debian.org/debian-security
components=main
keyring=debian-archive-keyring.gpg
