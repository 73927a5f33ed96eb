if command -v dockerd >/dev/null; then echo "installed yes"; fi
if timeout 20 docker info >/dev/null 2>&1; then echo "running yes"; fi
if [ -d /run/systemd/system ]; then
  echo "systemd yes"
  if systemctl cat docker >/dev/null 2>&1 && ! systemctl is-enabled -q docker; then echo "disabled yes"; fi
fi
if [ -f /etc/docker/daemon.json ]; then echo "daemon $(base64 </etc/docker/daemon.json | tr -d '\n')"; fi
if [ -e /etc/docker/.preprod-restart-pending ]; then echo "pending yes"; fi
if [ -x "$COMPOSE_PLUGIN" ]; then echo "compose $(sha256sum <"$COMPOSE_PLUGIN" | cut -c1-64)"; fi
# shellcheck disable=SC3045 # every /bin/sh that Debian and Ubuntu have knows -n
(ulimit -n 1048576) 2>/dev/null || grep -qs '^# preprod: limits' /etc/default/docker || echo "limits fixed"
