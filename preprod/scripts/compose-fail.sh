# $1 project, $2 why the deploy stops.
#include compose-diagnose
echo "the deploy stops here: $2" >&2
diagnose "$1"
exit 1
