// What the tests of mode-config share: one end gives addresses of a pool with DNS servers, the other asks
// for them, and policies are made from a template that lets anything.
import { parsePrefix } from '../../src/policy/address.js';
import type { AskedConfig, GivenConfig, Policy, Template } from '../../src/policy/database.js';
import { Leases } from '../../src/policy/leases.js';
import { address, databases } from './databases.js';

const any = parsePrefix('::/0')!;
const [pattern] = databases('west').policies as [Policy];
export const TEMPLATE: Template = {
  ...pattern,
  id: 50,
  place: 50,
  peer: undefined,
  src: any,
  dst: any,
  group: 'default',
};
export const RULES = { ports: 'port-strict', group: 'default', notrackChain: undefined } as const;
export const GIVEN: GivenConfig = {
  role: 'responder',
  name: 'rw',
  address: undefined,
  pool: 'rw',
  prefixLength: 32,
  splitInclude: [],
  splitDns: [],
  dns: [address('192.0.2.53'), address('2001:db8::53')],
};
export const ASKED: AskedConfig = {
  role: 'initiator',
  name: 'request-only',
  dns: 'yes',
  resolvConf: undefined,
  sources: undefined,
  mark: undefined,
};

/** So many addresses of each family. */
export const poolOf = (count: number) =>
  ['10.9.0.', '2001:db8:9::'].map((network) => ({
    start: address(`${network}1`),
    end: address(`${network}${count}`),
  }));

export const leasesOf = (ranges: ReturnType<typeof poolOf>): Leases =>
  new Leases([{ name: 'rw', ranges, next: undefined }], [], () => {});
