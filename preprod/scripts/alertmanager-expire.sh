# $1 project. What deploys silenced is sent again; a silence that cannot be ended ends by itself.
#include alertmanager-of
find_alertmanager "$1"
if [ -n "$alertmanager" ]; then expire || echo "the silence of this deploy ends by itself" >&2; fi
