#!/usr/bin/env bash
# Migrates an empty database, undoes it all, migrates again, and fails if TypeORM would change anything then: entities
# and migrations agree, and every migration has a true inverse.
set -euo pipefail
cd "$(dirname "$0")/.."
node scripts/setup.mjs
PATH="$PWD/node_modules/.bin:$PATH"
npm run --silent build
exec node dist/scripts/check-migrations.js
