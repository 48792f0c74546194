#!/bin/sh
# The fake journalctl: writes down how it was called, prints what a test put into the journal and, when it is to
# follow, what is added to it.
journal=$(dirname "$0")/../journal
echo "$*" >>"$journal.calls"
case $* in
*--follow*) exec tail -n +1 -f "$journal/machine/system.journal" ;;
*) exec cat "$journal/machine/system.journal" ;;
esac
