/** A moment by which an answer is due, on this process's monotonic clock. */
export class Deadline {
  private constructor(private readonly at: number) {}

  static in(ms: number): Deadline {
    return new Deadline(performance.now() + ms);
  }

  /** Milliseconds left; 0 when it has passed. */
  remainingMs(): number {
    return Math.max(0, this.at - performance.now());
  }

  get hasPassed(): boolean {
    return this.remainingMs() === 0;
  }

  /** The earlier of this one and one so many milliseconds from now. */
  atMost(ms: number): Deadline {
    return new Deadline(Math.min(this.at, performance.now() + ms));
  }
}
