// rtnetlink against the kernel and, where it is installed, against iproute2's own view.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { addAddress, deleteAddress, listAddresses } from '../../src/net/addresses.js';
import { addressBytes, addressText, prefixOf, prefixText } from '../../src/net/addressing.js';
import { SystemError } from '../../src/net/libc.js';
import { addVeth, deleteLink, getLink, listLinks, setLink } from '../../src/net/links.js';
import type { Namespace } from '../../src/net/namespace.js';
import { joinNamespaces } from '../../src/net/namespace.js';
import { addRoute, deleteRoute, listRoutes, type Route, reach } from '../../src/net/routes.js';
import { routeText } from '../../src/net/routes.js';
import { addRule, deleteRule, listRules, type Rule, ruleText } from '../../src/net/rules.js';
import { ownNamespaces, withNamespaces } from '../helpers/namespaces.js';

const netlink = suite('net/netlink');

/** What `ip -j` prints, or undefined where there is no ip. */
function ip<T>(namespace: Namespace, ...args: string[]): T | undefined {
  const { status, stdout, error } = namespace.run('ip', ['-j', '-d', ...args]);
  if (error) return undefined;
  assert.is(status, 0);
  return JSON.parse(stdout) as T;
}

netlink('links: a veth pair into another namespace, up, MTU, gone with one end', () =>
  withNamespaces(['a', 'b'], (a, b) => {
    a!.configure((n) => {
      addVeth(n, 'left', { name: 'right', namespace: { fd: b!.fd } });
      setLink(n, 'left', { mtu: 1400, up: true });
      assert.equal(
        listLinks(n).map(({ name }) => name),
        ['lo', 'left'],
      );
      const { mtu, up } = getLink(n, 'left');
      assert.equal({ mtu, up }, { mtu: 1400, up: true });
    });
    b!.configure((n) => assert.is(getLink(n, 'right').up, false));
    const seen = ip<{ ifname: string; mtu: number }[]>(a!, 'link', 'show', 'left');
    if (seen) assert.is(seen[0]!.mtu, 1400);
    a!.configure((n) => deleteLink(n, 'left'));
    b!.configure((n) => assert.throws(() => getLink(n, 'right'), /ENODEV.*no interface/));
  }),
);

netlink('addresses: what is added is listed, as ip lists it, and goes', () =>
  withNamespaces(['a'], (a) => {
    const texts = ['192.0.2.1/24', '198.51.100.1/32', '2001:db8::1/64'];
    a!.configure((n) => {
      addVeth(n, 'left', { name: 'right' });
      for (const text of texts) addAddress(n, 'left', prefixOf(text));
      const { index } = getLink(n, 'left');
      const mine = listAddresses(n).filter((address) => address.index === index);
      assert.equal(mine.map(prefixText), texts);
    });
    const seen = ip<{ addr_info: { local: string; prefixlen: number }[] }[]>(a!, 'addr', 'show');
    if (seen) {
      const all = seen.flatMap(({ addr_info }) => addr_info);
      const theirs = all.map(({ local, prefixlen }) => `${local}/${prefixlen}`);
      assert.equal(a!.configure((n) => listAddresses(n).map(prefixText)).sort(), theirs.sort());
    }
    a!.configure((n) => {
      deleteAddress(n, 'left', prefixOf(texts[0]!));
      assert.not.ok(listAddresses(n).some((address) => prefixText(address) === texts[0]));
      assert.throws(
        () => deleteAddress(n, 'left', prefixOf(texts[0]!)),
        /delete address 192\.0\.2\.1\/24 on left: EADDRNOTAVAIL/,
      );
    });
  }),
);

netlink('routes: in a table, with source, gateway and metric, as ip lists them', () =>
  withNamespaces(['a', 'b'], (a, b) => {
    join(a!, b!);
    a!.configure((n) => {
      const shared = { table: 2030, type: 'unicast', protocol: 0xc7, metric: 5 } as const;
      const index = getLink(n, 'left').index;
      const routes: Route[] = [
        { ...shared, destination: prefixOf('0.0.0.0/0'), interface: index },
        {
          ...shared,
          destination: prefixOf('203.0.113.0/24'),
          gateway: addressBytes('192.0.2.2'),
          interface: index,
          source: addressBytes('192.0.2.1'),
        },
        { ...shared, type: 'unreachable', destination: prefixOf('203.0.113.7/32') },
        { ...shared, destination: prefixOf('2001:db8:5::/48'), interface: index },
      ];
      for (const route of routes) addRoute(n, route);
      const mine = listRoutes(n).filter(({ table }) => table === 2030);
      assert.equal(mine.map(routeText).sort(), routes.map(routeText).sort());
      assert.ok(mine.every(({ protocol }) => protocol === 0xc7));
      const seen = ip<{ dst: string }[]>(a!, 'route', 'show', 'table', '2030');
      if (seen) assert.equal(seen.map(({ dst }) => dst).sort(), V4_SEEN);
      for (const route of routes) deleteRoute(n, route);
      assert.equal(
        listRoutes(n).filter(({ table }) => table === 2030),
        [],
      );
      assert.throws(() => deleteRoute(n, routes[0]!), /delete route 0\.0\.0\.0\/0.*ESRCH/);
    });
  }),
);
const V4_SEEN = ['203.0.113.0/24', '203.0.113.7', 'default'];

