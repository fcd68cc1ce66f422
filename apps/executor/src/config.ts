import { EgressServiceConfig } from '#runtime/service.config';
import { Type } from 'class-transformer';
import { IsInt, Matches, Max, Min } from 'class-validator';

export class ExecutorConfig extends EgressServiceConfig {
  /** What proves to the vault that an executor asks: 32 bytes in base64, the same as the vault's. */
  @Matches(/^[A-Za-z0-9+/]{43}=$/, { message: 'EXECUTOR_KEY must be 32 bytes in base64' })
  readonly EXECUTOR_KEY!: string;

  /** `X-<prefix>-Call-ID` and its two companions. */
  @Matches(/^[A-Za-z][A-Za-z0-9-]{0,31}$/, {
    message: 'CORRELATION_HEADER_PREFIX must be letters, digits and hyphens, beginning with a letter',
  })
  readonly CORRELATION_HEADER_PREFIX: string = 'Patchbay';

  /** Longest a caller may wait for one synchronous execution, all attempts included, milliseconds. */
  @Type(() => Number)
  @IsInt()
  @Min(100)
  @Max(120_000)
  readonly EXECUTION_MAX_MS: number = 30_000;

  /** How long an idempotency key is remembered, hours. */
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(8760)
  readonly IDEMPOTENCY_HOURS: number = 24;

  /** How long the variables of a call are kept after the last change, minutes; used when their bucket is made. */
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(10_080)
  readonly CALL_STATE_TTL_MINUTES: number = 240;
}
