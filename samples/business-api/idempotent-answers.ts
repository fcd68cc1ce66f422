import { createHash } from 'node:crypto';
import { Refusal, type Answer } from './answer.js';
import type { ApiRequest } from './request.js';

interface Remembered {
  readonly fingerprint: string;
  /** Absent while the first request still runs. */
  answer?: Answer;
}

const maxRemembered = 10_000;

/** `Idempotency-Key` on POST: the second request with a key gets the first one's answer and changes nothing. */
export class IdempotentAnswers {
  private readonly byKey = new Map<string, Remembered>();

  async once(request: ApiRequest, run: () => Promise<Answer>): Promise<Answer> {
    const given = request.method === 'POST' ? request.header('idempotency-key') : undefined;
    if (given === undefined) return run();

    const key = `${request.path} ${given}`;
    const fingerprint = createHash('sha256').update(request.bytes).digest('hex');
    const earlier = this.byKey.get(key);
    if (earlier) return replay(earlier, fingerprint);

    const remembered: Remembered = { fingerprint };
    this.remember(key, remembered);
    const answer = await run();
    // Our own failures are not remembered: the client may try again.
    if (answer.status >= 500) this.byKey.delete(key);
    else remembered.answer = answer;
    return answer;
  }

  clear(): void {
    this.byKey.clear();
  }

  private remember(key: string, remembered: Remembered): void {
    const [oldest] = this.byKey.keys();
    if (this.byKey.size >= maxRemembered && oldest !== undefined) this.byKey.delete(oldest);
    this.byKey.set(key, remembered);
  }
}

function replay({ fingerprint, answer }: Remembered, wanted: string): Answer {
  if (fingerprint !== wanted) {
    throw new Refusal(422, 'This Idempotency-Key was used with another body.');
  }
  if (!answer) {
    throw new Refusal(409, 'A request with this Idempotency-Key is still running.', {
      headers: { 'Retry-After': '1' },
    });
  }
  return { ...answer, headers: { ...answer.headers, 'Idempotency-Replayed': 'true' } };
}
