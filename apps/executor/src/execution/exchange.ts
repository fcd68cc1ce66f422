import type { Exchange } from '#contracts/executor.contract';
import type { EgressResponse } from '#egress/egress-result';
import type { RenderedRequest } from '#toolcall/compile-request';
import type { Scrubber } from '#toolcall/scrub';
import { Secret, standInFor } from '#toolcall/secret';
import type { VariableNotFound } from '#toolcall/response/map-response';
import { applyCredential } from '../credentials/apply-credential.js';
import type { OpenCredential } from '../credentials/credential.cache.js';
import { toWire } from '../upstream/wire-request.js';
import { withHeaders } from '../credentials/signing/request-signer.js';
import { round } from './execution-run.js';

type Headers = readonly (readonly [string, string])[];

/** The request of a test as its author may see it: where a secret goes, the credential's name stands. */
export function shownRequest(
  request: RenderedRequest,
  secrets: readonly string[],
  credential: OpenCredential | undefined,
  extraHeaders: Headers,
): Exchange['request'] {
  const stand = new Secret(`‹credential: ${credential?.name ?? ''}›`);
  const placements = (credential?.placements ?? []).map((placement) => ({ ...placement, value: stand }));
  const applied = applyCredential(request, placements);
  const wire = toWire(applied.ok ? applied.request : request, extraHeaders);
  const signatures = (credential?.signer?.headers ?? []).map((name) => [name, stand.reveal()] as const);
  const { method, url, headers, body } = withHeaders(wire, signatures);
  const stands = [stand.reveal(), ...secrets.map((name) => standInFor({ name }))];
  return {
    method,
    url: readable(url, stands),
    headers: headers.map(([name, value]) => ({ name, value })),
    ...(body !== undefined && { body: readable(body, stands) }),
  };
}

/** What stands for secrets is for people, also where everything else is encoded. */
function readable(text: string, stands: readonly string[]): string {
  return stands.reduce((shown, stand) => {
    const encoded = encodeURIComponent(stand);
    return shown.replaceAll(encoded, stand).replaceAll(encoded.replaceAll('%20', '+'), stand);
  }, text);
}

/** The response as it came, without the values of secrets. */
export function shownResponse(
  response: EgressResponse,
  scrubber: Scrubber | undefined,
): Exchange['response'] {
  const scrub = (text: string) => scrubber?.scrubEscaped(text) ?? text;
  const headers = Object.entries(response.headers).flatMap(([name, value]) =>
    [value ?? []].flat().map((one) => ({ name, value: scrub(one) })),
  );
  return {
    status: response.status,
    headers,
    body: scrub(response.body.toString()),
    latencyMs: round(response.timings.totalMs),
  };
}

/** What a tool's author should know of the answer, though it is no error. */
export function warningsOf(notFound: readonly VariableNotFound[]): string[] {
  return notFound.map(({ name, source, reason = 'found nothing', value }) => {
    const became = value === null ? 'null' : 'its default';
    return `The variable \`${name}\` is ${became}: \`${source}\` ${reason}`;
  });
}
