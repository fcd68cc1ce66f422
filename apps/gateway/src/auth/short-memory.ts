interface Remembered<Value> {
  readonly value: Promise<Value | undefined>;
  readonly until: number;
}

/**
 * Remembers what was looked up, for a short time counted from before the looking: whatever changes afterwards is
 * noticed within that time. What was not found, or could not be looked up, is not remembered.
 */
export class ShortMemory<Value> {
  private readonly entries = new Map<string, Remembered<Value>>();

  constructor(
    private readonly ttlMs: number,
    private readonly capacity: number,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** The value of that key, looked up by `load` unless it is remembered. Callers at the same time share one look. */
  get(key: string, load: () => Promise<Value | undefined>): Promise<Value | undefined> {
    const known = this.entries.get(key);
    if (known && known.until > this.now()) return known.value;
    const entry = { until: this.now() + this.ttlMs, value: load() };
    this.keep(key, entry);
    entry.value.then(
      (value) => {
        if (value === undefined) this.drop(key, entry);
      },
      () => this.drop(key, entry),
    );
    return entry.value;
  }

  forget(key: string): void {
    this.entries.delete(key);
  }

  private keep(key: string, entry: Remembered<Value>): void {
    this.entries.delete(key); // so that the map's order is that of age
    this.entries.set(key, entry);
    const [oldest] = this.entries.keys();
    if (this.entries.size > this.capacity && oldest !== undefined) this.entries.delete(oldest);
  }

  private drop(key: string, entry: Remembered<Value>): void {
    if (this.entries.get(key) === entry) this.entries.delete(key);
  }
}
