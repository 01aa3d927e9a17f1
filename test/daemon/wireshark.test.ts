// The lines of Wireshark's tables; that Wireshark takes them is shown by interop/operator.test.ts.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ENCRYPTION } from '../../src/algorithms/encryption.js';
import { wiresharkTables } from '../../src/daemon/wireshark.js';
import type { InstalledSa } from '../../src/dataplane/association.js';
import type { IkeSecrets } from '../../src/ike/context.js';
import { parseAddress } from '../../src/policy/address.js';
import { connected } from '../exchanges/connected.js';

const wireshark = suite('daemon wireshark');

const bytes = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value);
const keys = (spi: number, salt = 4, mac = 0) => ({
  spi,
  encryptionKey: bytes(4, 0xee),
  salt: bytes(salt, 0x55),
  integrityKey: bytes(mac, 0xaa),
});
const sa = (more: object, direction: 'in' | 'out' = 'out'): InstalledSa =>
  ({
    direction,
    association: {
      protocol: 'esp',
      encryption: 'aes-128-gcm',
      integrity: 'null',
      local: { address: parseAddress('192.0.2.1')!, port: 500 },
      remote: { address: parseAddress('192.0.2.2')!, port: 500 },
      inbound: keys(1),
      outbound: keys(0xc0ffee),
      ...more,
    },
  }) as unknown as InstalledSa;
const esp = (...sas: InstalledSa[]): readonly string[] => wiresharkTables(sas, []).esp_sa;

wireshark('esp_sa: a line each way, from its sender, the salt behind the key', () => {
  const cipher = '"AES-GCM with 16 octet ICV [RFC4106]","0xeeeeeeee55555555","NULL",""';
  assert.equal(esp(sa({}), sa({}, 'in')), [
    `"IPv4","192.0.2.1","192.0.2.2","0x00c0ffee",${cipher}`,
    `"IPv4","192.0.2.2","192.0.2.1","0x00000001",${cipher}`,
  ]);
  const mac = { encryption: 'aes-256-cbc', integrity: 'sha256', outbound: keys(2, 0, 2) };
  assert.equal(esp(sa(mac)), [
    '"IPv4","192.0.2.1","192.0.2.2","0x00000002","AES-CBC [RFC3602]","0xeeeeeeee",' +
      '"HMAC-SHA-256-128 [RFC4868]","0xaaaa"',
  ]);
  assert.equal(esp(sa({ protocol: 'ah' })), [], 'nothing of an AH is encrypted');
});

wireshark('every algorithm has a line, or a comment that says it has none', () => {
  const without: string[] = [];
  for (const { name } of ENCRYPTION) {
    const [line] = esp(sa({ encryption: name, integrity: 'sha1', outbound: keys(9, 0, 2) }));
    if (line!.startsWith('#')) without.push(name);
    else assert.match(line!, /^"IPv4",("[^"]*",?){7}$/);
  }
  for (const name of ['chacha20poly1305', 'camellia-128', 'aes-256-ccm']) {
    assert.ok(without.includes(name), name);
  }
  assert.not.ok(without.some((name) => /^aes-\d+-(gcm|cbc|ctr)$|des|fish/.test(name)));
});

wireshark('ikev2_decryption_table: the keys of an IKE SA, the same at both ends', async () => {
  const world = await connected();
  const [east, west] = world.sites.map((site) => site.engine.secrets()) as [
    IkeSecrets[],
    IkeSecrets[],
  ];
  assert.equal(wiresharkTables([], east), wiresharkTables([], west));
  const [line] = wiresharkTables([], east).ikev2_decryption_table;
  const key = '[0-9a-f]{40}'; // 128 bits and the salt
  const cipher = '"AES-GCM-128 with 16 octet ICV \\[RFC5282\\]"';
  const form = `^[0-9a-f]{16},[0-9a-f]{16},${key},${key},${cipher},,,"NONE \\[RFC4306\\]"$`;
  assert.match(line!, new RegExp(form));
  await world.east.carry(world.east.engine.killConnections());
  await world.run();
  const gone = world.west.engine.secrets().map(({ spii }) => spii);
  assert.not.ok(gone.includes(east[0]!.spii), 'an IKE SA that is gone has no keys');
});

wireshark.run();
