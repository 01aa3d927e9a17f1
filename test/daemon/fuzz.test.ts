// What reaches the daemon from beside IKE, changed or made up: DHCPINFORM out of a tunnel, lines on the
// control socket, the file of leases, resolv.conf, netlink's attributes.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { answer, type ControlHandlers } from '../../src/daemon/control.js';
import { answerInform, readInform } from '../../src/daemon/dhcp-inform.js';
import { openLeases } from '../../src/daemon/lease-file.js';
import type { Log } from '../../src/daemon/log.js';
import { systemDns } from '../../src/daemon/system-dns.js';
import {
  decodeAttributes,
  MessageBuffer,
  nestedAttribute,
  textAttribute,
  textOf,
  u32Attribute,
  u32Of,
} from '../../src/net/attributes.js';
import { SystemError } from '../../src/net/libc.js';
import { messages, raise } from '../../src/net/netlink-messages.js';
import { parseAddress } from '../../src/policy/address.js';
import { mutated, mutatedText, runs, seedOf } from '../helpers/fuzzing.js';
import { Random } from '../wire/random.js';

const fuzz = suite('daemon fuzz');
const here = mkdtempSync(join(tmpdir(), 'culvert-fuzz-'));
fuzz.after(() => rmSync(here, { recursive: true }));

fuzz(
  'DHCPINFORM: an address or none; whatever is answered is no longer than an option may be',
  () => {
    const random = new Random(seedOf(2131));
    const head = Buffer.alloc(240);
    head.set([1, 1, 6, 0, 0x3d, 0x1d, 0x9a, 0x77, 0, 0, 0x80, 0, 10, 9, 0, 1]);
    head.set([99, 130, 83, 99], 236);
    const asked = Buffer.concat([
      head,
      Buffer.from('3501083d0701020501020304370401030f06ff', 'hex'),
    ]);
    const server = parseAddress('198.18.0.1')!;
    let read = 0;
    for (let i = 0; i < runs(5000); i++) {
      const given = {
        networks: random.list(0, 60, () => ({
          address: { family: 4 as const, value: BigInt(random.word()) },
          bits: random.between(0, 32),
        })),
        dns: random.list(0, 80, () => ({ family: 4 as const, value: BigInt(random.word()) })),
        domains: random.list(0, 1, () => 'x'.repeat(random.between(0, 300))),
      };
      const changed = mutated(random, asked);
      if (readInform(changed) === undefined) continue;
      read++;
      const answer = answerInform(changed, given, server);
      // options one behind the other, to the end that the last byte is
      let at = 240;
      while (answer[at] !== 255) at += 2 + answer[at + 1]!;
      assert.is(at, answer.length - 1);
    }
    assert.ok(read > 25, `${read} read`);
  },
);

fuzz('lines on the control socket: a result, or a sentence', async () => {
  const random = new Random(seedOf(8));
  const called: string[] = [];
  const handlers = new Proxy({} as ControlHandlers, {
    get: (_, command) => () => void called.push(String(command)),
  });
  const lines = [
    '{"command":"active-peers kill-connections","args":{"peer":"west","id":"*1"}}',
    '{"command":"policy print","args":{}}',
    '{"command":"installed-sa print","args":{"show-secrets":true}}',
    '{"command":"reload"}',
  ];
  const words = [
    '"args"',
    '"command"',
    'null',
    '[]',
    '{}',
    '"__proto__"',
    '"then"',
    'true',
    '\\u0000',
  ];
  for (let i = 0; i < runs(4000); i++) {
    const reply = await answer(mutatedText(random, random.pick(lines), words), handlers);
    if (!reply.ok) assert.ok(reply.error.length > 0 && reply.error.length < 4000);
  }
  assert.ok(called.length > 0);
  assert.ok(
    called.every((command) => /^[a-z-]+( [a-z-]+)?$/.test(command)),
    'commands of ours alone',
  );
});

