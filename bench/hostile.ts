import { hostileVectors } from '#egress/testing/hostile-vectors';
import { HostilityTrial } from '#egress/testing/hostility-trial';
import { resolve } from 'node:path';

// npm run bench:hostile: an egress client in a process of its own faces every hostile upstream there is. Its deadline is
// kept within 50 ms and it never grows by 20 MB, or this exits with 1. Meant for a machine that does nothing else.

const DEADLINE_MS = 300;
const PATIENT_MS = 20_000;
const MOST_LATE_MS = 50;
const MOST_GROWTH_BYTES = 20_000_000;

async function main(): Promise<void> {
  const trial = await HostilityTrial.start(resolve('dist/libs/egress/src/testing/hostile-client.js'));
  let failures = 0;
  process.stdout.write(`${row('upstream', 'came to', 'late', 'grown by')}\n`);
  try {
    for (const vector of hostileVectors) {
      const isLate = vector.comesTo === 'timeout';
      const account = await trial.face(vector, isLate ? DEADLINE_MS : PATIENT_MS);
      const isKept =
        account.cameTo === vector.comesTo &&
        account.lateByMs <= MOST_LATE_MS &&
        account.peakBytes <= MOST_GROWTH_BYTES;
      if (!isKept) failures += 1;
      const late = isLate ? `${account.lateByMs.toFixed(1)} ms` : '';
      const grown = `${(account.peakBytes / 1e6).toFixed(1)} MB`;
      process.stdout.write(
        `${row(vector.name, account.cameTo, late, grown)}${isKept ? '' : '  <-- not kept'}\n`,
      );
    }
  } finally {
    await trial.stop();
  }
  if (failures > 0) process.exitCode = 1;
}

function row(name: string, cameTo: string, late: string, grown: string): string {
  return `${name.padEnd(48)}${cameTo.padEnd(14)}${late.padStart(10)}${grown.padStart(10)}`;
}

await main();
