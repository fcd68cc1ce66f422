const LATE = Symbol('late');

/** The promise's outcome, or `late()` when it has none after so many milliseconds. The work itself goes on. */
export async function settleBy<T, Late>(
  promise: Promise<T>,
  ms: number,
  late: () => Late,
): Promise<T | Late> {
  let timer: NodeJS.Timeout | undefined;
  const lateness = new Promise<typeof LATE>((resolve) => {
    timer = setTimeout(() => resolve(LATE), ms);
  });
  try {
    const first = await Promise.race([promise, lateness]);
    return first === LATE ? late() : first;
  } finally {
    clearTimeout(timer);
  }
}
