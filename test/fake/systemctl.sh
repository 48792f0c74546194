#!/bin/sh
# The fake systemctl: `is-enabled`, `is-active` and `show` of a unit say what a test wrote into systemd/VERB.UNIT, else
# that all is well; everything is written down.
folder=$(dirname "$0")/../systemd
echo "$*" >>"$folder.calls"
verb=$1
shift
failed=0
for unit; do
  case $unit in
  --property=Version) echo Version=252 ;;
  -*) ;;
  *)
    said=$(cat "$folder/$verb.$unit" 2>/dev/null)
    case $verb in
    is-enabled) said=${said:-enabled} ;;
    is-active) said=${said:-active} ;;
    esac
    [ -z "$said" ] || echo "$said"
    case $said in disabled | masked | inactive | failed) failed=1 ;; esac
    ;;
  esac
done
exit "$failed"
