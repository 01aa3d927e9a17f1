// Rules and routes of policies: where the kernel then sends packets, and that nothing stays behind.
// Shows tun.table, tun.rule-priority
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { addressBytes, addressText, prefixOf } from '../../src/net/addressing.js';
import { HostRoutes, type RoutedDynamic, type RoutedPolicy } from '../../src/net/host.js';
import { joinNamespaces, type Namespace } from '../../src/net/namespace.js';
import { addRoute, deleteRoute, listRoutes, reach, routeText } from '../../src/net/routes.js';
import { addRule, deleteRule, listRules, ruleText } from '../../src/net/rules.js';
import { openTun, type Tun } from '../../src/net/tun.js';
import { ownNamespaces, withNamespaces } from '../helpers/namespaces.js';
import { between } from './selector.js';

const host = suite('net/host');
const MARK = 0xc7;

const policy = (
  action: RoutedPolicy['action'],
  src: string,
  dst: string,
  more: Partial<RoutedPolicy> = {},
): RoutedPolicy => ({
  action,
  ...between(src, dst),
  ...more,
});

const POLICIES = [
  policy('none', '198.18.0.0/16', '198.19.128.0/17'),
  policy('encrypt', '198.18.0.0/16', '198.19.0.0/16'),
  policy('discard', '0.0.0.0/0', '203.0.113.0/24', { protocol: 6, dstPort: 80 }),
  policy('encrypt', '2001:db8:a::/48', '2001:db8:b::/48'),
];

/** A gateway with an uplink, a default route on it, a site address of each family, and a TUN. */
function gateway(a: Namespace, b: Namespace): Tun {
  const site = ['198.18.0.1/16', '2001:db8:a::1/64'];
  joinNamespaces(
    { namespace: a, name: 'wan', addresses: ['192.0.2.1/24', '2001:db8::1/64', ...site] },
    { namespace: b, name: 'wan', addresses: ['192.0.2.2/24', '2001:db8::2/64'] },
  );
  a.configure((n) => {
    for (const [all, via] of [
      ['0.0.0.0/0', '192.0.2.2'],
      ['::/0', '2001:db8::2'],
    ] as const) {
      const [destination, way] = [prefixOf(all), addressBytes(via)];
      addRoute(n, { destination, table: 254, type: 'unicast', gateway: way });
    }
  });
  return a.enter(() => openTun({ name: 'tun0', queues: 1, mtu: 1400, offload: false }));
}

const state = (a: Namespace): string[] =>
  a.configure((n) => [...listRules(n).map(ruleText), ...listRoutes(n).map(routeText)]);

host('packets of the policies go to the TUN, all others as before', () =>
  withNamespaces(['a', 'b'], (a, b) => {
    const tun = gateway(a!, b!);
    const before = state(a!);
    const routes = a!.enter(() => new HostRoutes({ tun, mark: MARK }));
    a!.enter(() => routes.apply(POLICIES));
    const way = (to: string, local?: string, mark?: number): string =>
      a!.configure((n) => {
        const source = local ? { local: addressBytes(local) } : {};
        const found = reach(n, addressBytes(to), { ...source, ...(mark ? { mark } : {}) });
        return `${found.interface === tun.index ? 'tun' : 'wan'} ${addressText(found.local)}`;
      });
    // A sender that has not chosen gets the address inside the policy.
    assert.is(way('198.19.0.5'), 'tun 198.18.0.1');
    assert.is(way('198.19.0.5', '198.18.0.1'), 'tun 198.18.0.1');
    assert.is(way('198.19.0.5', '192.0.2.1'), 'wan 192.0.2.1');
    assert.is(way('198.19.128.5', '198.18.0.1'), 'wan 198.18.0.1', 'none comes first');
    assert.is(way('2001:db8:b::5'), 'tun 2001:db8:a::1');
    assert.is(way('2001:db8:b::5', '2001:db8:a::1'), 'tun 2001:db8:a::1');
    assert.is(way('2001:db8:b::5', '2001:db8::1'), 'wan 2001:db8::1');
    assert.is(way('203.0.113.5'), 'wan 192.0.2.1', 'the discard policy is for TCP port 80');
    // Ours carry the mark and pass by.
    assert.is(way('198.19.0.5', '198.18.0.1', MARK), 'wan 198.18.0.1');
    assert.is(way('2001:db8:b::5', '2001:db8:a::1', MARK), 'wan 2001:db8:a::1');
    a!.enter(() => routes.remove());
    assert.equal(state(a!), before);
    tun.close();
  }),
);

