// mode-config connection-mark end to end: somebody's mangle rule marks connections, and those go through
// the tunnel under the address west was given by east; others stay away, and none is left when it ends.
// Shows connection-mark.name, connection-mark.mark
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { MAIN_TABLE, type Site } from '../../src/lab/sites.js';
import { addressBytes, prefixOf } from '../../src/net/addressing.js';
import { be32Attribute, bytesAttribute } from '../../src/net/attributes.js';
import { nestedAttribute, textAttribute } from '../../src/net/attributes.js';
import { ping } from '../../src/net/echo.js';
import * as nft from '../../src/net/nf-tables.js';
import * as when from '../../src/net/nf-expressions.js';
import { addRoute, deleteRoute } from '../../src/net/routes.js';
import { ownNamespaces } from '../helpers/namespaces.js';
import { echoes, type Gateway, hostState, type Pair, until, withPair } from './pair.js';

const marked = suite('e2e/marked');

const USER = 'mangle-of-somebody';
const MARK = { value: 0x10, mask: 0xf0 };

/** East gives an address, and its network to go through the tunnel. */
const east = ({ network }: Site, ranges = '203.0.113.10-203.0.113.20'): object => ({
  pool: [{ name: 'road', ranges }],
  'mode-config': [
    { name: 'road', responder: true, 'address-pool': 'road', 'split-include': network },
  ],
  peer: [{ name: 'west', address: '192.0.2.1', passive: true }],
  identity: [
    {
      peer: 'west',
      secret: 'a secret of the two',
      'generate-policy': 'port-strict',
      'mode-config': 'road',
    },
  ],
  policy: [{ template: true, 'src-address': network, 'dst-address': '203.0.113.0/24' }],
});

const west = (list?: string): object => ({
  'connection-mark': [{ name: 'vpn', mark: '0x10/0xf0' }],
  'address-list': [
    { list: 'lan', address: '198.18.0.0/16' },
    { list: 'other', address: '198.51.100.0/24' },
  ],
  'mode-config': [
    {
      name: 'road',
      'connection-mark': 'vpn',
      'use-responder-dns': 'no',
      'src-address-list': list ?? '',
    },
  ],
  peer: [{ name: 'east', address: '192.0.2.2' }],
  identity: [
    {
      peer: 'east',
      secret: 'a secret of the two',
      'generate-policy': 'port-strict',
      'mode-config': 'road',
    },
  ],
  policy: [{ template: true, 'src-address': '0.0.0.0/0', 'dst-address': '0.0.0.0/0' }],
});

/** As `nft add rule … ip daddr NETWORK ct mark set VALUE` in prerouting and output would. */
function mangle(pair: Pair, value: number | undefined): void {
  pair.west.gateway.enter(() => {
    const tables = new nft.NfTables();
    const host = Uint8Array.from(new Uint8Array(Uint32Array.of(value ?? 0).buffer));
    const set = [
      nestedAttribute(1, [
        textAttribute(1, 'immediate'),
        nestedAttribute(2, [be32Attribute(1, 1), nestedAttribute(2, [bytesAttribute(1, host)])]),
      ]),
      nestedAttribute(1, [
        textAttribute(1, 'ct'),
        nestedAttribute(2, [be32Attribute(2, 3), be32Attribute(4, 1)]), // key: mark; from register 1
      ]),
    ];
    const rule = [
      ...when.isFamily(4),
      ...when.addressIn('destination', prefixOf(pair.east.network)),
      ...set,
    ];
    const chains = [
      ['prerouting', nft.HOOK_PREROUTING],
      ['output', nft.HOOK_OUTPUT],
    ] as const;
    tables.commit([
      nft.newTable(USER),
      nft.deleteTable(USER),
      ...(value === undefined ? [] : [nft.newTable(USER)]),
      ...(value === undefined ? [] : chains).flatMap(([chain, hook]) => [
        nft.newChain(USER, chain, [hook, -150]),
        nft.ruleMaker(USER, chain)(rule),
      ]),
    ]);
    tables.close();
  });
}

