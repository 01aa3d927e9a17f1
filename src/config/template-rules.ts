// What a template may say: the pattern of the policies that are made from it, and nothing that only an
// ordinary policy has (spec: "Following parameters are used by template").
import { isDefault } from './menu.js';
import { identityMenu } from './menus.js';
import { enabled, type Rule, readable } from './found.js';
import { show, type Warning } from './problem.js';
import type { Configuration } from './read.js';

export const templatesFit: Rule = (c, problems) => {
  for (const { path, entry, written } of readable(c.policies, 'template', 'action', 'peer')) {
    if (!entry.template) continue;
    const wrong = (property: string, expected: string): void => {
      problems.push({ path: `${path}.${property}`, value: show(written[property]), expected });
    };
    if (entry.action !== 'encrypt') wrong('action', 'encrypt: what a template makes has SAs');
    if (entry.peer.length > 0) {
      wrong('peer', 'nothing: a template is for every identity that names its group');
    }
    if (written.tunnel !== undefined) {
      wrong('tunnel', 'nothing: the mode is what the peer asks for');
    }
  }
};

const NEEDS_GENERATE: readonly string[] = ['policy-template-group', 'notrack-chain'];

/** Rules that can make nothing, or are not asked for anything. */
export function templateWarnings(c: Configuration): Warning[] {
  const groups = new Set(
    enabled(c.policies, 'template', 'group')
      .filter(({ entry }) => entry.template)
      .map(({ entry }) => entry.group),
  );
  const needed = ['generate-policy', 'policy-template-group', 'notrack-chain'];
  return enabled(c.identities, ...needed).flatMap(({ path, entry, written }): Warning[] => {
    const group = entry['policy-template-group'];
    if (entry['generate-policy'] === 'no') {
      const unused = identityMenu.properties.filter(
        (row) => NEEDS_GENERATE.includes(row.name) && !isDefault(row, entry[row.name]),
      );
      return unused.map(({ name }) => ({
        path: `${path}.${name}`,
        value: show(written[name]),
        text: 'not used: generate-policy=no makes no policies',
      }));
    }
    if (group === undefined || groups.has(group)) return [];
    const text =
      'no policy is ever made: the group has no template; one for everything is the policy ' +
      `{"template": true, "group": "${group}", "src-address": "::/0", "dst-address": "::/0"}`;
    return [{ path: `${path}.policy-template-group`, value: show(group), text }];
  });
}

/** A mode-config that asks for nothing, or translates nobody. */
export function modeConfigWarnings(c: Configuration): Warning[] {
  const asks = new Set(c.modeConfigs.filter(({ entry }) => !entry.responder).map(nameOf));
  const lists = new Set(enabled(c.addressLists, 'list').map(({ entry }) => entry.list));
  const silent = enabled(c.identities, 'mode-config', 'generate-policy')
    .filter(({ entry }) => asks.has(entry['mode-config'] ?? ''))
    .filter(({ entry }) => entry['generate-policy'] === 'no')
    .map(({ path, entry }) => ({
      path: `${path}.mode-config`,
      value: show(entry['mode-config']),
      text: 'nothing is asked for: set generate-policy, and a template for what may be made',
    }));
  const empty = c.modeConfigs.flatMap(({ path, entry }) => {
    const list = entry['src-address-list'];
    if (list === undefined || lists.has(list)) return [];
    const text = 'nothing is translated: no enabled entry of address-list has this list';
    return [{ path: `${path}.src-address-list`, value: show(list), text }];
  });
  return [...silent, ...empty];
}

const nameOf = ({ entry }: Configuration['modeConfigs'][number]): string => entry.name;
