#!/bin/sh
# The fake udevadm: `info PATH…` prints what a test put into the database for the path's device, as udevadm prints
# it; `verify` is what a test says, and nothing wrong unless it does; `control` and `trigger` are written down, and
# succeed.
database=$(dirname "$0")/../udev
case $1 in
info)
  shift
  for path; do
    [ -e "$path" ] || continue
    cat "$database/${path##*/}" 2>/dev/null || echo "E: DEVPATH=/devices/pci0000:00/${path##*/}"
    echo
  done
  ;;
verify)
  cat "$database.verify" 2>/dev/null && exit 1
  exit 0
  ;;
*) echo "$*" >>"$database.calls" ;;
esac
