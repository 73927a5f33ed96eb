#include engine-service
file=/etc/docker/daemon.json
pending=/etc/docker/.preprod-restart-pending
if engine restart; then
  rm -f "$pending" "$file.preprod-old" "$file.preprod-none"
  exit 0
fi
if [ -f "$file.preprod-old" ]; then
  mv "$file.preprod-old" "$file"
  echo "the engine refused the new daemon.json: the old one is back" >&2
elif [ -e "$file.preprod-none" ]; then
  rm -f "$file" "$file.preprod-none"
  echo "the engine refused the new daemon.json: it is gone again, there was none before" >&2
else
  echo "the engine does not start with $file, and no earlier one is known: it is left as it is" >&2
  exit 1
fi
engine restart && rm -f "$pending"
exit 1
