// Policies that nobody wrote: made from a template for what the peer asks for (RouterOS's
// generate-policy). What is asked must lie inside the template on both sides; the first template that
// holds all of it, or else the first that holds a part, gives proposal, level and place in the order.
import { type Address, addressBits, formatPrefix } from '../../policy/address.js';
import {
  type DynamicPolicy,
  isDynamic,
  type Policy,
  type Template,
} from '../../policy/database.js';
import { sameSelector, selectorOf, type TrafficSelector } from '../../policy/selector.js';
import { templatesOf } from '../directory.js';
import { IkeError } from '../errors.js';
import type { Exchange, Work } from '../exchange.js';
import type { IkeSa } from '../sa.js';
import { assignedOnly } from './configuration.js';
import { asksForTransport, betweenEnds, type Mode, substituted } from './mode.js';
import { piecesOf, withRoom } from './pieces.js';
import { holdsAll, type Narrowed, narrow, policySelectors, type Side } from './selectors.js';

/** For what the peer asks for in this exchange; undefined: nothing of it may be. */
export function generatePolicy(
  exchange: Exchange,
  asked: Side,
): (Narrowed & { readonly mode: Mode }) | undefined {
  const { world, sa } = exchange;
  const templates = templatesOf(world.databases, sa.identity);
  const assigned = templates.length === 0 ? undefined : assignedOnly(exchange);
  if (assigned) return withAddresses(exchange, templates, assigned, asked);
  if (asksForTransport(exchange)) {
    const found = choose(templates, betweenEnds(sa, substituted(sa, asked)));
    if (found) return makePolicy(exchange, found.templates, found.side, 'transport');
  }
  const found = choose(templates, asked);
  return found && makePolicy(exchange, found.templates, found.side, 'tunnel');
}

/** A peer that has its addresses from us has policies for them and no other: TSi is narrowed (§2.19). */
function withAddresses(
  exchange: Exchange,
  templates: readonly Template[],
  addresses: readonly Address[],
  asked: Side,
): (Narrowed & { readonly mode: Mode }) | undefined {
  const found = choose(templates, { ...asked, remote: narrow(hostsOf(addresses), asked.remote) });
  return found && makePolicy(exchange, found.templates, found.side, 'tunnel');
}

/** Templates for each family that is asked for; what they have in common decides about the SA. */
interface Choice {
  readonly templates: readonly Template[];
  readonly side: Side;
}

/**
 * One template for everything where there is one. Else one for each family, as a pool of IPv4 and one
 * of IPv6 may have, if an SA can be for both.
 */
function choose(templates: readonly Template[], asked: Side | undefined): Choice | undefined {
  if (!asked) return undefined;
  const whole = chooseOne(templates, asked);
  if (whole?.whole) return { templates: [whole.template], side: withRoom(whole.side) };
  const choices = ([4, 6] as const).flatMap((family) => {
    const own = (side: Side['local']) => side.filter((one) => one.family === family);
    return chooseOne(templates, { local: own(asked.local), remote: own(asked.remote) }) ?? [];
  });
  const [first, ...others] = choices;
  if (!first) return undefined;
  const fitting = [first, ...others.filter(({ template }) => goTogether(template, first.template))];
  const side = {
    local: fitting.flatMap((one) => one.side.local),
    remote: fitting.flatMap((one) => one.side.remote),
  };
  return { templates: fitting.map(({ template }) => template), side: withRoom(side) };
}

const goTogether = (a: Template, b: Template): boolean =>
  a.proposal.name === b.proposal.name && a.level === b.level && a.protection === b.protection;

function chooseOne(
  templates: readonly Template[],
  asked: Side,
): { readonly template: Template; readonly side: Side; readonly whole: boolean } | undefined {
  const choices = templates.flatMap((template) => {
    const allowed = policySelectors(template);
    const whole = holdsAll(allowed.local, asked.local) && holdsAll(allowed.remote, asked.remote);
    const side = {
      local: narrow(allowed.local, asked.local),
      remote: narrow(allowed.remote, asked.remote),
    };
    return piecesOf(side).length > 0 ? [{ template, side, whole }] : [];
  });
  return choices.find(({ whole }) => whole) ?? choices[0];
}

/** As initiator: what we ask for by a template, with the addresses we have if we have them already. */
export function wishedSelectors({ assigned }: IkeSa, template: Template): Side {
  const whole = policySelectors(template);
  if (!assigned) return whole;
  const local = narrow(hostsOf(assigned.addresses), whole.local);
  const families = new Set(local.map(({ family }) => family));
  return { local, remote: whole.remote.filter(({ family }) => families.has(family)) };
}

