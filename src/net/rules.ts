// Policy routing rules over rtnetlink: which packets look into which table, in order of priority.
// The kernel walks them one after another for each routing decision, so their number costs.
import { type IpPrefix, prefixText } from './addressing.js';
import { type Attribute, bytesAttribute, textAttribute, textOf } from './attributes.js';
import { u32Attribute, u32Of, u8Attribute } from './attributes.js';
import {
  AF_INET,
  AF_INET6,
  FR_ACT_GOTO,
  FR_ACT_NOP,
  FR_ACT_TO_TBL,
  FRA_DPORT_RANGE,
  FRA_DST,
  FRA_FWMARK,
  FRA_FWMASK,
  FRA_GOTO,
  FRA_IIFNAME,
  FRA_IP_PROTO,
  FRA_PRIORITY,
  FRA_PROTOCOL,
  FRA_SPORT_RANGE,
  FRA_SRC,
  FRA_TABLE,
  NLM_F_CREATE,
  NLM_F_EXCL,
  RT_TABLE_UNSPEC,
  RTM_DELRULE,
  RTM_GETRULE,
  RTM_NEWRULE,
} from './linux.js';
import type { Netlink, Request } from './netlink.js';

/** Look into a table (and go on where it has no route), jump forward to a priority, do nothing. */
export type RuleAction =
  | { readonly kind: 'lookup'; readonly table: number }
  | { readonly kind: 'goto'; readonly priority: number }
  | { readonly kind: 'nop' };

export interface Rule {
  readonly family: 4 | 6;
  readonly priority: number;
  readonly action: RuleAction;
  /** A /32 of 0.0.0.0 is an IPv4 packet whose sender has not chosen a source yet. */
  readonly from?: IpPrefix;
  readonly to?: IpPrefix;
  /** Where it came in; `lo` is a packet of this host. */
  readonly iif?: string;
  readonly ipProtocol?: number;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  readonly mark?: { readonly value: number; readonly mask: number };
  /** Who installed it (FRA_PROTOCOL). */
  readonly protocol?: number;
}

const FIB_RULE_HDR = 12; // family, dst len, src len, tos, table, 0, 0, action: u8 each; u32 flags
const ADVICE = {
  EOPNOTSUPP: 'the kernel has no policy routing (CONFIG_IP_MULTIPLE_TABLES)',
  EAFNOSUPPORT: 'the kernel has no policy routing for this family',
};

/** The rule in iproute2's words; equal rules have equal text. */
export function ruleText(rule: Rule): string {
  const words = [
    `inet${rule.family === 4 ? '' : '6'} ${rule.priority}: from`,
    rule.from ? prefixText(rule.from) : 'all',
  ];
  if (rule.to) words.push(`to ${prefixText(rule.to)}`);
  if (rule.mark) words.push(`fwmark ${rule.mark.value}/${rule.mark.mask}`);
  if (rule.iif) words.push(`iif ${rule.iif}`);
  if (rule.ipProtocol !== undefined) words.push(`ipproto ${rule.ipProtocol}`);
  if (rule.sourcePort !== undefined) words.push(`sport ${rule.sourcePort}`);
  if (rule.destinationPort !== undefined) words.push(`dport ${rule.destinationPort}`);
  const { action } = rule;
  if (action.kind === 'lookup') words.push(`lookup ${action.table}`);
  else words.push(action.kind === 'goto' ? `goto ${action.priority}` : 'nop');
  return words.join(' ');
}

/** Adds a rule; EEXIST where one differs at most in the goal of its jump. */
export function addRule(netlink: Netlink, rule: Rule): void {
  netlink.change(ruleAddition(rule));
}

/** Deletes the first rule that has all of these properties. */
export function deleteRule(netlink: Netlink, rule: Rule): void {
  netlink.change(ruleDeletion(rule));
}

export const ruleAddition = (rule: Rule): Request =>
  ruleRequest(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, 'add', rule);

export const ruleDeletion = (rule: Rule): Request => ruleRequest(RTM_DELRULE, 0, 'delete', rule);

function ruleRequest(type: number, flags: number, verb: string, rule: Rule): Request {
  const { action } = rule;
  const body = new Uint8Array(FIB_RULE_HDR);
  body[0] = rule.family === 4 ? AF_INET : AF_INET6;
  body[1] = rule.to?.bits ?? 0;
  body[2] = rule.from?.bits ?? 0;
  const attributes: Attribute[] = [u32Attribute(FRA_PRIORITY, rule.priority)];
  if (action.kind === 'lookup') {
    body[4] = action.table < 256 ? action.table : RT_TABLE_UNSPEC;
    body[7] = FR_ACT_TO_TBL;
    attributes.push(u32Attribute(FRA_TABLE, action.table));
  } else if (action.kind === 'goto') {
    body[7] = FR_ACT_GOTO;
    attributes.push(u32Attribute(FRA_GOTO, action.priority));
  } else body[7] = FR_ACT_NOP;
  attributes.push(...selectorAttributes(rule));
  if (rule.protocol !== undefined) attributes.push(u8Attribute(FRA_PROTOCOL, rule.protocol));
  const what = `${verb} rule ${ruleText(rule)}`;
  return { type, flags, body, attributes, what, advice: ADVICE };
}