host(
  'fail-closed=no: a killed daemon leaves nothing that refuses; table and priority are ours',
  () =>
    withNamespaces(['a', 'b'], (a, b) => {
      const tun = gateway(a!, b!);
      const options = { tun, mark: MARK, table: 3000, priority: 700, failClosed: false };
      const routes = a!.enter(() => new HostRoutes(options));
      a!.enter(() => routes.apply(POLICIES));
      const rules = a!.configure((n) => listRules(n).filter(({ protocol }) => protocol === 0xc7));
      assert.is(Math.min(...rules.map(({ priority }) => priority)), 700);
      const ours = () => a!.configure((n) => listRoutes(n).filter(({ table }) => table >= 3000));
      assert.ok(ours().length > 0);
      tun.close(); // all that a kill does
      assert.equal(ours(), []);
      a!.enter(() => routes.remove());
    }),
);

host('a second apply keeps what is equal and removes what is not', () =>
  withNamespaces(['a', 'b'], (a, b) => {
    const tun = gateway(a!, b!);
    const before = state(a!);
    const routes = a!.enter(() => new HostRoutes({ tun, mark: MARK }));
    a!.enter(() => routes.apply(POLICIES));
    const all = state(a!);
    a!.enter(() => routes.apply(POLICIES));
    assert.equal(state(a!), all);
    a!.enter(() => routes.apply(POLICIES.slice(1, 2)));
    assert.ok(state(a!).length < all.length);
    a!.enter(() => routes.apply([]));
    assert.equal(state(a!), before);
    tun.close();
  }),
);

host('a killed daemon leaves protected networks unreachable, and the next start cleans up', () =>
  withNamespaces(['a', 'b'], (a, b) => {
    const first = gateway(a!, b!);
    const strangers = { family: 4, priority: 9, action: { kind: 'nop' }, protocol: 3 } as const;
    a!.configure((n) => addRule(n, strangers));
    a!.enter(() => new HostRoutes({ tun: first, mark: MARK }).apply(POLICIES));
    first.close(); // all that a kill does: the device goes, rules and tables stay
    a!.configure((n) => {
      const local = addressBytes('198.18.0.1');
      const refused = (): unknown => reach(n, addressBytes('198.19.0.5'), { local });
      assert.throws(refused, /EHOSTUNREACH/);
      const local6 = addressBytes('2001:db8:a::1');
      assert.throws(
        () => reach(n, addressBytes('2001:db8:b::5'), { local: local6 }),
        /EHOSTUNREACH/,
      );
    });
    const tun = a!.enter(() => openTun({ name: 'tun0', queues: 1, mtu: 1400, offload: false }));
    const routes = a!.enter(() => new HostRoutes({ tun, mark: MARK }));
    a!.enter(() => routes.apply(POLICIES));
    a!.configure((n) => assert.is(reach(n, addressBytes('198.19.0.5')).interface, tun.index));
    a!.enter(() => routes.remove());
    tun.close();
    const left = state(a!).join('\n');
    assert.not.match(left, /2030|2031|2032|lookup 203/);
    assert.match(left, 'inet 9: from all nop', 'a rule of somebody else stays');
  }),
);

/** Where the kernel sends what `a` forwards or sends: interface and source. */
function wayIn(a: Namespace, tun: Tun): (to: string, local?: string, mark?: number) => string {
  return (to, local, mark) =>
    a.configure((n) => {
      const source = local ? { local: addressBytes(local) } : {};
      const found = reach(n, addressBytes(to), { ...source, ...(mark ? { mark } : {}) });
      return `${found.interface === tun.index ? 'tun' : 'wan'} ${addressText(found.local)}`;
    });
}