fuzz('a file of leases: taken as far as it makes sense, and said where it does not', () => {
  const random = new Random(seedOf(9));
  const path = join(here, 'x.leases');
  const range = { start: parseAddress('192.0.2.10')!, end: parseAddress('192.0.2.20')! };
  const pools = [{ name: 'rw', ranges: [range], next: undefined }];
  const good = JSON.stringify({
    leases: ['192.0.2.10', '192.0.2.11', '2001:db8::1'].map((address) => ({
      pool: 'rw',
      address,
      identity: `id ${address}`,
    })),
  });
  const words = ['null', '[]', '{}', '1', '"192.0.2.10"', '"192.0.2.99"', '"rw"', '"pool"', '"x"'];
  for (let i = 0; i < runs(200); i++) {
    writeFileSync(path, mutatedText(random, good, words));
    const said: string[] = [];
    const log = { error: (_: string, text: string) => said.push(text) } as unknown as Log;
    const { leases, close } = openLeases(path, pools, log);
    // every address of the pool can still be given, each once
    const taken = new Set<bigint>();
    for (let client = 0; client < 11; client++) {
      const wanted = { pool: 'rw', family: 4, identity: `c${client}`, wanted: undefined } as const;
      const address = leases.take(wanted);
      if (address) taken.add(address.value);
    }
    assert.is(taken.size, 11);
    close();
  }
});

fuzz('resolv.conf: addresses, or nothing', () => {
  const random = new Random(seedOf(10));
  const path = join(here, 'resolv.conf');
  const good =
    'search example.org\nnameserver 192.0.2.53\nnameserver 2001:db8::53%eth0\noptions ndots:1\n';
  for (let i = 0; i < runs(300); i++) {
    writeFileSync(
      path,
      mutatedText(random, good, ['nameserver ', '::1', '127.0.0.53', '\n', '%', '.']),
    );
    assert.ok(systemDns(path).every(({ family }) => family === 4 || family === 6));
  }
});

fuzz('attributes of netlink: those whose length fits, and nothing beyond the message', () => {
  const random = new Random(seedOf(11));
  const buffer = new MessageBuffer();
  buffer.putAttributes([
    textAttribute(3, 'eth0'),
    u32Attribute(4, 1500),
    nestedAttribute(18, [textAttribute(1, 'veth'), nestedAttribute(2, [u32Attribute(1, 7)])]),
  ]);
  const good = buffer.bytes.slice();
  for (let i = 0; i < runs(5000); i++) {
    const bytes = mutated(random, good);
    for (const data of decodeAttributes(bytes).values()) {
      assert.ok(data.byteOffset + data.length <= bytes.byteOffset + bytes.length);
      u32Of(data);
      textOf(data);
      decodeAttributes(data);
    }
  }
});

fuzz('answers of netlink: messages whose length fits; a failure is one of the system', () => {
  const random = new Random(seedOf(12));
  const sentence = new MessageBuffer();
  sentence.putAttributes([textAttribute(1, 'Nexthop has invalid gateway')]);
  // struct nlmsghdr, twice: the answer's and, behind an errno, the request's
  const header = (length: number, flags: number): Uint8Array =>
    new Uint8Array(Uint32Array.of(length, 2 | (flags << 16), 7, 0).buffer);
  const refused = new Uint8Array(Int32Array.of(-22).buffer);
  const length = 36 + sentence.length;
  const good = Buffer.concat([header(length, 0x300), refused, header(16, 5), sentence.bytes]);
  let seen = 0;
  for (let i = 0; i < runs(5000); i++) {
    const bytes = i === 0 ? good : mutated(random, good);
    for (const message of messages(bytes)) {
      assert.ok(message.payload.length + 16 <= bytes.length);
      try {
        raise(message, { what: 'add route' });
      } catch (error) {
        assert.instance(error, SystemError);
        if (/invalid gateway/.test((error as Error).message)) seen++;
      }
    }
  }
  assert.ok(seen > 10, `${seen} with the kernel's sentence`);
});

fuzz.run();
