#include apt
apt_update
set -- docker.io iptables ca-certificates
# Debian 13 has the client in a package of its own.
if apt-cache show docker-cli >/dev/null 2>&1; then set -- "$@" docker-cli; fi
apt_install "$@"
