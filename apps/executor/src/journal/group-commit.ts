interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Turns many small writes into few: what comes while a write is under way goes together in the next one. Alone, an
 * item is written at once. Postgres then commits, and syncs its disk, once per batch instead of once per item.
 */
export class GroupCommit<Item, Result> {
  private waiting: Waiting<Item, Result>[] = [];
  private writing = 0;
  private isDue = false;

  constructor(
    /** Writes the items and gives a result for each, in the same order. */
    private readonly write: (items: readonly Item[]) => Promise<readonly Result[]>,
    private readonly limits: {
      readonly maxItems: number;
      readonly maxWrites: number;
      readonly lingerMs?: number;
    },
  ) {}

  /** Resolves with the item's own result once its batch is committed. */
  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, resolve, reject });
      if (!this.isDue) this.writeSoon();
    });
  }

  /** Everything of this turn of the event loop, or of the time to linger, goes into one batch. */
  private writeSoon(): void {
    this.isDue = true;
    const write = () => {
      this.isDue = false;
      this.writeNext();
    };
    const { lingerMs } = this.limits;
    if (lingerMs === undefined) setImmediate(write);
    else setTimeout(write, lingerMs);
  }

  private writeNext(): void {
    if (this.waiting.length === 0 || this.writing >= this.limits.maxWrites) return;
    const batch = this.waiting.splice(0, this.limits.maxItems);
    this.writing += 1;
    this.write(batch.map(({ item }) => item))
      .then(
        (results) => batch.forEach(({ resolve }, index) => resolve(results[index] as Result)),
        (error: unknown) => batch.forEach(({ reject }) => reject(error)),
      )
      .finally(() => {
        this.writing -= 1;
        this.writeNext();
      });
    if (this.waiting.length > 0) this.writeNext();
  }
}