/** As initiator: for our addresses, and of the networks behind the peer those it named (split-include). */
export function makeAsked(
  { world, sa }: Pick<Work, 'world' | 'sa'>,
  template: Template,
  agreed: Side,
): Policy {
  const { addresses = [], received } = sa.assigned ?? {};
  const networks = (received?.networks ?? []).map((network) => selectorOf(network));
  // split-include is of IPv4: of a family without networks all that was agreed
  const remote = ([4, 6] as const).flatMap((family) => {
    const all = agreed.remote.filter((one) => one.family === family);
    const split = narrow(networks, all);
    return split.length > 0 ? split : all;
  });
  const served = { local: narrow(hostsOf(addresses), agreed.local), remote };
  if (piecesOf(served).length === 0) {
    const text = 'the peer agrees to selectors without the addresses it gave us';
    throw new IkeError('bad-answer', text);
  }
  return makePolicy({ world, sa }, [template], agreed, 'tunnel', withRoom(served)).policy;
}

const hostsOf = (addresses: readonly Address[]): TrafficSelector[] =>
  addresses.map((address) => selectorOf({ address, bits: addressBits(address.family) }));

/** Where the peer has such a policy already, that one: its SAs serve it together. */
function makePolicy(
  { world, sa }: Pick<Work, 'world' | 'sa'>,
  templates: readonly Template[],
  agreed: Side,
  mode: Mode,
  only: Side = agreed,
): Narrowed & { readonly mode: Mode } {
  const rules = sa.identity!.generatePolicy!;
  const allPorts = rules.ports === 'port-override';
  const served = allPorts ? withAllPorts(only) : only;
  const [template] = templates as readonly [Template, ...Template[]];
  const made = {
    template: template.id,
    tunnel: mode === 'tunnel',
    peer: sa.peer.name,
    notrackChain: rules.notrackChain,
    allPorts,
    agreed,
    served,
  };
  const known = sameMade({ world, sa }, made);
  if (known) return { policy: known, ...agreed, mode };
  const pieces = piecesOf(served);
  const id = world.generated.allocate(pieces.length);
  const { group: _, ...pattern } = template;
  const policy: DynamicPolicy = {
    ...pattern,
    ...pieces[0]!,
    ...made,
    id,
    owner: id,
    templates: templates.map(({ id: from }) => from),
    comment: '',
  };
  return { policy, ...agreed, mode };
}

type Made = Pick<
  DynamicPolicy,
  'template' | 'tunnel' | 'peer' | 'notrackChain' | 'allPorts' | 'agreed' | 'served'
>;

/** Of this IKE SA, or of another with the same peer: whose child is replaced, or who authenticates anew. */
function sameMade(
  { world, sa }: Pick<Work, 'world' | 'sa'>,
  made: Made,
): DynamicPolicy | undefined {
  const same = (a: Side['local'], b: Side['local']): boolean =>
    a.length === b.length && a.every((one, at) => sameSelector(one, b[at]!));
  const sameSide = (a: Side, b: Side): boolean =>
    same(a.local, b.local) && same(a.remote, b.remote);
  const plain = ['template', 'tunnel', 'peer', 'notrackChain', 'allPorts'] as const;
  const sas = world.store.withSame(sa).filter(({ state }) => state === 'established');
  return sas
    .flatMap(({ children }) => [...children.values()])
    .filter(({ state }) => state !== 'deleting')
    .map(({ policy }) => policy)
    .filter(isDynamic)
    .filter((policy) => plain.every((name) => policy[name] === made[name]))
    .find(({ agreed, served }) => sameSide(agreed, made.agreed) && sameSide(served, made.served));
}

/** port-override: the policy is for every port, whatever ports the peer proposes. */
export const withAllPorts = ({ local, remote }: Side): Side => {
  const open = (side: Side['local']): Side['local'] =>
    side.map((one) => ({ ...one, startPort: 0, endPort: 65535 }));
  return { local: open(local), remote: open(remote) };
};

/** For messages: what the peer may ask for besides written policies. */
export function describeTemplates({ world, sa }: Pick<Work, 'world' | 'sa'>): string {
  const rules = sa.identity?.generatePolicy;
  if (!rules) return '';
  const patterns = templatesOf(world.databases, sa.identity).map(
    ({ src, dst }) => `${formatPrefix(src)} to ${formatPrefix(dst)}`,
  );
  return `, the templates of group ${rules.group ?? 'none'} ${patterns.join(' and ') || 'nothing'}`;
}
