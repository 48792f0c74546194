#!/bin/sh
# The fake systemd-run: writes down how it was called, and runs the program without any sandbox.
echo "$*" >>"$(dirname "$0")/../systemd-run.calls"
while [ $# -gt 0 ]; do
  case $1 in
  -p) shift 2 ;;
  -*) shift ;;
  *) exec "$@" ;;
  esac
done
