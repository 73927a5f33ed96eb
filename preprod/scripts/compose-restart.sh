# $1 project, then services.
#include compose-command
project=$1
shift
compose restart "$@"
