// The packet filter against real packets: what must have been encrypted does not come in, to the
// gateway or through it; everything else does; and nothing of it stays behind.
// Shows tun.refuse-plain
import { writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { addressBytes, prefixOf } from '../../src/net/addressing.js';
import { joinNamespaces, type Namespace } from '../../src/net/namespace.js';
import { deleteTable, emptyChain, NfTables } from '../../src/net/nf-tables.js';
import { PlainGuard } from '../../src/net/plain-guard.js';
import type { GuardedPolicy } from '../../src/net/plain-guard-rules.js';
import { addRoute } from '../../src/net/routes.js';
import type { RoutedDynamic } from '../../src/net/template-routes.js';
import { TestSocket } from '../helpers/datagrams.js';
import { ownNamespaces, withNamespaces } from '../helpers/namespaces.js';
import { between } from './selector.js';

const guard = suite('net/plain-guard');
const UDP = 17;
const LOCAL = { local: ['198.18.0.1', '2001:db8:a::1'], behind: ['198.18.0.10', '2001:db8:a::10'] };
const OUTSIDE = ['192.0.2.2', '198.19.0.5', '198.19.128.5', '203.0.113.5'];
const OUTSIDE6 = ['2001:db8::2', '2001:db8:b::5'];

const policy = (
  verdict: GuardedPolicy['verdict'],
  src: string,
  dst: string,
  more: Partial<GuardedPolicy> = {},
): GuardedPolicy => ({
  verdict,
  ...between(src, dst),
  ...more,
});

const POLICIES = [
  policy('pass', '198.18.0.0/16', '198.19.128.0/17'),
  policy('refuse', '198.18.0.0/16', '198.19.0.0/16'),
  policy('discard', '0.0.0.0/0', '203.0.113.0/24', { protocol: UDP, dstPort: 80 }),
  policy('refuse', '2001:db8:a::/48', '2001:db8:b::/48'),
];

/** outside ─ wan gateway lan ─ inside, all of them with addresses of both families. */
function layOut(gateway: Namespace, outside: Namespace, inside: Namespace): void {
  joinNamespaces(
    { namespace: gateway, name: 'wan', addresses: ['192.0.2.1/24', '2001:db8::1/64'] },
    {
      namespace: outside,
      name: 'wan',
      addresses: [...OUTSIDE.map((one) => `${one}/24`), ...OUTSIDE6.map((one) => `${one}/64`)],
    },
  );
  joinNamespaces(
    { namespace: gateway, name: 'lan', addresses: ['198.18.0.1/16', '2001:db8:a::1/48'] },
    { namespace: inside, name: 'lan', addresses: ['198.18.0.10/16', '2001:db8:a::10/48'] },
  );
  gateway.enter(() => {
    writeFileSync('/proc/sys/net/ipv4/ip_forward', '1');
    writeFileSync('/proc/sys/net/ipv6/conf/all/forwarding', '1');
  });
  const route = (at: Namespace, to: string, via: string): void =>
    at.configure((n) => {
      const [destination, gateway] = [prefixOf(to), addressBytes(via)];
      addRoute(n, { destination, table: 254, type: 'unicast', gateway });
    });
  for (const [at, via, via6] of [
    [gateway, '192.0.2.2', '2001:db8::2'],
    [outside, '192.0.2.1', '2001:db8::1'],
    [inside, '198.18.0.1', '2001:db8:a::1'],
  ] as const) {
    route(at, '0.0.0.0/0', via);
    route(at, '::/0', via6);
  }
}

interface Host {
  readonly at: Namespace;
  readonly address: string;
  readonly port?: number;
}

/** Whether a datagram of `size` bytes arrives within `patience` milliseconds. */
function arrives(from: Host, to: Host, size = 20, patience = 2000): boolean {
  const open = ({ at, address, port = 4000 }: Host): TestSocket =>
    at.enter(() => new TestSocket(addressBytes(address), port));
  const [sender, receiver] = [open(from), open(to)];
  try {
    sender.send(addressBytes(to.address), to.port ?? 4000, new Uint8Array(size).fill(7));
    return receiver.receive(patience)?.length === size;
  } finally {
    sender.close();
    receiver.close();
  }
}

const isRefused = (from: Host, to: Host, size?: number): boolean => !arrives(from, to, size, 100);

async function guarded(
  policies: readonly GuardedPolicy[],
  body: (g: PlainGuard, gateway: Namespace, outside: Namespace, inside: Namespace) => void,
): Promise<void> {
  await withNamespaces(['gateway', 'outside', 'inside'], (gateway, outside, inside) => {
    layOut(gateway!, outside!, inside!);
    const made = gateway!.enter(() => new PlainGuard({ tun: 'tun0', failClosed: true }));
    made.apply(policies);
    body(made, gateway!, outside!, inside!);
  });
}

guard('a policy to encrypt refuses plain packets, to the gateway and through it, and counts', () =>
  guarded(POLICIES, (made, gateway, outside, inside) => {
    for (const [at, [to, to6]] of [
      [gateway, LOCAL.local],
      [inside, LOCAL.behind],
    ] as const) {
      const from = (address: string): Host => ({ at: outside, address });
      const target = { at, address: to! };
      assert.ok(isRefused(from('198.19.0.5'), target));
      assert.ok(arrives(from('198.19.128.5'), target), 'a policy before it lets it pass');
      assert.ok(arrives(from('192.0.2.2'), target), 'no policy names it');
      assert.ok(isRefused({ ...from('203.0.113.5'), port: 80 }, target));
      assert.ok(arrives({ ...from('203.0.113.5'), port: 81 }, target));
      assert.ok(isRefused(from('2001:db8:b::5'), { at, address: to6! }));
      assert.ok(arrives(from('2001:db8::2'), { at, address: to6! }), 'neighbours are found');
    }
    assert.equal(made.refused(), { unprotected: 4, discarded: 2 });
  }),
);

guard('the outer address alone is not held by a policy for the inner one', () =>
  guarded([policy('refuse', '198.18.0.0/16', '0.0.0.0/0')], (_, gateway, outside) => {
    const from = { at: outside, address: '192.0.2.2' };
    assert.ok(arrives(from, { at: gateway, address: '192.0.2.1' }));
  }),
);

guard('IKE reaches the gateway whatever the policies say', () =>
  guarded([policy('refuse', '0.0.0.0/0', '0.0.0.0/0')], (made, gateway, outside, inside) => {
    const from = { at: outside, address: '192.0.2.2' };
    for (const port of [500, 4500]) {
      assert.ok(arrives(from, { at: gateway, address: '192.0.2.1', port }));
      assert.ok(arrives(from, { at: gateway, address: '192.0.2.1', port }, 3000));
      assert.ok(isRefused(from, { at: inside, address: '198.18.0.10', port }));
    }
    assert.ok(isRefused(from, { at: gateway, address: '192.0.2.1', port: 501 }));
    assert.is(made.refused().unprotected, 3);
  }),
);

guard('where ports decide, fragments that show none do not come through', () => {
  const dns = { protocol: UDP, srcPort: 53 };
  const both = [
    policy('refuse', '198.18.0.0/16', '198.19.0.0/16', dns),
    policy('refuse', '2001:db8:a::/48', '2001:db8:b::/48', dns),
  ];
  return guarded(both, (_, gateway, outside, inside) => {
    for (const [index, address] of ['198.19.0.5', '2001:db8:b::5'].entries()) {
      const from = { at: outside, address };
      const to = (port: number): Host => ({ at: inside, address: LOCAL.behind[index]!, port });
      assert.ok(isRefused(from, to(53)));
      assert.ok(arrives(from, to(54)));
      assert.ok(isRefused(from, to(54), 3000));
      const here = (port: number): Host => ({ at: gateway, address: LOCAL.local[index]!, port });
      assert.ok(arrives(from, here(54), 3000), 'the gateway itself sees it whole');
      assert.ok(isRefused(from, here(53), 3000));
    }
  });
});

guard('policies made from a template refuse too: hosts by the thousand, networks, ports', () => {
  const template = { ...policy('refuse', '0.0.0.0/0', '198.19.0.0/16'), template: 3 };
  const template6 = { ...policy('refuse', '::/0', '::/0'), template: 3 };
  const made = (id: number, src: string, dst: string, more = {}): RoutedDynamic => {
    const { verdict: _, ...selectors } = policy('refuse', src, dst, more);
    return { ...selectors, id, template: 3 };
  };
  const before = policy('pass', '198.18.0.0/16', '198.19.128.5/32');
  return guarded([before, template, template6], (guard, _, outside, inside) => {
    const [from, from6] = ['198.19.0.5', '2001:db8:b::5'].map((address) => ({
      at: outside,
      address,
    }));
    const to = { at: inside, address: LOCAL.behind[0]! };
    const to6 = { at: inside, address: LOCAL.behind[1]! };
    assert.ok(arrives(from!, to), 'nothing is made yet');
    for (let id = 1; id <= 1000; id++) {
      guard.addDynamic(made(id, '0.0.0.0/0', `198.19.${id >> 8}.${id & 255}/32`));
    }
    assert.ok(isRefused(from!, to));
    guard.addDynamic(made(2001, '0.0.0.0/0', '198.19.128.0/24'));
    assert.ok(
      arrives({ at: outside, address: '198.19.128.5' }, to),
      'a policy before lets it pass',
    );
    guard.addDynamic(
      made(2002, '2001:db8:a::/48', '2001:db8:b::5/128', { protocol: UDP, dstPort: 80 }),
    );
    assert.ok(arrives(from6!, to6));
    assert.ok(isRefused({ ...from6!, port: 80 }, to6));
    // another set of written policies keeps what is made
    guard.apply([template, template6]);
    assert.ok(isRefused(from!, to));
    assert.ok(isRefused({ at: outside, address: '198.19.128.5' }, to));
    for (let id = 1; id <= 1000; id++) guard.removeDynamic(id);
    assert.ok(arrives(from!, to));
    for (const id of [2001, 2002]) guard.removeDynamic(id);
    assert.ok(arrives({ at: outside, address: '198.19.128.5' }, to));
    assert.ok(arrives({ ...from6!, port: 80 }, to6));
    assert.is(guard.refused().unprotected, 4);
  });
});

guard('a table that somebody deletes, or empties, is there again, and counts on', () =>
  guarded(POLICIES, (made, gateway, outside) => {
    const from = { at: outside, address: '198.19.0.5' };
    const to = { at: gateway, address: '198.18.0.1' };
    assert.ok(isRefused(from, to));
    assert.is(made.refused().unprotected, 1);
    assert.is(made.repair(), false, 'nothing is missing');
    const tables = gateway.enter(() => new NfTables());
    const [name] = tables.list();
    tables.commit([deleteTable(name!)]);
    assert.ok(arrives(from, to));
    assert.is(made.repair(), true);
    assert.ok(isRefused(from, to));
    const [again] = tables.list();
    tables.commit([emptyChain(again!, 'policies')]);
    assert.ok(arrives(from, to));
    assert.is(made.repair(), true);
    assert.ok(isRefused(from, to));
    assert.is(made.refused().unprotected, 3);
    assert.is(made.repair(), false);
    tables.close();
  }),
);

guard('other policies take over without a gap and the counters go on; nothing is left', () =>
  guarded(POLICIES, (made, gateway, outside) => {
    const from = { at: outside, address: '198.19.0.5' };
    const to = { at: gateway, address: '198.18.0.1' };
    const tables = (): string[] => gateway.enter(() => new NfTables()).list();
    assert.ok(isRefused(from, to));
    for (let round = 0; round < 3; round++) {
      made.apply(POLICIES);
      assert.is(tables().length, 1);
      assert.ok(isRefused(from, to));
    }
    assert.is(made.refused().unprotected, 4);
    made.apply([]);
    assert.ok(arrives(from, to));
    assert.is(made.refused().unprotected, 4);
    // What a killed run left is gone with the next one's.
    made.apply(POLICIES);
    const next = gateway.enter(() => new PlainGuard({ tun: 'tun0', failClosed: true }));
    next.apply([]);
    assert.ok(arrives(from, to));
    next.remove();
    assert.equal(tables(), []);
  }),
);

if (ownNamespaces()) guard.run();
