import { DatabaseServiceConfig } from '#runtime/service.config';
import { Type } from 'class-transformer';
import { IsInt, IsNumber, Max, Min } from 'class-validator';

export class AuditConfig extends DatabaseServiceConfig {
  /** How long a record is kept, days after its execution started. */
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(3650)
  readonly AUDIT_RETENTION_DAYS: number = 400;

  /** Share of a tool's answers, 0 to 1, of which more must miss a mapped path before statistics call it drift. */
  @Type(() => Number)
  @IsNumber()
  @Min(0)
  @Max(1)
  readonly AUDIT_DRIFT_SHARE: number = 0.2;
}
