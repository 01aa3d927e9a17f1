// Tells the control plane that a policy wants an SA it does not have.
import { MAIL_ACQUIRE } from '../src/contract/ids';
import {
  MAIL_ACQUIRE_DST,
  MAIL_ACQUIRE_DST_PORT,
  MAIL_ACQUIRE_POLICY,
  MAIL_ACQUIRE_PROTOCOL,
  MAIL_ACQUIRE_SIZE,
  MAIL_ACQUIRE_SRC,
  MAIL_ACQUIRE_SRC_PORT,
  POLICY_ACQUIRE_AT,
  POLICY_ID,
} from '../src/contract/layout';
import {
  VIEW_DST_HIGH,
  VIEW_DST_LOW,
  VIEW_DST_PORT,
  VIEW_PROTOCOL,
  VIEW_SRC_HIGH,
  VIEW_SRC_LOW,
  VIEW_SRC_PORT,
  viewed,
} from './ip/packet';
import { openMail, postMail } from './mail';
import { BATCH_NOW, scratchAt, VIEW } from './memory';

const ACQUIRE_MS: u64 = 1000;

/** For the packet in view; at most once a second and policy, whoever asks. */
export function acquire(policy: usize): void {
  const now = load<u64>(scratchAt + BATCH_NOW);
  const last = atomic.load<u64>(policy, POLICY_ACQUIRE_AT);
  if (last != 0 && now - last < ACQUIRE_MS) return;
  if (atomic.cmpxchg<u64>(policy, last, now, POLICY_ACQUIRE_AT) != last) return;
  const mail = openMail(MAIL_ACQUIRE, MAIL_ACQUIRE_SIZE);
  if (mail == 0) return;
  store<u32>(mail, load<u32>(policy, POLICY_ID), MAIL_ACQUIRE_POLICY);
  store<i32>(mail, viewed(VIEW_PROTOCOL), MAIL_ACQUIRE_PROTOCOL);
  const view = scratchAt + VIEW;
  store<u64>(mail, bswap<u64>(load<u64>(view, VIEW_SRC_HIGH)), MAIL_ACQUIRE_SRC);
  store<u64>(mail, bswap<u64>(load<u64>(view, VIEW_SRC_LOW)), MAIL_ACQUIRE_SRC + 8);
  store<u64>(mail, bswap<u64>(load<u64>(view, VIEW_DST_HIGH)), MAIL_ACQUIRE_DST);
  store<u64>(mail, bswap<u64>(load<u64>(view, VIEW_DST_LOW)), MAIL_ACQUIRE_DST + 8);
  store<u16>(mail, <u16>viewed(VIEW_SRC_PORT), MAIL_ACQUIRE_SRC_PORT);
  store<u16>(mail, <u16>viewed(VIEW_DST_PORT), MAIL_ACQUIRE_DST_PORT);
  postMail(mail);
}
