// Who a peer has proved to be, as a text that is compared: what an address is kept for, whose earlier IKE
// SAs INITIAL_CONTACT ends, whose policies are taken over. The text for people says too little for that:
// it is cut, a name's parts run together in it, and with remote-id=ignore or match-by=certificate the peer
// says what it likes. Where that is so, what was proved goes in by its hash.
import { createHash } from 'node:crypto';
import {
  ID_FQDN,
  ID_IPV4_ADDR,
  ID_IPV6_ADDR,
  ID_KEY_ID,
  ID_RFC822_ADDR,
} from '../../wire/numbers.js';
import type { IkeSa } from '../sa.js';
import { formatId, type WireId } from './identification.js';

const WHOLE = /^[\x20-\x7e]{0,128}$/;

/** Whether its text has all of it. */
function isWhole({ idType, data }: WireId): boolean {
  if (idType === ID_IPV4_ADDR || idType === ID_IPV6_ADDR) return true;
  const isText = [ID_FQDN, ID_RFC822_ADDR, ID_KEY_ID].includes(idType);
  return isText && WHOLE.test(Buffer.from(data).toString('latin1'));
}

/** After the proof: by then `vouched` has what certificates were shown. */
export function provedId({ vouched }: Pick<IkeSa, 'vouched'>, id: WireId): string {
  const alone = vouched.find(({ named }) => !named)?.path[0];
  const text = formatId(id);
  const unsaid = [...(isWhole(id) ? [] : [id.data]), ...(alone ? [alone] : [])];
  if (unsaid.length === 0) return text;
  const digests = unsaid.map((bytes) => createHash('sha256').update(bytes).digest('hex'));
  return `${text} #${digests.join('+')}`;
}