host('8,000 policies go to the TUN by a few rules and a route each, and go away again', () =>
  withNamespaces(['a', 'b'], (a, b) => {
    const tun = gateway(a!, b!);
    const before = state(a!);
    const routes = a!.enter(() => new HostRoutes({ tun, mark: MARK }));
    const sites = Array.from({ length: 8000 }, (_, index) => `${index >> 8}.${index & 255}`);
    const many = [
      policy('none', '198.18.0.0/16', '10.3.4.0/25'),
      ...sites.map((site) => policy('encrypt', '198.18.0.0/16', `10.${site}.0/24`)),
      policy('none', '198.18.0.0/16', '10.3.5.0/25'),
      policy('encrypt', '2001:db8:a::/48', '2001:db8:b::/48'),
    ];
    a!.enter(() => routes.apply(many));
    const way = wayIn(a!, tun);
    assert.is(way('10.0.0.1'), 'tun 198.18.0.1');
    assert.is(way('10.31.60.9', '198.18.0.1'), 'tun 198.18.0.1');
    assert.is(way('10.31.70.9', '198.18.0.1'), 'wan 198.18.0.1', 'no policy');
    assert.is(way('10.31.60.9', '192.0.2.1'), 'wan 192.0.2.1', 'another source');
    assert.is(way('10.31.60.9', '198.18.0.1', MARK), 'wan 198.18.0.1', 'our own');
    assert.is(way('10.3.4.9', '198.18.0.1'), 'wan 198.18.0.1', 'none comes first');
    assert.is(way('10.3.5.9', '198.18.0.1'), 'tun 198.18.0.1', 'none comes too late');
    assert.is(way('2001:db8:b::5'), 'tun 2001:db8:a::1');
    assert.is(way('2001:db8:b::5', '2001:db8::1'), 'wan 2001:db8::1');
    const rules = a!.configure((n) => listRules(n).length);
    assert.ok(rules < 30, `${rules} rules`);
    // one changed among them, then few: what is no longer wanted goes
    a!.enter(() => routes.apply(many.slice(0, -2)));
    assert.is(way('2001:db8:b::5', '2001:db8:a::1'), 'wan 2001:db8:a::1');
    assert.is(way('10.31.60.9', '198.18.0.1'), 'tun 198.18.0.1');
    a!.enter(() => routes.apply(many.slice(1, 3)));
    assert.is(way('10.31.60.9', '198.18.0.1'), 'wan 198.18.0.1');
    assert.is(way('10.0.1.9', '198.18.0.1'), 'tun 198.18.0.1');
    a!.enter(() => routes.remove());
    assert.equal(state(a!), before);
    tun.close();
  }),
);

host('many sources get shorter prefixes around them, and no packet of a policy passes by', () =>
  withNamespaces(['a', 'b'], (a, b) => {
    const tun = gateway(a!, b!);
    const routes = a!.enter(() => new HostRoutes({ tun, mark: MARK }));
    const many = Array.from({ length: 3000 }, (_, index) =>
      policy('encrypt', `198.18.${index >> 4}.${(index & 15) * 16}/28`, `10.0.${index & 255}.0/24`),
    );
    a!.enter(() => routes.apply(many));
    const rules = a!.configure((n) => listRules(n).map(ruleText));
    const sources = rules.filter((text) => text.includes('from 198.18.'));
    assert.ok(sources.length > 10 && sources.length <= 64, `${sources.length} sources`);
    const way = wayIn(a!, tun);
    assert.is(way('10.0.0.9', '198.18.0.1'), 'tun 198.18.0.1');
    assert.is(way('10.1.0.9', '198.18.0.1'), 'wan 198.18.0.1');
    a!.enter(() => routes.remove());
    tun.close();
  }),
);

host('a policy of action none with a port that rules cannot name leads nothing past the TUN', () =>
  withNamespaces(['a', 'b'], (a, b) => {
    const tun = gateway(a!, b!);
    const routes = a!.enter(() => new HostRoutes({ tun, mark: MARK }));
    const port = { protocol: 17, dstPort: 65535 };
    const policies = [policy('none', '0.0.0.0/0', '198.19.0.0/16', port), POLICIES[1]!];
    a!.enter(() => routes.apply(policies));
    assert.is(wayIn(a!, tun)('198.19.0.5', '198.18.0.1'), 'tun 198.18.0.1');
    a!.enter(() => routes.remove());
    tun.close();
  }),
);

