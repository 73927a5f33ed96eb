# $1 project. Prints the status of Grafana's answer, then who belongs to its organization, in JSON; nothing where it
# does not run.
#include grafana-ask
find_grafana "$1"
if [ -n "$grafana" ]; then ask GET /api/org/users ''; fi
