/** About what half a core does in 5 ms; a step is one value looked at. */
export const MOST_STEPS = 100_000;
const CHARACTERS_PER_STEP = 8;
/** V8 keeps larger objects as hash tables; a field of those costs many times as much. */
const LARGE_OBJECT = { fields: 1000, stepsPerField: 4 };

/** Thrown when something would take longer than an answer may hold up everybody else's. */
export class TooMuchWork extends Error {
  constructor() {
    super('takes too much work on this answer');
  }
}

/** How much may still be done with one answer. What is done is paid for first, so that nothing runs away. */
export class WorkBudget {
  constructor(private steps = MOST_STEPS) {}

  /** @throws TooMuchWork when there is not enough left */
  pay(steps: number): void {
    this.steps -= steps;
    if (this.steps < 0) throw new TooMuchWork();
  }

  payForText(text: string, times = 1): void {
    this.pay((text.length * times) / CHARACTERS_PER_STEP);
  }

  payForFields(count: number): void {
    this.pay(count > LARGE_OBJECT.fields ? count * LARGE_OBJECT.stepsPerField : count);
  }

  /** Pays for a value as it would be written out: a part it names twice counts twice. */
  payForAll(value: unknown): void {
    this.pay(1);
    if (typeof value === 'string') this.payForText(value);
    if (typeof value !== 'object' || value === null) return;
    if (Array.isArray(value)) {
      for (const item of value) this.payForAll(item);
    } else {
      const items = Object.values(value);
      this.payForFields(items.length);
      for (const item of items) this.payForAll(item);
    }
  }
}
