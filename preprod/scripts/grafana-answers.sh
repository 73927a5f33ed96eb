# $1 project. Fails, and says why, unless Grafana tells its administrator who has an account.
#include grafana-ask
find_grafana "$1"
must GET /api/org/users '' >/dev/null
