import { describe, expect, it } from '@jest/globals';
import type { CredentialMaterial } from './imported.js';
import { importTools } from './import-tools.js';
import type { Request } from './lift-secrets.js';

interface Expected {
  request: Request;
  /** Names of required texts, or properties. */
  asks?: string[] | Record<string, object>;
  secret?: CredentialMaterial;
  /** Type and place of a credential whose secret the command does not have. */
  slot?: object;
  dropped?: string[];
}

const read = (source: string, more: object = {}) => importTools({ format: 'curl', source, ...more });

/** The whole of what a command of one request becomes, words aside. */
function imported(source: string, more: object = {}) {
  const result = read(source, more);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  const [tool] = result.tools;
  expect(result.tools).toHaveLength(1);
  return {
    parameters: tool!.definition.parameters,
    request: tool!.definition.request,
    problems: tool!.problems,
    secrets: [...result.secrets.values()],
    slots: result.credentials
      .filter(({ found }) => !found)
      .map(({ name: _, usedBy: _usedBy, origins: _origins, found: _found, ...form }) => form),
    dropped: result.dropped.map(({ what }) => what),
  };
}

function parametersFor(asks: Expected['asks'] = []): object {
  const names = Array.isArray(asks) ? asks : Object.keys(asks);
  const properties = Array.isArray(asks)
    ? Object.fromEntries(asks.map((name) => [name, { type: 'string' }]))
    : asks;
  return { type: 'object', properties, ...(names.length > 0 && { required: names }) };
}

const json = (template: unknown) => ({ body: { type: 'json' as const, template } });
const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl';

