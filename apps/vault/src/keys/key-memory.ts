import type { KeyObject } from 'node:crypto';

interface Remembered {
  readonly key: Promise<KeyObject>;
  readonly until: number;
}

/** Unwrapped keys for a short time, so many at most; each is unwrapped once, however many ask at the same time. */
export class KeyMemory {
  private readonly keys = new Map<string, Remembered>();

  constructor(
    private readonly limits: { readonly keptMs: number; readonly maxKeys: number },
    private readonly now: () => number = Date.now,
  ) {}

  get(name: string, unwrap: () => Promise<KeyObject>): Promise<KeyObject> {
    const known = this.keys.get(name);
    if (known && known.until > this.now()) return known.key;
    const remembered = { key: unwrap(), until: this.now() + this.limits.keptMs };
    this.keys.delete(name); // the oldest are first
    this.keys.set(name, remembered);
    remembered.key.catch(() => {
      if (this.keys.get(name) === remembered) this.keys.delete(name);
    });
    if (this.keys.size > this.limits.maxKeys) this.forgetOldest();
    return remembered.key;
  }

  forget(isMeant: (name: string) => boolean): void {
    for (const name of this.keys.keys()) if (isMeant(name)) this.keys.delete(name);
  }

  get size(): number {
    return this.keys.size;
  }

  private forgetOldest(): void {
    const [oldest] = this.keys.keys();
    if (oldest !== undefined) this.keys.delete(oldest);
  }
}
