#include engine-service
file=/etc/docker/daemon.json
pending=/etc/docker/.preprod-restart-pending
if engine restart; then
  rm -f "$pending" "$file.preprod-old"
  exit 0
fi
if [ -f "$file.preprod-old" ]; then mv "$file.preprod-old" "$file"; else rm -f "$file"; fi
echo "the engine refused the new daemon.json: the old one is back" >&2
engine restart && rm -f "$pending"
exit 1
