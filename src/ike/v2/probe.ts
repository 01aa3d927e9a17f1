// Packetization-layer path MTU discovery (RFC 4821, RFC 8899) by what both ends have anyway: a question
// as long as a packet may be, which the peer answers if it came through. The answer is authentic, which
// no ICMP message is. What fills the question is a notification of a type that means nothing, and a
// receiver ignores those (RFC 7296 §3.10.1).
//
//   HDR, SK {N(filler)}   -->
//                         <--   HDR, SK {}
//
// The first transmission alone is whole. When no answer comes the path is too narrow, or a packet was
// lost for another reason: the same bytes follow (§2.1) in fragments that get through either way, so the
// IKE SA goes on. Of an answer to those nothing can be told.
import { type Address, sameAddress } from '../../policy/address.js';
import { INFORMATIONAL } from '../../wire/numbers.js';
import { type Exchange, notify, type Work } from '../exchange.js';
import { encodeWhole, headerOf } from '../message.js';
import { NAT_PORT } from '../parts/nat.js';
import { type IkeSa, openTasks, type ProbeTask, type State } from '../sa.js';
import type { Transition } from '../transition.js';
import { sendRequest } from '../window.js';

/** RFC 7296 §3.10.1: 40960 … 65535 are status types for private use. */
const FILLER = 50_503;
const UDP_HEADER = 8;
/** RFC 3948 §2.2. */
const MARKER = 4;
/** Patience, in first intervals of retransmission: an answer that comes late counts as none. */
const PATIENCE = 2;

/** Whether it can be asked about the path to `remote`: one question at a time. */
export const mayProbe = (sa: IkeSa, remote: Address): boolean =>
  sa.state === 'established' &&
  sameAddress(sa.remote.address, remote) &&
  !openTasks(sa).some(({ kind }) => kind === 'probe');

/** A question in a packet of so many bytes, IP header included. */
export const probeOf = (wanted: number): ProbeTask => ({
  kind: 'probe',
  wanted,
  bytes: 0,
  repeated: false,
});

/** HDR, SK {N(filler)} --> */
export function startProbe(work: Work, task: ProbeTask): boolean {
  const { world, sa, step } = work;
  const ip = sa.remote.address.family === 4 ? 20 : 40;
  const outside = ip + UDP_HEADER + (sa.local.port === NAT_PORT ? MARKER : 0);
  const empty = encodeWhole(sa, headerOf(sa, INFORMATIONAL, 0, false), [notify(FILLER)]).length;
  const block = sa.secured!.outbound.blockBytes;
  // whole blocks more keep the padding what it is
  const filler = Math.floor((task.wanted - outside - empty) / block) * block;
  if (filler < 0) return false;
  const payload = notify(FILLER, new Uint8Array(filler));
  const bytes = sendRequest(work, INFORMATIONAL, [payload], task);
  task.bytes = outside + bytes.length;
  step.send.push({ ...step.send.pop()!, size: 'whole' });
  sa.window.pending!.nextAt = world.context.now() + PATIENCE * world.settings.retransmitMs;
  return true;
}

/** <-- HDR, SK {} */
function takeProbe({ sa, step, task }: Exchange): State {
  const { wanted, bytes, repeated } = task as ProbeTask;
  step.probed.push({ remote: sa.remote.address, wanted, bytes, passed: !repeated });
  return sa.state;
}

export const PROBE: readonly Transition[] = [
  {
    story: 'the path has carried a large packet',
    from: ['established', 'replaced', 'deleting'],
    receives: { response: INFORMATIONAL, task: ['probe'] },
    requires: [],
    allows: ['D'],
    run: takeProbe,
    to: ['established', 'replaced', 'deleting'],
    onTimeout: 'liveness',
  },
];