host('policies made from a template: a route each, in the template’s place, and none is left', () =>
  withNamespaces(['a', 'b'], (a, b) => {
    const tun = gateway(a!, b!);
    const before = state(a!);
    const routes = a!.enter(() => new HostRoutes({ tun, mark: MARK }));
    const template = { ...policy('encrypt', '0.0.0.0/0', '10.0.0.0/8'), template: 7 };
    const entries = [POLICIES[0]!, template, ...POLICIES.slice(1)];
    a!.enter(() => routes.apply(entries));
    const without = state(a!);
    const made = (id: number, src: string, dst: string): RoutedDynamic => {
      const { action: _, ...selectors } = policy('encrypt', src, dst);
      return { ...selectors, id, template: 7 };
    };
    const way = wayIn(a!, tun);
    a!.enter(() => routes.addDynamic(made(1, '198.18.0.0/16', '10.1.2.3/32')));
    assert.is(way('10.1.2.3'), 'tun 198.18.0.1', 'a sender that has not chosen');
    assert.is(way('10.1.2.3', '198.18.0.1'), 'tun 198.18.0.1');
    assert.is(way('10.1.2.3', '192.0.2.1'), 'wan 192.0.2.1', 'another source');
    assert.is(way('10.1.2.4', '198.18.0.1'), 'wan 198.18.0.1');
    assert.is(way('10.1.2.3', '198.18.0.1', MARK), 'wan 198.18.0.1');
    // the thousandth takes as many routes as the second, and no rule
    const rules = (): number => a!.configure((n) => listRules(n).length);
    const few = rules();
    const count = (): number =>
      a!.configure((n) => listRoutes(n).filter(({ protocol }) => protocol === 0xc7).length);
    const first = count();
    for (let id = 2; id <= 1000; id++) {
      const one = made(id, '198.18.0.0/16', `10.2.${id >> 8}.${id & 255}/32`);
      a!.enter(() => routes.addDynamic(one));
    }
    assert.is(rules(), few);
    assert.is(count() - first, 4 * 999, 'two tables, each with the refusal behind');
    // what is made stays where the written ones change
    a!.enter(() => routes.apply([template, ...POLICIES]));
    assert.is(way('10.2.3.1', '198.18.0.1'), 'tun 198.18.0.1');
    a!.enter(() => routes.apply(entries));
    a!.enter(() => {
      for (let id = 1; id <= 1000; id++) routes.removeDynamic(id);
    });
    assert.equal(state(a!), without);
    a!.enter(() => routes.remove());
    assert.equal(state(a!), before);
    tun.close();
  }),
);

host('what somebody else removes is put back, and nothing where nothing is missing', () =>
  withNamespaces(['a', 'b'], (a, b) => {
    const tun = gateway(a!, b!);
    const routes = a!.enter(() => new HostRoutes({ tun, mark: MARK }));
    const template = { ...policy('encrypt', '0.0.0.0/0', '10.0.0.0/8'), template: 7 };
    a!.enter(() => routes.apply([...POLICIES, template]));
    const { action: _, ...selectors } = policy('encrypt', '198.18.0.0/16', '10.1.2.3/32');
    a!.enter(() => routes.addDynamic({ ...selectors, id: 1, template: 7 }));
    const whole = state(a!);
    assert.is(
      a!.enter(() => routes.repair()),
      0,
    );
    a!.configure((n) => {
      const mine = listRules(n).filter(({ protocol }) => protocol === 0xc7);
      for (const rule of mine.slice(2, 4)) deleteRule(n, rule);
      const [route] = listRoutes(n).filter(({ protocol }) => protocol === 0xc7);
      deleteRoute(n, route!);
    });
    assert.is(
      a!.enter(() => routes.repair()),
      3,
    );
    assert.equal(state(a!).sort(), whole.sort());
    a!.enter(() => routes.remove());
    tun.close();
  }),
);

host('many sources of made policies share a rule', () =>
  withNamespaces(['a', 'b'], (a, b) => {
    const tun = gateway(a!, b!);
    const routes = a!.enter(() => new HostRoutes({ tun, mark: MARK }));
    const template = { ...policy('encrypt', '198.18.0.0/15', '10.0.0.0/8'), template: 7 };
    a!.enter(() => routes.apply([template]));
    const without = a!.configure((n) => listRules(n).length);
    for (let id = 0; id < 100; id++) {
      const { action: _, ...selectors } = policy('encrypt', `198.19.0.${id}/32`, '10.1.0.0/16');
      a!.enter(() => routes.addDynamic({ ...selectors, id, template: 7 }));
    }
    const rules = a!.configure((n) => listRules(n).length);
    assert.ok(rules - without < 64, `${rules - without} rules more`);
    assert.is(wayIn(a!, tun)('10.1.0.9', '198.18.0.1'), 'tun 198.18.0.1');
    for (let id = 0; id < 100; id++) a!.enter(() => routes.removeDynamic(id));
    assert.is(
      a!.configure((n) => listRules(n).length),
      without,
    );
    a!.enter(() => routes.remove());
    tun.close();
  }),
);

host('warns where only this host could use the tunnels', () =>
  withNamespaces(['a', 'b'], (a, b) => {
    const tun = gateway(a!, b!);
    const routes = a!.enter(() => new HostRoutes({ tun, mark: MARK }));
    const warnings = a!.enter(() => routes.apply(POLICIES));
    assert.match(warnings.join('\n'), /net\.ipv4\.ip_forward is 0.*sysctl -w/);
    assert.match(warnings.join('\n'), /net\.ipv6\.conf\.all\.forwarding is 0/);
    a!.enter(() => routes.remove());
    tun.close();
  }),
);

if (ownNamespaces()) host.run();
