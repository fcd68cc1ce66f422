import { DatabaseServiceConfig } from '#runtime/service.config';
import { Type } from 'class-transformer';
import { IsInt, Max, Min } from 'class-validator';

export class AuditConfig extends DatabaseServiceConfig {
  /** How long a record is kept, days after its execution started. */
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(3650)
  readonly AUDIT_RETENTION_DAYS: number = 400;
}
