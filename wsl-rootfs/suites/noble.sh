# Ubuntu 24.04: Mesa 25.2 with D3D12, gstreamer-vaapi, GNOME 46.
release=ubuntu-24.04
mirror=http://archive.ubuntu.com/ubuntu
security=http://security.ubuntu.com/ubuntu
components='main universe'
keyring=ubuntu-archive-keyring.gpg
# There firefox-esr does not exist and firefox is a snap.
replace='firefox-esr=epiphany-browser'
