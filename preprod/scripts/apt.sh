# apt-get that waits five minutes for another one: a fresh machine updates itself, and that of a killed run goes on.
export DEBIAN_FRONTEND=noninteractive
# The lock of the lists is another than dpkg's, and apt's own patience is not for it.
apt_update() {
  deadline=$(($(date +%s) + 300))
  until said=$(LC_ALL=C apt-get update -qq 2>&1); do
    case $said in *"Could not get lock"*) ;; *) deadline=0 ;; esac
    if [ "$(date +%s)" -ge "$deadline" ]; then
      printf '%s\n' "$said" >&2
      return 1
    fi
    sleep 2
  done
}
apt_install() { apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends "$@"; }
