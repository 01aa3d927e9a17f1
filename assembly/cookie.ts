// While so many IKE SAs are half-open that main asks for cookies, first messages end here unless they bring
// one that is good (RFC 7296 §2.6): a flood from forged addresses costs a worker two hashes a message, and
// main nothing. Main looks at the cookies that pass once more; what one bakes the other takes.
//   1. measure   an IKE_SA_INIT request as long as one is, with SA, KE and nonce
//   2. check     the cookie it brings, by the secret it names
//   3. answer    a cookie, shorter than what asked for it
import { COOKIES, STRANGERS_REFUSED } from '../src/contract/drops';
import {
  MAC_HMAC_SHA256,
  PORT_UDP4_4500,
  PORT_UDP6_4500,
  PORT_UDP6_500,
} from '../src/contract/ids';
import {
  CONTROL_AT,
  CONTROL_COOKIE_NEWEST,
  CONTROL_COOKIE_SECRETS,
  CONTROL_COOKIES,
  COOKIE_SECRET,
  COOKIE_STATE,
  COOKIE_USABLE,
  COOKIE_VERSION,
} from '../src/contract/layout';
import { count } from './counters';
import {
  COOKIE,
  EXCHANGE,
  FLAGS,
  HEADER,
  IKE_SA_INIT,
  INITIATOR,
  KE,
  LEAST_NONCE,
  MOST_NONCE,
  NEXT_PAYLOAD,
  NONCE,
  NOTIFY,
  NOTIFY_DATA,
  RESPONSE,
  SA,
  VERSION,
  VERSION_AT,
} from './ike-numbers';
import { hmac } from './mac/hmac';
import { DIGESTS, scratchAt } from './memory';
import { ORIGIN_REMOTE, ORIGIN_REMOTE_PORT } from './receive';
import { slotAt, takeSlot } from './slots';
import { sendAnswer } from './transmit';

/** SA with three transforms, KE of the shortest group, a nonce: no sound request is shorter. */
const LEAST_REQUEST: i32 = HEADER + 36 + 40 + 20;
/** Our own choice: more payloads than anybody sends. */
const MOST_PAYLOADS: i32 = 64;

// A cookie: src/ike/cookie.ts.
const MAC: i32 = 32;
const COOKIE_BYTES: i32 = 1 + MAC;
const ANSWER: i32 = HEADER + NOTIFY_DATA + COOKIE_BYTES;
/** nonce, address, port, SPI; then the digest. */
const INPUT: usize = DIGESTS;
const DIGEST: usize = DIGESTS + 512;
// What the request in work holds.
const NONCE_AT: usize = DIGESTS + 576; // u32, 0: none
const NONCE_BYTES: usize = DIGESTS + 580; // i32
const COOKIE_AT: usize = DIGESTS + 584; // u32, 0: none

/** Whether main is to have this request, whose responder SPI is zero. */
export function isWelcome(port: i32, index: i32, origin: usize, at: usize, length: i32): bool {
  if (!atomic.load<u32>(CONTROL_AT, CONTROL_COOKIES)) return true;
  if (!measure(at, length)) {
    count(STRANGERS_REFUSED);
    return false;
  }
  if (isGood(at, origin)) return true;
  answer(port, index, origin, at);
  return false;
}

// ---- 1. measure ----------------------------------------------------------------------------------

function measure(at: usize, length: i32): bool {
  if (length < LEAST_REQUEST || bswap<u32>(load<u32>(at, 24)) != <u32>length) return false;
  if (load<u64>(at) == 0 || load<u32>(at, 20) != 0) return false;
  const kind =
    load<u8>(at, EXCHANGE) == IKE_SA_INIT && load<u8>(at, VERSION_AT) >> 4 == VERSION >> 4;
  if (!kind || (load<u8>(at, FLAGS) & INITIATOR) == 0) return false;
  store<u32>(scratchAt, 0, NONCE_AT);
  store<u32>(scratchAt, 0, COOKIE_AT);
  let seen: u32 = 0;
  let next: i32 = load<u8>(at, NEXT_PAYLOAD);
  let from = HEADER;
  for (let payloads = 0; next != 0; payloads++) {
    if (payloads == MOST_PAYLOADS || length - from < 4) return false;
    const here = at + from;
    const bytes: i32 = bswap<u16>(load<u16>(here, 2));
    if (bytes < 4 || bytes > length - from) return false;
    if (next == SA) seen |= 1;
    else if (next == KE) seen |= 2;
    else if (next == NONCE) noteNonce(here + 4, bytes - 4);
    // §2.6: the first payload, where it is repeated
    else if (next == NOTIFY && payloads == 0) noteCookie(here, bytes);
    next = load<u8>(here);
    from += bytes;
  }
  return from == length && seen == 3 && load<u32>(scratchAt, NONCE_AT) != 0;
}