describe('a curl command as people copy it', () => {
  it.each<[string, string, Expected]>([
    [
      'a bare URL',
      'curl https://api.example.com/orders',
      { request: { method: 'GET', url: 'https://api.example.com/orders' } },
    ],
    [
      'without a scheme, -X and -d joined to their values, a limit of time, output thrown away',
      `curl -XPATCH -H"X-API-Key:abcd1234efgh" -d'{"a":null}' api.example.com/x -m 2.5 -sSo /dev/null`,
      {
        request: { method: 'PATCH', url: 'https://api.example.com/x', timeoutMs: 2500, ...json({ a: null }) },
        secret: { type: 'api_key', in: 'header', parameter: 'X-API-Key', value: 'abcd1234efgh' },
        dropped: ['the content type curl sends of itself'],
      },
    ],
    [
      'Chrome, copied as cURL (bash), with bearer and cookie',
      `curl 'https://shop.example.com/api/cart?currency=EUR' \\
  -H 'accept: application/json, text/plain, */*' \\
  -H 'accept-language: en-US,en;q=0.9' \\
  -H 'authorization: Bearer ${JWT}' \\
  -b 'sid=s%3Aabcdef0123456789; theme=dark' \\
  -H 'origin: https://shop.example.com' \\
  -H 'priority: u=1, i' \\
  -H 'sec-ch-ua: "Chromium";v="130", "Not?A_Brand";v="99"' \\
  -H 'sec-fetch-mode: cors' \\
  -H 'user-agent: Mozilla/5.0 (X11; Linux x86_64)' \\
  -H 'content-type: application/json' \\
  --data-raw '{"sku":"A-1","quantity":2,"gift":false}'`,
      {
        request: {
          method: 'POST',
          url: 'https://shop.example.com/api/cart',
          headers: [
            { name: 'accept', value: 'application/json, text/plain, */*' },
            { name: 'accept-language', value: 'en-US,en;q=0.9' },
            { name: 'origin', value: 'https://shop.example.com' },
            { name: 'user-agent', value: 'Mozilla/5.0 (X11; Linux x86_64)' },
          ],
          query: [{ name: 'currency', value: 'EUR' }],
          ...json({ sku: 'A-1', quantity: 2, gift: false }),
        },
        secret: {
          type: 'headers',
          headers: [
            { name: 'Authorization', value: `Bearer ${JWT}` },
            { name: 'Cookie', value: 'sid=s%3Aabcdef0123456789; theme=dark' },
          ],
        },
        dropped: ['the header `priority`', 'the header `sec-ch-ua`', 'the header `sec-fetch-mode`'],
      },
    ],
    [
      "Chrome's $'…' quotes with escapes",
      String.raw`curl 'https://api.example.com/notes' -H 'content-type: application/json' --data-raw $'{"text":"It\'s \u0021 caf\xe9\\n","tab":"a\tb"}' --compressed`.replace(
        String.raw`a\tb`,
        String.raw`a\\tb`,
      ),
      {
        request: {
          method: 'POST',
          url: 'https://api.example.com/notes',
          ...json({ text: "It's ! café\n", tab: 'a\tb' }),
        },
      },
    ],
    [
      'Firefox, with the headers that describe the connection',
      `curl 'https://api.example.com/notes' -X POST -H 'User-Agent: Mozilla/5.0' -H 'Accept: */*' -H 'Accept-Encoding: gzip, deflate, br, zstd' -H 'Content-Type: application/json' -H 'Connection: keep-alive' -H 'TE: trailers' -H 'Cookie: session=0123456789abcdef' --data-raw '{"text":"hi"}'`,
      {
        request: {
          method: 'POST',
          url: 'https://api.example.com/notes',
          headers: [
            { name: 'User-Agent', value: 'Mozilla/5.0' },
            { name: 'Accept', value: '*/*' },
          ],
          ...json({ text: 'hi' }),
        },
        secret: { type: 'api_key', in: 'header', parameter: 'Cookie', value: 'session=0123456789abcdef' },
        dropped: ['the header `TE`'],
      },
    ],
    [
      'Chrome, copied as cURL (cmd), every special character with a caret',
      String.raw`curl ^"https://api.example.com/search?q=a^%^20b^&page=2^" ^
  -H ^"accept: application/json^" ^
  -H ^"x-api-key: key-from-cmd-0001^" ^
  --data-raw ^"^{^\^"name^\^":^\^"O^'Brien ^\^\^\^"Bob^\^\^\^"^\^",^\^"pct^\^":^\^"5^%^\^"^}^" ^
  -H ^"content-type: application/json^"`,
      {
        request: {
          method: 'POST',
          url: 'https://api.example.com/search',
          headers: [{ name: 'accept', value: 'application/json' }],
          query: [
            { name: 'q', value: 'a b' },
            { name: 'page', value: '2' },
          ],
          ...json({ name: `O'Brien "Bob"`, pct: '5%' }),
        },
        secret: { type: 'api_key', in: 'header', parameter: 'x-api-key', value: 'key-from-cmd-0001' },
      },
    ],
    [
      'an older Chrome for cmd: plain quotes, a caret at the end of the line',
      'curl "https://api.example.com/items" -H "Accept: application/json" ^\r\n  --data-binary "{\\"id\\": 7}" -H "Content-Type: application/json"',
      {
        request: {
          method: 'POST',
          url: 'https://api.example.com/items',
          headers: [{ name: 'Accept', value: 'application/json' }],
          ...json({ id: 7 }),
        },
      },
    ],
    [
      'cmd with a variable of the environment',
      'curl -X DELETE "https://api.example.com/items/%ITEM_ID%" ^\n -H "Authorization: Bearer %API_TOKEN%"',
      {
        request: { method: 'DELETE', url: 'https://api.example.com/items/{{item_id}}' },
        asks: ['item_id'],
        slot: { type: 'bearer' },
      },
    ],
    [
      'Postman, with its variables and a path parameter',
      `curl --location --request POST 'https://api.example.com/v1/customers/:customerId/notes' \\
--header 'Content-Type: application/json' \\
--header 'Authorization: Bearer {{token}}' \\
--data '{
    "text": "{{note}}",
    "priority": {{priority}},
    "by": "Agent"
}'`,
      {
        request: {
          method: 'POST',
          url: 'https://api.example.com/v1/customers/{{customerId}}/notes',
          ...json({ text: '{{note}}', priority: '{{priority}}', by: 'Agent' }),
        },
        asks: { customerId: { type: 'string' }, note: { type: 'string' }, priority: { type: 'number' } },
        slot: { type: 'bearer' },
        dropped: ['`--location`', 'the quotes of `priority`'],
      },
    ],
    [
      'Stripe documentation: a key as the user name, a form of several -d',
      'curl https://api.stripe.example/v1/charges -u sk_test_4eC39HqLyjWDarjtT1zdp7dc: -d amount=2000 -d currency=usd -d "metadata[order_id]"=6735',
      {
        request: {
          method: 'POST',
          url: 'https://api.stripe.example/v1/charges',
          body: {
            type: 'form',
            template: [
              { name: 'amount', value: '2000' },
              { name: 'currency', value: 'usd' },
              { name: 'metadata[order_id]', value: '6735' },
            ],
          },
        },
        secret: {
          type: 'api_key',
          in: 'header',
          parameter: 'Authorization',
          value: `Basic ${Buffer.from('sk_test_4eC39HqLyjWDarjtT1zdp7dc:').toString('base64')}`,
        },
      },
    ],
    [
      'Twilio documentation: account and token, --data-urlencode, a + in a number',
      `curl -X POST "https://api.twilio.example/2010-04-01/Accounts/$TWILIO_ACCOUNT_SID/Messages.json" \\
--data-urlencode "To=+15558675310" \\
--data-urlencode "Body=Hello there & welcome" \\
-u $TWILIO_ACCOUNT_SID:$TWILIO_AUTH_TOKEN`,
      {
        request: {
          method: 'POST',
          url: 'https://api.twilio.example/2010-04-01/Accounts/{{twilio_account_sid}}/Messages.json',
          body: {
            type: 'form',
            template: [
              { name: 'To', value: '+15558675310' },
              { name: 'Body', value: 'Hello there & welcome' },
            ],
          },
        },
        asks: ['twilio_account_sid'],
        slot: { type: 'basic' },
      },
    ],
    [
      'a user and a password with colons in it',
      "curl -u ada:pa:ss-word 'https://api.example.com/me'",
      {
        request: { method: 'GET', url: 'https://api.example.com/me' },
        secret: { type: 'basic', username: 'ada', password: 'pa:ss-word' },
      },
    ],
    [
      'a user and a password in the URL',
      "curl 'https://user:p%40ss-word@api.example.com/x'",
      {
        request: { method: 'GET', url: 'https://api.example.com/x' },
        secret: { type: 'basic', username: 'user', password: 'p@ss-word' },
      },
    ],
    [
      'an Authorization header that is basic already',
      `curl -H "Authorization: Basic ${Buffer.from('zendesk@example.com/token:zd-secret-1').toString('base64')}" https://desk.example.com/api/v2/tickets.json`,
      {
        request: { method: 'GET', url: 'https://desk.example.com/api/v2/tickets.json' },
        secret: { type: 'basic', username: 'zendesk@example.com/token', password: 'zd-secret-1' },
      },
    ],
    [
      'a scheme of its own in the Authorization header, a path parameter in braces',
      'curl -X DELETE "https://api.example.com/v1/items/{id}" -H "Authorization: Token abcdef123456"',
      {
        request: { method: 'DELETE', url: 'https://api.example.com/v1/items/{{id}}' },
        asks: ['id'],
        secret: {
          type: 'api_key',
          in: 'header',
          parameter: 'Authorization',
          value: 'Token abcdef123456',
        },
      },
    ],
    [
      'a key in the query',
      "curl 'https://maps.example.com/geocode/json?address=1600+Amphitheatre&key=AIzaSyA-1234567890abcdefghijklmnopqrstu'",
      {
        request: {
          method: 'GET',
          url: 'https://maps.example.com/geocode/json',
          query: [{ name: 'address', value: '1600 Amphitheatre' }],
        },
        secret: {
          type: 'api_key',
          in: 'query',
          parameter: 'key',
          value: 'AIzaSyA-1234567890abcdefghijklmnopqrstu',
        },
      },
    ],
    [
      'documentation that says where the key goes, an unquoted & and an unquoted <name>',
      'curl https://api.example.com/v1/users/<user_id>/orders?limit=10&status=:status -H "X-API-Key: YOUR_API_KEY"',
      {
        request: {
          method: 'GET',
          url: 'https://api.example.com/v1/users/{{user_id}}/orders',
          query: [
            { name: 'limit', value: '10' },
            { name: 'status', value: '{{status}}' },
          ],
        },
        asks: ['user_id', 'status'],
        slot: { type: 'api_key', in: 'header', parameter: 'X-API-Key' },
      },
    ],
    [
      'shell variables in double quotes, short options in one word',
      'curl -sSLkX POST "https://api.example.com/hooks/$HOOK_ID?verbose=${VERBOSE:-1}" -H "Authorization: Bearer $API_TOKEN" -H "Content-Type: application/json" -d "{\\"name\\": \\"$NAME\\", \\"n\\": $COUNT}"',
      {
        request: {
          method: 'POST',
          url: 'https://api.example.com/hooks/{{hook_id}}',
          query: [{ name: 'verbose', value: '{{verbose}}' }],
          ...json({ name: '{{name}}', n: '{{count}}' }),
        },
        asks: {
          hook_id: { type: 'string' },
          verbose: { type: 'string' },
          name: { type: 'string' },
          count: { type: 'number' },
        },
        slot: { type: 'bearer' },
        dropped: ['`-L`', '`-k`', 'the quotes of `COUNT`'],
      },
    ],
    [
      'single quotes left for a variable',
      `curl -H 'Content-Type: application/json' -d '{"id": "'"$ORDER_ID"'", "tag": "$ref"}' https://api.example.com/o`,
      {
        request: {
          method: 'POST',
          url: 'https://api.example.com/o',
          ...json({ id: '{{order_id}}', tag: '$ref' }),
        },
        asks: ['order_id'],
      },
    ],
    [
      'a script: assignments, a prompt, a comment, a pipe and a file for the output',
      `export TOKEN=tok_shell_123456
BASE="https://api.example.com"
# look it up
$ curl -s "$BASE/orders/<order_id>" -H "Authorization: Bearer $TOKEN" | jq '.status' > out.json`,
      {
        request: { method: 'GET', url: 'https://api.example.com/orders/{{order_id}}' },
        asks: ['order_id'],
        secret: { type: 'bearer', token: 'tok_shell_123456' },
        dropped: ['the redirection', 'what the output is piped into'],
      },
    ],
    [
      'a here-document as the body',
      `curl -d @- https://api.example.com/tickets -H 'Content-Type: application/json' <<EOF
{
  "subject": "$SUBJECT",
  "tags": ["a", "b"]
}
EOF`,
      {
        request: {
          method: 'POST',
          url: 'https://api.example.com/tickets',
          ...json({ subject: '{{subject}}', tags: ['a', 'b'] }),
        },
        asks: ['subject'],
      },
    ],
    [
      '--json',
      `curl --json '{"tool": "curl"}' https://example.com/post`,
      {
        request: {
          method: 'POST',
          url: 'https://example.com/post',
          headers: [{ name: 'Accept', value: 'application/json' }],
          ...json({ tool: 'curl' }),
        },
      },
    ],
    [
      '-G with --data-urlencode in its forms',
      'curl -G https://api.example.com/search --data-urlencode "q=size > 10 & color=red" -d page=1 --data-urlencode "filter[status]=<status>"',
      {
        request: {
          method: 'GET',
          url: 'https://api.example.com/search',
          query: [
            { name: 'q', value: 'size > 10 & color=red' },
            { name: 'page', value: '1' },
            { name: 'filter[status]', value: '{{status}}' },
          ],
        },
        asks: ['status'],
      },
    ],
    [
      'a form as one string, an OAuth client’s secret in it',
      "curl -d 'grant_type=client_credentials&client_id=abc&client_secret=shhh-very-secret-1&scope=a%20b+c' https://auth.example.com/oauth/token",
      {
        request: {
          method: 'POST',
          url: 'https://auth.example.com/oauth/token',
          body: {
            type: 'form',
            template: [
              { name: 'grant_type', value: 'client_credentials' },
              { name: 'client_id', value: 'abc' },
              { name: 'scope', value: 'a b c' },
            ],
          },
        },
        secret: { type: 'api_key', in: 'body', parameter: 'client_secret', value: 'shhh-very-secret-1' },
      },
    ],
    [
      '-F: fields, a text file, JSON as a part',
      `curl -F 'title=Report' -F 'file=@notes/day 1.txt;type=text/plain' -F 'meta={"a":1};type=application/json' -F to=<email> https://api.example.com/upload`,
      {
        request: {
          method: 'POST',
          url: 'https://api.example.com/upload',
          body: {
            type: 'multipart',
            template: [
              { name: 'title', value: 'Report' },
              { name: 'file', value: '{{file}}', contentType: 'text/plain', fileName: 'day 1.txt' },
              { name: 'meta', value: '{"a":1}', contentType: 'application/json' },
              { name: 'to', value: '{{email}}' },
            ],
          },
        },
        asks: ['file', 'email'],
      },
    ],
    [
      'XML',
      `curl -X PUT -d '<order id="1"><sku>{{sku}}</sku></order>' -H 'Content-Type: application/xml' https://api.example.com/orders/1`,
      {
        request: {
          method: 'PUT',
          url: 'https://api.example.com/orders/1',
          body: { type: 'xml', template: '<order id="1"><sku>{{sku}}</sku></order>' },
        },
        asks: ['sku'],
      },
    ],
    [
      'text of a type of its own',
      'curl -H \'Content-Type: application/x-ndjson\' --data-binary $\'{"index":{}}\\n{"a":1}\\n\' https://es.example.com/_bulk',
      {
        request: {
          method: 'POST',
          url: 'https://es.example.com/_bulk',
          headers: [{ name: 'Content-Type', value: 'application/x-ndjson' }],
          body: { type: 'text', template: '{"index":{}}\n{"a":1}\n' },
        },
      },
    ],
    [
      'a vendor’s JSON type is kept',
      `curl -X PATCH -H 'Content-Type: application/merge-patch+json' -d '{"status":"{status}"}' https://api.example.com/o/7`,
      {
        request: {
          method: 'PATCH',
          url: 'https://api.example.com/o/7',
          headers: [{ name: 'Content-Type', value: 'application/merge-patch+json' }],
          ...json({ status: '{{status}}' }),
        },
        asks: ['status'],
      },
    ],
    [
      'GraphQL',
      `curl 'https://api.example.com/graphql' -H 'content-type: application/json' -d '{"query":"query($id: ID!) { order(id: $id) { status } }","variables":{"id":"<order id>"}}'`,
      {
        request: {
          method: 'POST',
          url: 'https://api.example.com/graphql',
          ...json({
            query: 'query($id: ID!) { order(id: $id) { status } }',
            variables: { id: '{{order_id}}' },
          }),
        },
        asks: ['order_id'],
      },
    ],
    [
      '-A, -e, --url, and what a tool has no place for',
      "curl -A 'MyApp/1.0' -e 'https://ref.example.com;auto' --url https://api.example.com/ping --max-time 3 --retry 3 --proxy http://p:8080 --http2 -v",
      {
        request: {
          method: 'GET',
          url: 'https://api.example.com/ping',
          timeoutMs: 3000,
          headers: [
            { name: 'User-Agent', value: 'MyApp/1.0' },
            { name: 'Referer', value: 'https://ref.example.com' },
          ],
        },
        dropped: ['`--retry`', '`--proxy`'],
      },
    ],
    [
      'names of the call’s context stay what they are',
      `curl -H 'Content-Type: application/json' -d '{"name":"{{contact.first_name}}","at":"{{ current_datetime }}","who":"{ { caller } }"}' https://api.example.com/calls`,
      {
        request: {
          method: 'POST',
          url: 'https://api.example.com/calls',
          ...json({
            name: '{{contact.first_name}}',
            at: '{{current_datetime}}',
            who: '{{caller}}',
          }),
        },
        asks: ['caller'],
      },
    ],
    [
      'PowerShell’s continuation, curl.exe',
      'curl.exe -X POST https://api.example.com/x `\r\n  -H "Content-Type: application/json" `\r\n  -d \'{"a": [1, 2.5, true]}\'',
      {
        request: { method: 'POST', url: 'https://api.example.com/x', ...json({ a: [1, 2.5, true] }) },
      },
    ],
    [
      'a URL with a fragment, blanks after the backslash, a semicolon at the end',
      'curl \\ \n  -L  "https://api.example.com/a?b=c#top" ;',
      {
        request: {
          method: 'GET',
          url: 'https://api.example.com/a',
          query: [{ name: 'b', value: 'c' }],
        },
        dropped: ['`-L`', 'the fragment `#…`'],
      },
    ],
    [
      '--oauth2-bearer, an option shortened, --no- before another',
      'curl --oauth2 abc.def.ghi --no-progress-meter --no-keepalive -X PUT https://api.example.com/x',
      {
        request: { method: 'PUT', url: 'https://api.example.com/x' },
        secret: { type: 'bearer', token: 'abc.def.ghi' },
      },
    ],
  ])('%s', (_name, source, { request, asks, secret, slot, dropped = [] }) => {
    expect(imported(source)).toEqual({
      parameters: parametersFor(asks),
      request,
      problems: [],
      secrets: secret ? [secret] : [],
      slots: slot ? [slot] : [],
      dropped,
    });
  });

  it('gives the tool a key, a name and words, and the credential the origin it was found for', () => {
    const result = read('curl -u ada:secret-word https://api.example.com:8443/v1/orders/:orderId/items.json');

    expect(result).toMatchObject({
      tools: [
        {
          where: 'character 1',
          definition: {
            key: 'get_orders_by_order_id_items',
            name: 'Get orders by orderId items',
            description: 'GET api.example.com:8443/v1/orders/{orderId}/items.json. Say here when to use it.',
          },
        },
      ],
      credentials: [
        {
          name: 'Login for api.example.com:8443',
          type: 'basic',
          origins: ['https://api.example.com:8443'],
          usedBy: ['get_orders_by_order_id_items'],
          found: true,
        },
      ],
    });
  });

  it('makes a tool of each URL and each part between --next, with keys of their own', () => {
    const result = read(
      'curl https://a.example.com/x https://a.example.com/x --next -X DELETE https://a.example.com/x',
    );

    expect(result.ok && result.tools.map(({ definition }) => definition.key)).toEqual([
      'get_x',
      'get_x_2',
      'delete_x',
    ]);
  });

  it('makes one credential of a secret that two commands share, for both origins', () => {
    const result = read(
      'curl -H "X-API-Key: shared-key-1" https://a.example.com/x\ncurl -H "X-API-Key: shared-key-1" https://b.example.com/y',
    );

    expect(result).toMatchObject({
      credentials: [
        {
          origins: ['https://a.example.com', 'https://b.example.com'],
          usedBy: ['get_x', 'get_y'],
          found: true,
        },
      ],
    });
  });

  it('fills a host that stands in a variable from the base URL, and other variables from what is given', () => {
    const source = 'curl "$BASE/orders/$REGION/$ID" -H "Authorization: Bearer $TOKEN"';
    const variables = { REGION: 'eu', TOKEN: 'tok-given-1' };

    expect(imported(source, { baseUrl: 'https://api.example.com/v2/', variables })).toMatchObject({
      request: { method: 'GET', url: 'https://api.example.com/v2/orders/eu/{{id}}' },
      parameters: { required: ['id'] },
      secrets: [{ type: 'bearer', token: 'tok-given-1' }],
    });
    expect(imported(source).problems).toEqual([
      {
        pointer: '/request/url',
        code: 'required',
        message:
          'has its host in a variable; give the import a `baseUrl`, or the variable’s value in `variables`',
      },
    ]);
  });

  it('takes one credential for a tool: further secrets are named as dropped, and are nowhere', () => {
    const result = read(
      'curl -u ada:first-secret-1 "https://api.example.com/x?api_key=second-secret-2" -d "{\\"n\\":1}"',
    );

    expect(result).toMatchObject({ ok: true, credentials: [{ type: 'basic' }] });
    expect(result.ok && result.dropped.map(({ what }) => what)).toContain(
      'the secret in the query `api_key`',
    );
    expect(JSON.stringify(result)).not.toContain('second-secret-2');
  });

  it.each<[string, string, [pointer: string, code: string, words: string][]]>([
    [
      'all that is wrong with a command at once',
      'curl --request=POST https://api.example.com -d @body.json --frobnicate $(date) -H @h.txt',
      [
        ['/source', 'not_allowed', 'character 72: would run a command'],
        [
          '/source',
          'unknown_option',
          'character 6: `--request` is no option of curl; curl takes the value as the next word',
        ],
        ['/source', 'not_allowed', 'character 45: `-d @…` reads a file'],
        ['/source', 'unknown_option', 'character 59: `--frobnicate`'],
        ['/source', 'not_allowed', 'character 80: `-H @…` reads a file'],
      ],
    ],
    ['no curl', 'wget https://example.com', [['/source', 'required', 'begins with `curl`']]],
    [
      'a quote that is not closed',
      "curl 'https://api.example.com/x",
      [
        ['/source', 'wrong_format', "character 6: the quote ' is not closed"],
        ['/source', 'required', 'names no URL'],
      ],
    ],
    [
      'what a word processor makes of dashes and quotes',
      'curl –H “a: b” https://api.example.com',
      [
        ['/source', 'wrong_format', 'character 9: `“` is a typographic quote'],
        ['/source', 'wrong_format', 'character 6: `–H` begins with a dash that is not `-`'],
      ],
    ],
    [
      'a binary file',
      'curl -F avatar=@me.png https://api.example.com/avatar',
      [['/source', 'not_allowed', 'character 6: the form field `avatar` sends a binary file']],
    ],
    [
      'a file to upload',
      'curl -T x.txt https://api.example.com',
      [['/source', 'not_allowed', '`-T` sends a file']],
    ],
    [
      'an option without its value',
      'curl https://api.example.com -H',
      [['/source', 'required', '`-H` needs a value']],
    ],
    [
      'a URL that stands for several',
      'curl "https://api.example.com/items/[1-3]"',
      [['/source', 'not_allowed', 'several requests']],
    ],
  ])('refuses %s', (_name, source, expected) => {
    const result = read(source);

    expect(result).toEqual({
      ok: false,
      problems: expected.map(([pointer, code, words]) => ({
        pointer,
        code,
        message: expect.stringContaining(words),
      })),
    });
  });

  it.each<[string, string, string]>([
    ['a method tools do not have', 'curl -I https://api.example.com', '/request/method'],
    ['a body for GET', `curl -X GET -d '{"a":1}' https://api.example.com`, '/request/body'],
    [
      'a body that is no JSON',
      `curl -H 'Content-Type: application/json' -d '{"a":hunter2}' https://api.example.com`,
      '/request/body/template',
    ],
    ['a placeholder in the host', 'curl https://{tenant}.example.com/x', '/request/url'],
    [
      'a secret where no credential can put it',
      `curl -d '{"auth":{"password":"hunter2hunter2"}}' https://api.example.com/login`,
      '/request/body/template/auth/password',
    ],
    [
      'a secret in the path',
      'curl https://api.telegram.example/bot123456789:AAH-abcdefghijklmnopqrstuvwxyz0123/getMe',
      '/request/url',
    ],
    [
      'a secret that stands at a second place',
      `curl -H 'Authorization: Bearer hunter2hunter2' 'https://api.example.com/x?note=is-hunter2hunter2-ok'`,
      '/request/query/0/value',
    ],
  ])('shows %s as a problem of the tool, without the secret', (_name, source, pointer) => {
    const result = read(source);

    expect(result).toMatchObject({ ok: true, tools: [{ problems: [{ pointer }] }] });
    expect(JSON.stringify(result)).not.toMatch(/hunter2|AAH-/);
  });
});
