/** How often somebody may ask: so many at once, and so many a second in the long run. Remembers the latest askers only. */
export class RequestRate {
  private readonly askers = new Map<string, { left: number; at: number }>();

  constructor(
    private readonly rules: {
      readonly burst: number;
      readonly perSecond: number;
      readonly maxAskers: number;
    },
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** @returns whether this one may be answered */
  take(asker: string): boolean {
    const { burst, perSecond, maxAskers } = this.rules;
    const at = this.now();
    const known = this.askers.get(asker);
    const left = known ? Math.min(burst, known.left + ((at - known.at) / 1000) * perSecond) : burst;
    const isTaken = left >= 1;
    this.askers.delete(asker); // so that the map's order is that of use
    this.askers.set(asker, { left: isTaken ? left - 1 : left, at });
    const [stalest] = this.askers.keys();
    if (this.askers.size > maxAskers && stalest !== undefined) this.askers.delete(stalest);
    return isTaken;
  }
}
