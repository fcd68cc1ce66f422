import type { Problem } from '../problem.js';
import type { ToolDefinitionInput } from '../tool-definition.js';

/**
 * What can be imported. The last four are the tools of other products, written as JSON in the words of their own forms:
 * an integration with a burden, an action with a wizard, an action with typed variables, a tool with a JSON Schema.
 */
export const importFormats = [
  'patchbay',
  'curl',
  'openapi',
  'postman',
  'custom_integration',
  'http_action',
  'api_action',
  'http_tool',
] as const;
export type ImportFormat = (typeof importFormats)[number];

export const IMPORT_LIMITS = { bytes: 1_048_576, operations: 200, depth: 100, nodes: 200_000 } as const;

export interface ImportRequest {
  readonly format: ImportFormat | 'auto';
  /** Text, or JSON already read. */
  readonly source: unknown;
  /** Which of a document's operations: `operationId`, name, or `GET /path`. All when absent. */
  readonly operations?: readonly string[] | undefined;
  /** Where the API is, when the source does not say, or says it by a variable or a relative path. */
  readonly baseUrl?: string | undefined;
  /** Values of the source's own variables, put in as they are. */
  readonly variables?: Readonly<Record<string, string>> | undefined;
  /** Where the source was fetched from. */
  readonly sourceUrl?: string | undefined;
}

/** Something of the source that the tools do not have, or have otherwise. */
export interface Dropped {
  /** JSON Pointer into the source; for `curl`, `character 12`. */
  readonly where: string;
  readonly what: string;
  readonly why: string;
}

/** Where a secret goes in a request. */
export type SecretPlace =
  | { readonly in: 'bearer' }
  | { readonly in: 'basic'; readonly username: string }
  | { readonly in: 'header' | 'query' | 'body'; readonly name: string };

/** A way to authenticate that no credential stands for by itself: somebody has to say how. */
export type UnservedAuth = 'oauth2' | 'open_id_connect' | 'mutual_tls' | 'digest' | 'signature' | 'other';

/** Something secret a request needs; `value` when the source had it in clear. */
export interface FoundSecret {
  readonly place: SecretPlace | { readonly in: 'unserved'; readonly how: UnservedAuth };
  readonly value?: string | undefined;
  /** What the source calls it. */
  readonly label?: string | undefined;
}

/** A tool on its way from the source: not checked, its key not yet unique. */
export interface Draft {
  /** Where in the source it stands, like {@link Dropped.where}. */
  readonly where: string;
  readonly definition: ToolDefinitionInput;
  readonly secrets: readonly FoundSecret[];
  /** What makes it no tool, with pointers into the definition. */
  readonly problems: readonly Problem[];
  /** Secrets that were taken out and that no credential can stand for. */
  readonly removed?: readonly string[];
}

/** What a reader of one format makes of a source. */
export type Reading =
  | { readonly ok: true; readonly drafts: readonly Draft[]; readonly dropped: readonly Dropped[] }
  /** Pointers go into the source. */
  | { readonly ok: false; readonly problems: readonly Problem[] };

export interface ImportedTool {
  readonly where: string;
  /** Without the credential: that is not there yet. */
  readonly definition: ToolDefinitionInput;
  readonly problems: readonly Problem[];
}

/** A credential that the tools need. Holds no secret. */
export interface CredentialSlot {
  readonly name: string;
  /** `secret` is named by templates, as `name` says; a tool may need several of those besides a credential. */
  readonly type: 'bearer' | 'basic' | 'api_key' | 'headers' | 'secret' | UnservedAuth;
  /** For `api_key`. */
  readonly in?: 'header' | 'query' | 'body';
  readonly parameter?: string;
  /** For `headers`: their names. */
  readonly headers?: readonly string[];
  readonly origins: readonly string[];
  /** Keys of the tools. */
  readonly usedBy: readonly string[];
  /** Whether the source has the secret itself. */
  readonly found: boolean;
}

/** What the vault has to be told, apart from name and origins. */
export type CredentialMaterial =
  | { readonly type: 'bearer'; readonly token: string }
  | { readonly type: 'basic'; readonly username: string; readonly password: string }
  | {
      readonly type: 'api_key';
      readonly in: 'header' | 'query' | 'body';
      readonly parameter: string;
      readonly value: string;
    }
  | {
      readonly type: 'headers';
      readonly headers: readonly { readonly name: string; readonly value: string }[];
    };

export type ImportResult =
  | {
      readonly ok: true;
      readonly format: ImportFormat;
      readonly tools: readonly ImportedTool[];
      readonly credentials: readonly CredentialSlot[];
      readonly dropped: readonly Dropped[];
      /** By name of the slot, in clear: for the vault, and for nobody else. */
      readonly secrets: ReadonlyMap<string, CredentialMaterial>;
    }
  | { readonly ok: false; readonly problems: readonly Problem[] };
