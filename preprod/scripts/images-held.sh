# Arguments: references.
#include images-ids
ids "$@" | cut -d ' ' -f 1
