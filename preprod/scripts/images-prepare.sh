install -d -m 0755 "$BASE"
install -d -m 0700 "$STATE"
rm -rf "$STATE/images"
install -d -m 0700 "$STATE/images"
