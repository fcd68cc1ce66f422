/** `X-Api-Key`, `x_api_key` and `xApiKey` are one name. */
function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}

const SECRET_HEADER =
  /(apikey|appkey|accesskey|privatekey|subscriptionkey|functionskey|authkey|secret|token|passw(or)?d|credential|signature|session|jwt|auth)$|^(authorization|cookie)$/;
/** End like secrets, and are none. */
const PLAIN_HEADER = /^(idempotency|xidempotency|cache|partition|surrogate|dedup|sort|routing)key$/;

/** Say who is asking, but not that it is true. */
const IDENTITY_HEADER = /(author|email|user|username|id|type|method|provider|realm)$/;

/** Whether a header of this name holds a secret. */
export function isSecretHeader(name: string): boolean {
  const word = plain(name);
  if (SECRET_HEADER.test(word)) return true;
  if (word.startsWith('xauth')) return !IDENTITY_HEADER.test(word);
  return word.endsWith('key') && !PLAIN_HEADER.test(word);
}

const KEY_FIELD =
  /^x?(apikey|accesstoken|clientsecret|authtoken|secretkey|apitoken|appkey|privatekey|subscriptionkey|apisecret|bearertoken|hapikey|accesskey)$/;
const SECRET_FIELD =
  /(apikey|accesskey|privatekey|secretkey|subscriptionkey|token|secret|password|passwd|signature|jwt)$|^(pass|pwd|auth|authorization|sig|sid|sessionid|pin|phonepin|otp)$/;
/** Say where to go on reading, not who is asking. */
const CURSOR = /(page|next|prev|previous|continuation|sync|delta|cursor)token$/;
/** Secrets only where the value is long and random: `key=AIza…`, but not `key=PROJ-7`. */
const MAYBE_FIELD = /^(key|appid|code|k)$/;

/** Whether a query parameter or body field of this name stands for the API's own key, whatever its value. */
export function isKeyField(name: string): boolean {
  return KEY_FIELD.test(plain(name));
}

/** Whether a query parameter or body field of this name holds a secret when its value is this literal. */
export function isSecretField(name: string, value: string): boolean {
  if (value === '') return false;
  if (MAYBE_FIELD.test(plain(name))) return /^[\w+/=.-]{16,}$/.test(value) && /\d/.test(value);
  return mayBeSecretField(name);
}

/** Whether it may, going by the name alone. */
export function mayBeSecretField(name: string): boolean {
  const word = plain(name);
  if (CURSOR.test(word)) return false;
  return isKeyField(name) || SECRET_FIELD.test(word) || MAYBE_FIELD.test(word);
}

const SHAPES = [
  String.raw`(?:sk|pk|rk|rzp|whsec)_(?:live|test)_\w{8,}`,
  String.raw`whsec_\w{8,}`,
  String.raw`sk-[\w-]{16,}`,
  String.raw`gh[pousr]_\w{20,}`,
  String.raw`github_pat_\w{20,}`,
  String.raw`glpat-[\w-]{16,}`,
  String.raw`xox[abeoprs]-[\w-]{8,}`,
  String.raw`A[KS]IA[0-9A-Z]{16}`,
  String.raw`AIza[\w-]{30,}`,
  String.raw`ya29\.[\w-]{16,}`,
  String.raw`SG\.[\w-]{16,}\.[\w-]{16,}`,
  String.raw`eyJ[\w-]{8,}\.eyJ[\w-]{8,}(?:\.[\w-]+)?`,
  String.raw`shp(?:at|ca|pa|ss)_\w{16,}`,
  String.raw`key-[0-9a-f]{32}`,
  String.raw`pat-[a-z]{2}\d-[\w-]{20,}`,
  String.raw`dop_v1_\w{32,}`,
  String.raw`hf_\w{20,}`,
  String.raw`npm_\w{30,}`,
  String.raw`bot\d{6,}:[\w-]{30,}`,
  String.raw`-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----`,
].join('|');
const WHOLE_SHAPE = new RegExp(`^(?:Bearer\\s+|Basic\\s+|Token\\s+)?(?:${SHAPES})`);
const SHAPE_WITHIN = new RegExp(`(?<![\\w-])(?:${SHAPES})`);

/** Whether a value has the form in which a well-known product writes its keys. */
export function hasKeyShape(value: string): boolean {
  return WHOLE_SHAPE.test(value);
}

/** Whether such a value stands somewhere in a text. */
export function containsKeyShape(text: string): boolean {
  return SHAPE_WITHIN.test(text);
}

const UNFILLED = [
  /^(?:your|my|insert|replace|enter|paste|add|put)[\s_-]/i,
  /[\s_-](?:here|placeholder)$/i,
  /^(?:[A-Z]+[\s_-])*(?:TOKEN|KEY|APIKEY|SECRET|PASSWORD|CREDENTIALS?)$/,
  /^<[^<>]*>$|^\{[^{}]*\}$|^\[[^[\]]*\]$|^\$\{?\w+\}?$|^%\w+%$/,
  /^[x*•.…_-]+$/i,
  /(?:\.\.\.|…|\*{3,})$/,
];

/** Whether documentation wrote this where a reader's own secret goes: `YOUR_API_KEY`, `<token>`, `xxxx`, `sk_live_...`. */
export function isUnfilled(value: string): boolean {
  const text = value.trim();
  return text === '' || (text.length <= 200 && UNFILLED.some((pattern) => pattern.test(text)));
}