/** From the gateway itself, from whatever address it chooses; how many replies came. */
const fromGateway = ({ west: { gateway, outer }, east: { hostAddress } }: Pair): number => {
  const options = { from: addressBytes(outer), to: addressBytes(hostAddress), count: 2 };
  return gateway.enter(() => ping({ ...options, timeoutMs: 500 })).received;
};

const made = async (gateway: Gateway): Promise<void> => {
  await until('a policy to be made', async () => {
    const rows = await gateway.ask('policy print');
    return rows.some(({ dynamic, active }) => dynamic && active) || undefined;
  });
};

/** For marked connections, were there no tunnel: a way for leaks. */
function plainRoute(
  { west: { gateway }, east: { network, outer } }: Pair,
  change: typeof addRoute | typeof deleteRoute,
): void {
  const way = { destination: prefixOf(network), gateway: addressBytes(outer) };
  gateway.configure((netlink) => change(netlink, { ...way, table: MAIN_TABLE, type: 'unicast' }));
}

const works = (pair: Pair) =>
  until('echoes', () => (echoes(pair.west, pair.east, 4, 1) > 0 ? true : undefined));

marked('what is marked goes through the tunnel, of this host and of those behind it', async () => {
  await withPair(async (pair) => {
    const before = hostState(pair.west);
    const giver = await pair.start(pair.east, east(pair.east));
    let gateway = await pair.start(pair.west, west());
    await made(gateway);
    assert.is(echoes(pair.west, pair.east, 4, 1), 0, 'not marked, there is no way');
    mangle(pair, 0x2f);
    assert.is(echoes(pair.west, pair.east, 4, 1), 0, 'marked otherwise');
    mangle(pair, MARK.value | 0x05);
    await works(pair);
    plainRoute(pair, addRoute);
    assert.is(fromGateway(pair), 2);
    assert.equal(pair.seen(), []);

    // somebody takes our table away; it comes back
    pair.west.gateway.enter(() => {
      const tables = new nft.NfTables();
      tables.commit([nft.deleteTable('culvert-culvert0-mark')]);
      tables.close();
    });
    await gateway.logged(/table of marks.*were removed/);
    await works(pair);

    // killed: what is marked is refused; a new start finds what was left
    await pair.stop(gateway, 'SIGKILL');
    assert.is(echoes(pair.west, pair.east, 4, 1), 0);
    assert.equal(pair.seen(), []);
    plainRoute(pair, deleteRoute);
    gateway = await pair.start(pair.west, west());
    await made(gateway);
    await works(pair);

    // another address: a connection that goes on is translated to that
    giver.rewrite(JSON.stringify(east(pair.east, '203.0.113.30-203.0.113.40')));
    await giver.ask('reload');
    await giver.ask('active-peers kill-connections', {});
    await until('another address', async () => {
      const rows = await gateway.ask('active-peers print');
      return rows.some((row) => row['dynamic-address'] === '203.0.113.30') || undefined;
    });
    await works(pair);
    await pair.stop(gateway);
    mangle(pair, undefined);
    assert.equal(hostState(pair.west), before, 'and a stop leaves nothing');
  });
});

marked('with src-address-list, too: marked connections of its sources alone', async () => {
  await withPair(async (pair) => {
    mangle(pair, MARK.value);
    await pair.start(pair.east, east(pair.east));
    const gateway = await pair.start(pair.west, west('other'));
    await made(gateway);
    assert.is(echoes(pair.west, pair.east, 4, 2), 0, 'the host is not in the list');
    gateway.rewrite(JSON.stringify(west('lan')));
    await gateway.ask('reload');
    await works(pair);
    assert.equal(pair.seen(), []);
    mangle(pair, undefined);
  });
});

if (ownNamespaces()) marked.run();
