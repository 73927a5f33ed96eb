# $1: the uploaded binary.
chown 0:0 "$1"
chmod 0755 "$1"
mv "$1" "$COMPOSE_PLUGIN"
