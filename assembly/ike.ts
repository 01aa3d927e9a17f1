// IKE is main's business: a message goes there as it is, without the non-ESP marker. How many of them may:
//   known     under an SPI of ours: as many as the ring holds
//   first     responder SPI zero, from whoever wants to begin: half of the ring, and with a cookie where
//             main asks for them
//   stray     another request comes of an SA from before our start, or from nobody: a few a second, which
//             main may answer by INVALID_IKE_SPI (RFC 7296 §2.21.4); the rest is counted, and all answers
// The table of our SPIs is kept by src/dataplane/ike-spi-table.ts.
import * as drops from '../src/contract/drops';
import { MAIL_IKE, PORT_UDP4_4500, PORT_UDP6_4500 } from '../src/contract/ids';
import {
  CONTROL_AT,
  CONTROL_IKE_FULL,
  IKE_SPI,
  IKE_SPI_ENTRIES,
  IKE_SPIS_AT,
  MAIL_IKE_BODY,
  MAIL_IKE_BYTES,
  MAIL_IKE_LOCAL,
  MAIL_IKE_LOCAL_PORT,
  MAIL_IKE_PORT,
  MAIL_IKE_REMOTE,
  MAIL_IKE_REMOTE_PORT,
  RX_ROOM,
  WORKER_STRAY_AT,
  WORKER_STRAY_COUNT,
} from '../src/contract/layout';
import { isWelcome } from './cookie';
import { count } from './counters';
import { FLAGS, HEADER, IKE_PORT, NAT_PORT, RESPONSE, SPI_RESPONDER } from './ike-numbers';
import { openMail, openStrangersMail, postMail } from './mail';
import { BATCH_NOW, scratchAt, workerAt } from './memory';
import { ORIGIN_LOCAL, ORIGIN_REMOTE, ORIGIN_REMOTE_PORT, readOrigin } from './receive';

const DELETED: u64 = 0xffffffffffffffff;
/** Our own choice: more than main answers (strayAnswersPerSecond), and nothing beside its ring. */
const STRAYS_A_SECOND: u32 = 16;

export function mailIke(port: i32, index: i32, at: usize, length: i32): void {
  if (length < HEADER) return count(drops.IN_HEADER_ERRORS);
  if (length > RX_ROOM) return count(drops.IN_BUFFER_ERRORS);
  const size = MAIL_IKE_BODY + length;
  const origin = readOrigin(index);
  const known = isOurs(load<u64>(at)) || isOurs(load<u64>(at, SPI_RESPONDER));
  if (!known && load<u8>(at, FLAGS) & RESPONSE) return count(drops.IKE_UNKNOWN);
  if (!known && load<u64>(at, SPI_RESPONDER) == 0) {
    if (!isWelcome(port, index, origin, at, length)) return;
  } else if (!known && !mayStray()) return count(drops.IKE_UNKNOWN);
  const mail = known ? openMail(MAIL_IKE, size) : openStrangersMail(MAIL_IKE, size);
  if (mail == 0) return;
  const natt = port == PORT_UDP4_4500 || port == PORT_UDP6_4500;
  store<i32>(mail, port, MAIL_IKE_PORT);
  store<i32>(mail, length, MAIL_IKE_BYTES);
  v128.store(mail, v128.load(origin, ORIGIN_LOCAL), MAIL_IKE_LOCAL);
  v128.store(mail, v128.load(origin, ORIGIN_REMOTE), MAIL_IKE_REMOTE);
  store<u16>(mail, natt ? NAT_PORT : IKE_PORT, MAIL_IKE_LOCAL_PORT);
  store<u16>(mail, <u16>load<i32>(origin, ORIGIN_REMOTE_PORT), MAIL_IKE_REMOTE_PORT);
  memory.copy(mail + MAIL_IKE_BODY, at, length);
  postMail(mail);
}

/** Whether an IKE SA of ours has that SPI on our side: which of a message's two it is does not matter. */
function isOurs(spi: u64): bool {
  if (spi == 0 || spi == DELETED) return false;
  let place = <u32>spi;
  for (let probes = 0; probes < IKE_SPI_ENTRIES; probes++) {
    const entry = atomic.load<u64>(IKE_SPIS_AT + (place & (IKE_SPI_ENTRIES - 1)) * IKE_SPI);
    if (entry == spi) return true;
    if (entry == 0) break;
    place++;
  }
  return atomic.load<u32>(CONTROL_AT, CONTROL_IKE_FULL) != 0;
}

/** One more of those that main is shown in this second. */
function mayStray(): bool {
  const now = load<u64>(scratchAt, BATCH_NOW);
  const since = load<u64>(workerAt, WORKER_STRAY_AT);
  let shown = load<u32>(workerAt, WORKER_STRAY_COUNT);
  if (now < since || now - since >= 1000) {
    store<u64>(workerAt, now, WORKER_STRAY_AT);
    shown = 0;
  }
  if (shown >= STRAYS_A_SECOND) return false;
  store<u32>(workerAt, shown + 1, WORKER_STRAY_COUNT);
  return true;
}
