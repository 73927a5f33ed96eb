# $1 project, then options and the services to bring up: these alone, the order is ours.
#include compose-command
#include compose-diagnose
project=$1
shift
compose up -d --no-deps "$@" || {
  diagnose "$project"
  exit 1
}
