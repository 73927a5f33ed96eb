#!/bin/sh
# What promtool says of the files beside this script: syntax, rules, and the rules' own tests.
set -eu
cd "${0%/*}"
# Only the syntax: the files with passwords are not where this runs, and the rules follow.
promtool check config --syntax-only prometheus.yml
promtool check rules --lint=all --lint-fatal rules/*.yml
promtool test rules tests/*.yml
