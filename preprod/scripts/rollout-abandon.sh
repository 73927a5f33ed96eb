# $1 project, $2 container, $3 why the deploy stops. The old container goes on serving.
#include compose-diagnose
echo "the deploy stops here, the old version goes on serving: $3" >&2
diagnose "$1"
if [ -n "$2" ]; then docker rm -f "$2" >/dev/null; fi
exit 1