netlink('rules: every selector survives the way to the kernel and back', () =>
  withNamespaces(['a'], (a) => {
    const rules: Rule[] = [
      { family: 4, priority: 100, action: { kind: 'nop' } },
      { family: 4, priority: 50, action: { kind: 'goto', priority: 100 }, iif: 'lo' },
      {
        family: 4,
        priority: 51,
        action: { kind: 'lookup', table: 2030 },
        from: prefixOf('0.0.0.0/32'),
        to: prefixOf('203.0.113.0/24'),
        ipProtocol: 17,
        sourcePort: 53,
        destinationPort: 65534,
        mark: { value: 0xc7, mask: 0xffffffff },
        protocol: 0xc7,
      },
      {
        family: 6,
        priority: 60,
        action: { kind: 'lookup', table: 254 },
        from: prefixOf('8000::/1'),
        to: prefixOf('2001:db8::/32'),
      },
    ];
    a!.configure((n) => {
      const before = listRules(n).map(ruleText);
      for (const rule of rules) addRule(n, rule);
      const added = listRules(n)
        .map(ruleText)
        .filter((text) => !before.includes(text));
      assert.equal(added.sort(), rules.map(ruleText).sort());
      const seen = ip<Record<string, unknown>[]>(a!, 'rule', 'show', 'priority', '51');
      if (seen) {
        const { src, dst, sport, dport, ipproto, fwmark } = seen[0]!;
        const theirs = { src, dst, sport, dport, ipproto, fwmark };
        const port = { sport: 53, dport: 65534, ipproto: 'udp', fwmark: '0xc7' };
        assert.equal(theirs, { src: '0.0.0.0', dst: '203.0.113.0', ...port });
      }
      for (const rule of rules) deleteRule(n, rule);
      assert.equal(listRules(n).map(ruleText), before);
    });
  }),
);

netlink('route lookup: local address, gateway and the path MTU', () =>
  withNamespaces(['a', 'b'], (a, b) => {
    join(a!, b!);
    a!.configure((n) => {
      setLink(n, 'left', { mtu: 1400 });
      addRoute(n, {
        destination: prefixOf('203.0.113.0/24'),
        table: 254,
        type: 'unicast',
        gateway: addressBytes('192.0.2.2'),
      });
      const far = reach(n, addressBytes('203.0.113.9'));
      assert.is(addressText(far.local), '192.0.2.1');
      assert.is(addressText(far.gateway!), '192.0.2.2');
      assert.is(far.mtu, 1400);
      assert.is(addressText(reach(n, addressBytes('2001:db8::2')).local), '2001:db8::1');
      try {
        reach(n, addressBytes('198.51.100.9'));
        assert.unreachable();
      } catch (error) {
        assert.instance(error, SystemError);
        assert.is((error as SystemError).code, 'ENETUNREACH');
        assert.match((error as SystemError).message, 'route lookup of 198.51.100.9');
      }
    });
  }),
);

netlink('the kernel’s own sentence reaches the error', () =>
  withNamespaces(['a'], (a) => {
    const backward: Rule = { family: 4, priority: 9, action: { kind: 'goto', priority: 9 } };
    a!.configure((n) =>
      assert.throws(() => addRule(n, backward), /kernel says: .*[Bb]ackward goto/),
    );
  }),
);

function join(a: Namespace, b: Namespace): void {
  joinNamespaces(
    { namespace: a, name: 'left', addresses: ['192.0.2.1/24', '2001:db8::1/64'] },
    { namespace: b, name: 'right', addresses: ['192.0.2.2/24', '2001:db8::2/64'] },
  );
}

if (ownNamespaces()) netlink.run();
