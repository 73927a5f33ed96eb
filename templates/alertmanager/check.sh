#!/bin/sh
# What amtool says of the files beside this script: syntax, messages, and who gets which alerts.
set -eu
cd "${0%/*}"
amtool check-config alertmanager.yml
# A message that names a template which is not there passes that check.
grep -o 'template "preprod[.][a-z]*"' alertmanager.yml | cut -d '"' -f 2 | sort -u | while read -r name; do
  amtool template render --template.glob messages.tmpl --template.text "{{ template \"$name\" . }}"
done
while read -r receivers labels; do
  # shellcheck disable=SC2086 # a word for each label
  amtool config routes test --config.file alertmanager.yml --verify.receivers "$receivers" $labels ||
    { echo "alerts with $labels are to reach $receivers"; exit 1; }
done <routes.txt
