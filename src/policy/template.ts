// What a template stands for (routeros.md: rules 1 and 3): the networks of either family in which
// policies may be made from it, and the place in the order that those policies have.
import type { Prefix } from './address.js';
import type { Databases, Policy, Template } from './database.js';

const ALL: Readonly<Record<4 | 6, Prefix>> = {
  4: { address: { family: 4, value: 0n }, bits: 0 },
  6: { address: { family: 6, value: 0n }, bits: 0 },
};

/** RouterOS's own template is ::/0 to ::/0 and serves IPv4: there ::/0 is every network. */
function inFamily(prefix: Prefix, family: 4 | 6): Prefix | undefined {
  if (prefix.address.family === family) return prefix;
  return prefix.address.family === 6 && prefix.bits === 0 ? ALL[family] : undefined;
}

/** The template once for each family that both of its networks have. */
export const byFamily = (template: Template): Template[] =>
  ([4, 6] as const).flatMap((family) => {
    const src = inFamily(template.src, family);
    const dst = inFamily(template.dst, family);
    return src && dst ? [{ ...template, src, dst }] : [];
  });

export const isTemplate = (policy: Policy): policy is Template => 'group' in policy;

/** Policies and templates, these once for each family, in matching order. */
export const ordered = ({ policies, templates }: Pick<Databases, 'policies' | 'templates'>) =>
  templates.length === 0
    ? policies
    : [...policies, ...templates.flatMap(byFamily)].sort((a, b) => a.place - b.place);
