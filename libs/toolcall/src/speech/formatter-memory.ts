/**
 * Keeps what is dear to make and cheap to use, up to so many, and forgets the oldest: callers name languages and timezones,
 * so there may be no end of them.
 */
export class FormatterMemory<Formatter> {
  private readonly made = new Map<string, Formatter>();

  constructor(private readonly most: number) {}

  /** What was made for the key, or is made now. */
  get(key: string, make: () => Formatter): Formatter {
    const known = this.made.get(key);
    if (known !== undefined) return known;
    const [oldest] = this.made.keys();
    if (oldest !== undefined && this.made.size >= this.most) this.made.delete(oldest);
    const fresh = make();
    this.made.set(key, fresh);
    return fresh;
  }

  get size(): number {
    return this.made.size;
  }
}
