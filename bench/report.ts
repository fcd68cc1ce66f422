import { median, type Sample } from './measure.js';

/** One row of the report: the medians of its rounds, beside the floor's of the same run. */
export interface Row {
  readonly name: string;
  readonly concurrency: number;
  readonly rps: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly cpuUsPerOp: number;
  readonly rssMb: number;
  readonly rpsRatioToFloor: number;
  readonly p50DeltaMs: number;
}

/** @param samples by name, then by concurrency, a sample per round */
export function rowsOf(samples: ReadonlyMap<string, ReadonlyMap<number, readonly Sample[]>>): Row[] {
  const rows: Row[] = [];
  for (const [name, byConcurrency] of samples) {
    for (const [concurrency, rounds] of byConcurrency) {
      const floor = samples.get('floor')?.get(concurrency) ?? [];
      const of = (field: keyof Sample) => median(rounds.map((sample) => sample[field]));
      const ofFloor = (field: keyof Sample) => median(floor.map((sample) => sample[field]));
      rows.push({
        name,
        concurrency,
        rps: round(of('rps'), 0),
        p50Ms: round(of('p50Ms'), 3),
        p95Ms: round(of('p95Ms'), 3),
        p99Ms: round(of('p99Ms'), 3),
        cpuUsPerOp: round(of('cpuUsPerOp'), 1),
        rssMb: round(of('rssMb'), 1),
        rpsRatioToFloor: round(of('rps') / ofFloor('rps'), 3),
        p50DeltaMs: round(of('p50Ms') - ofFloor('p50Ms'), 3),
      });
    }
  }
  return rows;
}

export function tableOf(rows: readonly Row[]): string {
  const columns = [
    'name',
    'concurrency',
    'rps',
    'p50Ms',
    'p95Ms',
    'p99Ms',
    'cpuUsPerOp',
    'rssMb',
    'rpsRatioToFloor',
    'p50DeltaMs',
  ] as const;
  const lines = [columns.map(String), ...rows.map((row) => columns.map((column) => String(row[column])))];
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => line[index]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, index) => (index === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[index] ?? 0)))
        .join('  '),
    )
    .join('\n');
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
