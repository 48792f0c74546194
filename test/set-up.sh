#!/bin/sh
# What tests, demo and benchmarks need, right after a clone: the dependencies of the lock file, and the build.
set -eu
cd "$(dirname "$0")/.."
if [ ! node_modules/.package-lock.json -nt package-lock.json ]; then npm ci --no-audit --no-fund; fi
npm run --silent build
