# $1: what to look at, "service", "configuration" or "compose": each costs time that the others need not pay.
case $1 in
  service)
    if command -v dockerd >/dev/null; then echo "installed yes"; fi
    if timeout 20 docker version --format '{{.Server.Version}}' >/dev/null 2>&1; then echo "running yes"; fi
    if [ -d /run/systemd/system ]; then
      echo "systemd yes"
      # A unit that there is not cannot be disabled: an engine from elsewhere is left to start as it does.
      if [ "$(systemctl is-enabled docker 2>/dev/null)" = disabled ]; then echo "disabled yes"; fi
    fi
    # shellcheck disable=SC3045 # every /bin/sh that Debian and Ubuntu have knows -n
    (ulimit -n 1048576) 2>/dev/null || grep -qs '^# preprod: limits' /etc/default/docker || echo "limits fixed"
    ;;
  configuration)
    if [ -f /etc/docker/daemon.json ]; then echo "daemon $(base64 </etc/docker/daemon.json | tr -d '\n')"; fi
    if [ -e /etc/docker/.preprod-restart-pending ]; then echo "pending yes"; fi
    ;;
  compose)
    if [ -x "$COMPOSE_PLUGIN" ]; then echo "compose $(sha256sum <"$COMPOSE_PLUGIN" | cut -c1-64)"; fi
    ;;
esac
