# Starts or restarts the engine and waits until it answers.
engine() {
  if [ -d /run/systemd/system ]; then
    systemctl daemon-reload
    systemctl enable -q docker
    systemctl "$1" docker || return 1
  else
    service docker "$1" || return 1
  fi
  deadline=$(($(date +%s) + 90))
  until docker info >/dev/null 2>&1; do
    if [ "$(date +%s)" -gt "$deadline" ]; then
      echo "Docker Engine does not answer 90 s after its $1; its log ends:" >&2
      if [ -d /run/systemd/system ]; then
        journalctl -u docker -n 20 --no-pager >&2
      else
        tail -n 20 /var/log/docker.log >&2
      fi
      return 1
    fi
    sleep 1
  done
}
