# Standard input: the new daemon.json. The restart is recorded as pending before the file changes. That there was no
# file is recorded, too: without an old one nobody could say later whether there was none or it is back in place.
file=/etc/docker/daemon.json
install -d -m 0755 /etc/docker
cat >"$file.preprod-new"
chmod 0644 "$file.preprod-new"
if [ -f "$file" ]; then
  cp -p "$file" "$file.preprod-old"
  rm -f "$file.preprod-none"
else
  touch "$file.preprod-none"
  rm -f "$file.preprod-old"
fi
touch /etc/docker/.preprod-restart-pending
mv "$file.preprod-new" "$file"
