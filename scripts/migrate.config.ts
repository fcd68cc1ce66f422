import { IsIn, IsOptional, Matches } from 'class-validator';

const password = Matches(/^[\x21-\x7e]{12,200}$/, {
  message: '$property must be 12 to 200 printable ASCII characters without spaces',
});

/** What `npm run migrate` may be told. */
export class MigrateConfig {
  /** The database, as the user who owns the schemas. */
  @Matches(/^postgres(ql)?:\/\/\S+$/, {
    message: 'DATABASE_URL must name the database: postgres://user:password@host:port/database',
  })
  readonly DATABASE_URL!: string;

  /** Whether each service has a role, or all use the user of DATABASE_URL. */
  @IsIn(['separate', 'shared'])
  readonly DATABASE_ROLES: 'separate' | 'shared' = 'separate';

  @IsOptional() @password readonly CATALOG_DATABASE_PASSWORD?: string;
  @IsOptional() @password readonly VAULT_DATABASE_PASSWORD?: string;
  @IsOptional() @password readonly EXECUTOR_DATABASE_PASSWORD?: string;
  @IsOptional() @password readonly AUDIT_DATABASE_PASSWORD?: string;
  @IsOptional() @password readonly GATEWAY_DATABASE_PASSWORD?: string;
}