function selectorAttributes(rule: Rule): Attribute[] {
  const found: Attribute[] = [];
  // A prefix of length 0 is no selector: the kernel refuses an address without a length.
  if (rule.from?.bits) found.push(bytesAttribute(FRA_SRC, rule.from.address));
  if (rule.to?.bits) found.push(bytesAttribute(FRA_DST, rule.to.address));
  if (rule.iif) found.push(textAttribute(FRA_IIFNAME, rule.iif));
  if (rule.mark) {
    found.push(u32Attribute(FRA_FWMARK, rule.mark.value));
    found.push(u32Attribute(FRA_FWMASK, rule.mark.mask));
  }
  if (rule.ipProtocol !== undefined) found.push(u8Attribute(FRA_IP_PROTO, rule.ipProtocol));
  if (rule.sourcePort !== undefined) found.push(portAttribute(FRA_SPORT_RANGE, rule.sourcePort));
  if (rule.destinationPort !== undefined) {
    found.push(portAttribute(FRA_DPORT_RANGE, rule.destinationPort));
  }
  return found;
}

/** struct fib_rule_port_range, host order. */
function portAttribute(type: number, port: number): Attribute {
  const data = new Uint8Array(4);
  const view = new DataView(data.buffer);
  view.setUint16(0, port, true);
  view.setUint16(2, port, true);
  return { type, data };
}

/** All rules of both families that look up, jump or do nothing, by priority. */
export function listRules(netlink: Netlink): Rule[] {
  return ([4, 6] as const).flatMap((family) => {
    const body = new Uint8Array(FIB_RULE_HDR);
    body[0] = family === 4 ? AF_INET : AF_INET6;
    const answers = netlink.dump({ type: RTM_GETRULE, body, what: `list IPv${family} rules` });
    return answers.flatMap(({ body: header, attributes }) => {
      // Without IPv6 the kernel answers with whatever families it has.
      const rule = header[0] === body[0] && ruleFrom(family, header, attributes);
      return rule ? [rule] : [];
    });
  });
}

function ruleFrom(
  family: 4 | 6,
  header: Uint8Array,
  attributes: Map<number, Uint8Array>,
): Rule | undefined {
  const [, toBits = 0, fromBits = 0, , table = 0, , , kind = 0] = header;
  const u32 = (type: number): number | undefined => u32Of(attributes.get(type));
  const action = actionOf(kind, u32(FRA_TABLE) ?? table, u32(FRA_GOTO) ?? 0);
  if (!action) return undefined;
  const rule: { -readonly [K in keyof Rule]: Rule[K] } = {
    family,
    priority: u32(FRA_PRIORITY) ?? 0,
    action,
  };
  const from = attributes.get(FRA_SRC);
  const to = attributes.get(FRA_DST);
  if (from) rule.from = { address: from, bits: fromBits };
  if (to) rule.to = { address: to, bits: toBits };
  const iif = textOf(attributes.get(FRA_IIFNAME));
  if (iif) rule.iif = iif;
  const value = u32(FRA_FWMARK);
  const mask = u32(FRA_FWMASK);
  if (mask) rule.mark = { value: value ?? 0, mask };
  const ipProtocol = attributes.get(FRA_IP_PROTO)?.[0];
  if (ipProtocol) rule.ipProtocol = ipProtocol;
  const source = u32(FRA_SPORT_RANGE);
  if (source) rule.sourcePort = source & 0xffff;
  const destination = u32(FRA_DPORT_RANGE);
  if (destination) rule.destinationPort = destination & 0xffff;
  const protocol = attributes.get(FRA_PROTOCOL)?.[0];
  if (protocol !== undefined) rule.protocol = protocol;
  return rule;
}

/** Actions that are not ours (blackhole, prohibit …) make no Rule: they are never touched. */
function actionOf(kind: number, table: number, priority: number): RuleAction | undefined {
  if (kind === FR_ACT_TO_TBL) return { kind: 'lookup', table };
  if (kind === FR_ACT_GOTO) return { kind: 'goto', priority };
  return kind === FR_ACT_NOP ? { kind: 'nop' } : undefined;
}