function noteNonce(at: usize, bytes: i32): void {
  if (bytes < LEAST_NONCE || bytes > MOST_NONCE) return;
  store<u32>(scratchAt, <u32>at, NONCE_AT);
  store<i32>(scratchAt, bytes, NONCE_BYTES);
}

function noteCookie(at: usize, bytes: i32): void {
  if (bytes != NOTIFY_DATA + COOKIE_BYTES || load<u8>(at, 5) != 0) return;
  if (bswap<u16>(load<u16>(at, 6)) != COOKIE) return;
  store<u32>(scratchAt, <u32>at + NOTIFY_DATA, COOKIE_AT);
}

// ---- 2. check ------------------------------------------------------------------------------------

function isGood(at: usize, origin: usize): bool {
  const cookie: usize = load<u32>(scratchAt, COOKIE_AT);
  if (cookie == 0) return false;
  for (let place = 0; place < 2; place++) {
    const secret = secretAt(place);
    if (!load<u32>(secret, COOKIE_USABLE)) continue;
    if (load<u32>(secret, COOKIE_VERSION) != load<u8>(cookie)) continue;
    const digest = digestOf(secret, at, origin);
    let difference = v128.xor(v128.load(digest), v128.load(cookie + 1));
    difference = v128.or(difference, v128.xor(v128.load(digest, 16), v128.load(cookie + 1, 16)));
    return !v128.any_true(difference);
  }
  return false;
}

function secretAt(place: i32): usize {
  return CONTROL_AT + CONTROL_COOKIE_SECRETS + place * COOKIE_SECRET;
}

/** HMAC(secret, Ni | IPi | port | SPIi), by the source the datagram came from. */
function digestOf(secret: usize, at: usize, origin: usize): usize {
  const input = scratchAt + INPUT;
  const nonce = load<i32>(scratchAt, NONCE_BYTES);
  memory.copy(input, load<u32>(scratchAt, NONCE_AT), nonce);
  let end = input + nonce;
  const four = load<u64>(origin, ORIGIN_REMOTE) == 0 && load<u32>(origin, 8) == 0xffff0000;
  if (four) {
    store<u32>(end, load<u32>(origin, 12));
    end += 4;
  } else {
    v128.store(end, v128.load(origin, ORIGIN_REMOTE));
    end += 16;
  }
  store<u16>(end, bswap<u16>(<u16>load<i32>(origin, ORIGIN_REMOTE_PORT)));
  store<u64>(end, load<u64>(at), 2);
  const out = scratchAt + DIGEST;
  hmac(secret + COOKIE_STATE, MAC_HMAC_SHA256, input, <u32>(end + 10 - input), input, 0, out);
  return out;
}

// ---- 3. answer -----------------------------------------------------------------------------------

/** The caller has asked slotsLeft. */
function answer(port: i32, index: i32, origin: usize, at: usize): void {
  const secret = secretAt(atomic.load<u32>(CONTROL_AT, CONTROL_COOKIE_NEWEST) & 1);
  if (!load<u32>(secret, COOKIE_USABLE)) return count(STRANGERS_REFUSED);
  const digest = digestOf(secret, at, origin);
  const slot = takeSlot();
  const natt = port == PORT_UDP4_4500 || port == PORT_UDP6_4500;
  const marker = natt ? 4 : 0;
  const packet = slotAt(slot);
  store<u32>(packet, 0);
  const out = packet + marker;
  memory.fill(out, 0, ANSWER - MAC);
  store<u64>(out, load<u64>(at));
  store<u8>(out, <u8>NOTIFY, NEXT_PAYLOAD);
  store<u8>(out, VERSION, VERSION_AT);
  store<u8>(out, IKE_SA_INIT, EXCHANGE);
  store<u8>(out, RESPONSE, FLAGS);
  store<u32>(out, bswap<u32>(ANSWER), 24);
  store<u16>(out, bswap<u16>(<u16>(ANSWER - HEADER)), HEADER + 2);
  store<u16>(out, bswap<u16>(COOKIE), HEADER + 6);
  store<u8>(out, <u8>load<u32>(secret, COOKIE_VERSION), HEADER + NOTIFY_DATA);
  memory.copy(out + HEADER + NOTIFY_DATA + 1, digest, MAC);
  const six = port == PORT_UDP6_4500 || port == PORT_UDP6_500;
  sendAnswer(port, six, index, origin, slot, packet, ANSWER + marker);
  count(COOKIES);
}
