#!/bin/sh
# A device without hardware: pairs by the code that register-and-pair.ts shows, and carries out operations until Ctrl-C.
# sh examples/register-and-pair.sh SERIAL CODE FOLDER; the folder holds the device's keys and its journal.
set -eu
exec npx tillkeeper agent --server "$TILLKEEPER_URL" --serial "$1" --code "$2" --state "$3"
