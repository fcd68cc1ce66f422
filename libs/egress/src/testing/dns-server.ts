import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';

export interface Question {
  readonly name: string;
  readonly type: 'A' | 'AAAA';
  /** How many times this name and type have been asked, this one included. */
  readonly nth: number;
}

/** What the server says: addresses of either family (only those of the asked type are sent), or nothing at all. */
export type Answer =
  | { readonly addresses: readonly string[]; readonly ttl?: number; readonly cname?: string }
  | 'nxdomain'
  | 'servfail'
  | 'silence';

/** Answers at once, or when its promise does. */
export type Answering = (question: Question) => Answer | Promise<Answer>;

const responseCode = { servfail: 2, nxdomain: 3 } as const;
const typeNumber = { A: 1, CNAME: 5, AAAA: 28 } as const;

/** The smallest name server that will do, on a UDP port of 127.0.0.1 of its own. */
export class DnsServer {
  /** Every question received, as `A api.partner.example`. */
  readonly questions: string[] = [];
  private readonly socket = createSocket('udp4');
  private stopped = false;

  private constructor(private readonly answer: Answering) {
    this.socket.on('message', (message, from) => void this.receive(message, from));
  }

  static async start(answer: Answering): Promise<DnsServer> {
    const server = new DnsServer(answer);
    server.socket.bind(0, '127.0.0.1');
    await once(server.socket, 'listening');
    return server;
  }

  /** `address:port`, as `dnsServers` wants it. */
  get address(): string {
    return `127.0.0.1:${this.socket.address().port}`;
  }

  stop(): void {
    this.stopped = true;
    this.socket.close();
  }

  private async receive(message: Buffer, from: RemoteInfo): Promise<void> {
    const { labels, end } = readName(message);
    const type = message.readUInt16BE(end) === typeNumber.AAAA ? 'AAAA' : 'A';
    const asked = `${type} ${labels.join('.')}`;
    this.questions.push(asked);
    const nth = this.questions.filter((one) => one === asked).length;
    const answer = await this.answer({ name: labels.join('.'), type, nth });
    if (answer === 'silence' || this.stopped) return;
    this.socket.send(encode(message.subarray(0, end + 4), type, answer), from.port, from.address);
  }
}

function readName(message: Buffer): { labels: string[]; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { labels, end: at + 1 };
}

function encode(question: Buffer, type: 'A' | 'AAAA', answer: Exclude<Answer, 'silence'>): Buffer {
  const head = Buffer.from(question);
  const records = typeof answer === 'string' ? [] : encodeRecords(type, answer);
  head.writeUInt16BE(0x8180 + (typeof answer === 'string' ? responseCode[answer] : 0), 2);
  head.writeUInt16BE(records.length, 6);
  head.writeUInt32BE(0, 8); // no authority, no additional records: the question's EDNS is dropped
  return Buffer.concat([head, ...records]);
}

function encodeRecords(type: 'A' | 'AAAA', answer: Exclude<Answer, string>): Buffer[] {
  const ttl = answer.ttl ?? 0;
  const asked = Buffer.from([0xc0, 12]); // a pointer to the name in the question
  const owner = answer.cname === undefined ? asked : encodeName(answer.cname);
  const chain = answer.cname === undefined ? [] : [record(asked, 'CNAME', ttl, owner)];
  const addresses = answer.addresses.filter((one) => isIPv6(one) === (type === 'AAAA'));
  return [...chain, ...addresses.map((one) => record(owner, type, ttl, encodeAddress(one)))];
}

function record(owner: Buffer, type: keyof typeof typeNumber, ttl: number, content: Buffer): Buffer {
  const head = Buffer.alloc(10);
  head.writeUInt16BE(typeNumber[type], 0);
  head.writeUInt16BE(1, 2);
  head.writeUInt32BE(ttl, 4);
  head.writeUInt16BE(content.length, 8);
  return Buffer.concat([owner, head, content]);
}

function encodeName(name: string): Buffer {
  const labels = name.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)]));
  return Buffer.concat([...labels, Buffer.alloc(1)]);
}

function encodeAddress(address: string): Buffer {
  if (!isIPv6(address)) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail = ''] = address.split('::');
  const groups = (text: string) => text.split(':').filter((group) => group !== '');
  const zeros = Array<string>(8 - groups(head).length - groups(tail).length).fill('0');
  const all = address.includes('::') ? [...groups(head), ...zeros, ...groups(tail)] : groups(head);
  return Buffer.from(all.flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 0xff]));
}
