// Policies that nobody wrote: made from a template for what the peer asks for (RouterOS's
// generate-policy). What is asked must lie inside the template on both sides; the first template that
// holds all of it, or else the first that holds a part, gives proposal, level and place in the order.
import { formatPrefix } from '../../policy/address.js';
import { type DynamicPolicy, isDynamic, type Template } from '../../policy/database.js';
import { sameSelector } from '../../policy/selector.js';
import { templatesOf } from '../directory.js';
import type { Exchange, Work } from '../exchange.js';
import type { IkeSa } from '../sa.js';
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
  if (asksForTransport(exchange)) {
    const found = choose(templates, betweenEnds(sa, substituted(sa, asked)));
    if (found) return makePolicy(exchange, found.template, found.side, 'transport');
  }
  const found = choose(templates, asked);
  return found && makePolicy(exchange, found.template, found.side, 'tunnel');
}

interface Choice {
  readonly template: Template;
  readonly side: Side;
}

function choose(templates: readonly Template[], asked: Side | undefined): Choice | undefined {
  if (!asked) return undefined;
  const choices = templates.flatMap((template): (Choice & { whole: boolean })[] => {
    const allowed = policySelectors(template);
    const whole = holdsAll(allowed.local, asked.local) && holdsAll(allowed.remote, asked.remote);
    const side = {
      local: narrow(allowed.local, asked.local),
      remote: narrow(allowed.remote, asked.remote),
    };
    return piecesOf(side).length > 0 ? [{ template, side: withRoom(side), whole }] : [];
  });
  return choices.find(({ whole }) => whole) ?? choices[0];
}

/** Where the peer has such a policy already, that one: its SAs serve it together. */
export function makePolicy(
  { world, sa }: Pick<Work, 'world' | 'sa'>,
  template: Template,
  agreed: Side,
  mode: Mode,
): Narrowed & { readonly mode: Mode } {
  const rules = sa.identity!.generatePolicy!;
  const allPorts = rules.ports === 'port-override';
  const served = allPorts ? withAllPorts(agreed) : agreed;
  const known = sameAgreed(sa, template, agreed);
  if (known) return { policy: known, ...agreed, mode };
  const pieces = piecesOf(served);
  const id = world.generated.allocate(pieces.length);
  const { group: _, ...pattern } = template;
  const policy: DynamicPolicy = {
    ...pattern,
    ...pieces[0]!,
    id,
    owner: id,
    template: template.id,
    comment: '',
    tunnel: mode === 'tunnel',
    peer: sa.peer.name,
    notrackChain: rules.notrackChain,
    allPorts,
    agreed,
    served,
  };
  return { policy, ...agreed, mode };
}

function sameAgreed(sa: IkeSa, template: Template, agreed: Side): DynamicPolicy | undefined {
  const same = (a: Side['local'], b: Side['local']): boolean =>
    a.length === b.length && a.every((one, at) => sameSelector(one, b[at]!));
  for (const { policy, state } of sa.children.values()) {
    if (!isDynamic(policy) || state === 'deleting' || policy.template !== template.id) continue;
    const { local, remote } = policy.agreed;
    if (same(local, agreed.local) && same(remote, agreed.remote)) return policy;
  }
  return undefined;
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
