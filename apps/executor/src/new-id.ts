import { randomFillSync } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';

const ID_BYTES = 16;
const pool = Buffer.alloc(ID_BYTES * 256);
let next = pool.length;

/** A UUIDv7. Randomness is fetched for 256 at a time: one by one it costs more than all the rest of making an id. */
export function newId(): string {
  if (next === pool.length) {
    randomFillSync(pool);
    next = 0;
  }
  const random = pool.subarray(next, next + ID_BYTES);
  next += ID_BYTES;
  return uuidv7({ random });
}
