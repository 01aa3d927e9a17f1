// The networks that a peer named by mode-config (RFC 7296 §3.15.2; Cisco's split-include): what the first
// child carries may be fewer, since the peer narrows to what one of its own policies holds. For each of the
// others a further child is asked for.
//
//   askNetworks     after a child by the template is there
//   refuseNetwork   the peer does not want one of them: not asked again under this IKE SA
//   askAgain        a child is lost that no packet would ask for, as its policy went with it
import { isDynamic, type Policy, type Template } from '../policy/database.js';
import { contains, intersect, selectorOf, type TrafficSelector } from '../policy/selector.js';
import { isTemplate } from '../policy/template.js';
import { askedTemplate } from './calling.js';
import type { Work } from './exchange.js';
import { policySelectors } from './parts/selectors.js';
import { type Child, createChild, openTasks } from './sa.js';

type Part = Pick<Work, 'world' | 'sa'>;

export function askNetworks(work: Part): void {
  for (const wish of missingNetworks(work)) work.sa.tasks.push(createChild(wish));
}

/** The template, narrowed to each network that no child is for or asked for. */
export function missingNetworks({ world, sa }: Part): Template[] {
  const { received, refused } = sa.assigned ?? {};
  const template = askedTemplate(world, sa.peer);
  if (!received || template?.id !== received.template) return [];
  const held = heldBy({ sa }, template);
  // without any the template itself is asked for, which may bring all
  if (held.length === 0) return [];
  const whole = policySelectors(template).remote;
  const families = received.addresses.map(({ family }) => family);
  return received.networks
    .filter(({ address }) => families.includes(address.family))
    .filter((dst) => !held.some((one) => intersect(one, selectorOf(dst))))
    .filter((dst) => whole.some((one) => contains(one, selectorOf(dst))))
    .map((dst) => ({ ...template, dst }))
    .filter((narrowed) => !refused?.has(keyOf(narrowed)));
}

/** What children by the template carry, or are asked for. */
function heldBy({ sa }: Pick<Work, 'sa'>, { id }: Template): TrafficSelector[] {
  const children = [...sa.children.values()].filter(({ state }) => state !== 'deleting');
  const policies = [
    ...children.map(({ policy }) => policy),
    ...openTasks(sa).flatMap((task) => (task.kind === 'create-child' ? [task.policy] : [])),
  ];
  return policies
    .filter((policy) => (isDynamic(policy) ? policy.template === id : policy.id === id))
    .flatMap((policy) => policySelectors(policy).remote);
}

const keyOf = ({ dst: { address, bits } }: Policy): string =>
  `${address.family} ${address.value} ${bits}`;

/** Whether it is one of several networks: the others stand, and so does the peer's reason. */
export function refuseNetwork({ sa }: Pick<Work, 'sa'>, policy: Policy): boolean {
  const { received, refused } = sa.assigned ?? {};
  const key = keyOf(policy);
  if (!isTemplate(policy) || !received?.networks.some((dst) => keyOf({ ...policy, dst }) === key)) {
    return false;
  }
  refused?.add(key);
  return true;
}

/** Soon, but not at once: a peer that closes what it has just made is asked at leisure. */
export function askAgain({ world, sa }: Part, { policy }: Child): void {
  if (!isDynamic(policy) || !sa.assigned?.received || sa.peer.passive) return;
  sa.times.childrenAt = world.context.now() + world.settings.reconnectMs;
}
