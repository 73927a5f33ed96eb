#!/usr/bin/env bash
# Has Alloy read its configuration again; what it says is shown. 400: it keeps the one it had.
set -euo pipefail

exec 3<>/dev/tcp/127.0.0.1/12345
printf 'POST /-/reload HTTP/1.0\r\nContent-Length: 0\r\n\r\n' >&3
answer=$(tr -d '\r' <&3)
echo "${answer#*$'\n\n'}"
[[ ${answer%%$'\n'*} == *' 200 '* ]]
