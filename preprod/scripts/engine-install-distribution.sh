export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
set -- docker.io iptables ca-certificates
# Debian 13 has the client in a package of its own.
if apt-cache show docker-cli >/dev/null 2>&1; then set -- "$@" docker-cli; fi
apt-get install -y -qq --no-install-recommends "$@"
