# $1: URL of Docker's package repository; $2: fingerprint of the key that signs it.
#include apt
url=$1 fingerprint=$2
apt_update
apt_install ca-certificates curl gnupg iptables
. /etc/os-release
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
curl -fsSL --retry 3 "$url/$ID/gpg" -o "$work/docker.asc"
found=$(gpg --homedir "$work" --show-keys --with-colons "$work/docker.asc" 2>/dev/null |
  awk -F: '$1 == "fpr" {print $10; exit}')
if [ "$found" != "$fingerprint" ]; then
  echo "the key at $url/$ID/gpg has fingerprint $found, expected $fingerprint:" \
    "set docker_packages_key, or correct docker_packages" >&2
  exit 1
fi
install -D -m 0644 "$work/docker.asc" /etc/apt/keyrings/docker.asc
cat >/etc/apt/sources.list.d/docker.sources <<EOF
Types: deb
URIs: $url/$ID
Suites: $VERSION_CODENAME
Components: stable
Architectures: $(dpkg --print-architecture)
Signed-By: /etc/apt/keyrings/docker.asc
EOF
apt_update
apt_install docker-ce docker-ce-cli containerd.io
