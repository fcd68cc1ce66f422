export type Privilege = 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE';

/** Everything that a service may do with one of its tables. */
export interface TableRights {
  /** What its role may do; locking a row (`FOR UPDATE`, `FOR SHARE`) takes `UPDATE`. */
  readonly may: readonly Privilege[];
  /** The column that says which organization a row belongs to; null where rows belong to none. `org_id` when absent. */
  readonly organization?: 'org_id' | 'id' | null;
  /** What it may do with every organization's rows in a transaction that says so; see `acrossOrganizations`. */
  readonly across?: readonly Privilege[];
}

/** Everything that a service may do in its schema: nothing that is not named here. */
export interface ServiceRights {
  /** By name; every table of the schema, but for TypeORM's `migrations`, of which the service needs nothing. */
  readonly tables: Readonly<Record<string, TableRights>>;
  /** Functions that it may call, by name; they run with the rights of the schema's owner. */
  readonly functions?: readonly string[];
}

/** Where TypeORM notes which migrations ran. */
export const MIGRATIONS_TABLE = 'migrations';
