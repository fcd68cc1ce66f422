import type { ToolDefinition } from './tool-definition.js';
import { parseUrlTemplate, withScheme } from './url-template.js';

/** What is different about a tool in one environment. */
export interface EnvironmentOverrides {
  /** As {@link parseBaseUrl} gives it. */
  readonly baseUrl?: string | null | undefined;
  readonly credentialId?: string | null | undefined;
}

/**
 * A tool as it is in an environment: the base URL in place of scheme, host and port, its path in front of the tool's,
 * and the credential in place of the tool's own. Versions, arguments and everything else stay.
 */
export function applyEnvironment(
  definition: ToolDefinition,
  { baseUrl, credentialId }: EnvironmentOverrides,
): ToolDefinition {
  if (!baseUrl && !credentialId) return definition;
  const { url } = definition.request;
  return {
    ...definition,
    request: {
      ...definition.request,
      url: baseUrl ? `${baseUrl}${url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '')}` : url,
      ...(credentialId && { credentialId }),
    },
  };
}

/** A base URL in normal form: literal, with its scheme, without a query and without a slash at its end. */
export function parseBaseUrl(
  text: string,
): { readonly ok: true; readonly baseUrl: string } | { readonly ok: false; readonly message: string } {
  const baseUrl = withScheme(text).replace(/(?<=[^:/])\/+$/, '');
  if (/[{}<>]/.test(baseUrl)) return { ok: false, message: 'cannot have placeholders; it is literal' };
  if (baseUrl.includes('?')) return { ok: false, message: 'cannot have a query; the tool has its own' };
  const parsed = parseUrlTemplate(baseUrl);
  if (!parsed.ok) return parsed;
  const isLiteral = parsed.url.segments.every((parts) => parts.every((part) => typeof part === 'string'));
  return isLiteral
    ? { ok: true, baseUrl }
    : { ok: false, message: 'cannot have `:name` segments; it is literal' };
}
