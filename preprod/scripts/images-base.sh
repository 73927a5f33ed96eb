# $1 reference, $2 Debian release, $3 mirror, $4 mirror of security updates.
#include apt
reference=$1 suite=$2 mirror=$3 security=$4
if ! command -v mmdebstrap >/dev/null; then
  apt_update
  apt_install mmdebstrap debian-archive-keyring
fi
tar=$STATE/images/base.tar
signed="[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]"
mmdebstrap --quiet --variant=minbase --include=ca-certificates \
  --aptopt='Acquire::Retries "3"' --aptopt='APT::Install-Recommends "false"' \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' \
  "$suite" "$tar" \
  "deb $signed $mirror $suite main" \
  "deb $signed $mirror $suite-updates main" \
  "deb $signed $security $suite-security main"
docker import "$tar" "$reference" >/dev/null
rm -f "$tar"
