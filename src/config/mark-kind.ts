// Marks of connections. RouterOS gives them names; Linux has numbers, with a mask where several share
// the 32 bits (nft: `ct mark and 0xff == 0x10`).
import type { ConnectionMark } from '../policy/database.js';
import { entryName, failed, type Kind, type Read } from './kind.js';

const WHOLE = 0xffff_ffff;
const FORM = /^(0x[0-9a-fA-F]{1,8}|\d{1,10})(?:\/(0x[0-9a-fA-F]{1,8}|\d{1,10}))?$/;
const FORMS =
  'a number from 1 to 0xffffffff, with a mask behind it or without: 16, 0x10, 0x10/0xff';

export const markNumber: Kind<ConnectionMark> = {
  notation: 'integer: 1..4294967295, or 0x…, with /mask',
  schema: {
    anyOf: [
      { type: 'integer', minimum: 1, maximum: WHOLE },
      { type: 'string', pattern: FORM.source },
    ],
  },
  read(written): Read<ConnectionMark> {
    const text = typeof written === 'number' ? String(written) : written;
    const found = typeof text === 'string' ? FORM.exec(text) : null;
    if (!found) return { expected: FORMS };
    const [value, mask] = [Number(found[1]), Number(found[2] ?? WHOLE)];
    if (value === 0 || value > WHOLE || mask > WHOLE) return { expected: FORMS };
    // BigInt: of numbers the operators see 32 bits with a sign
    if ((BigInt(value) & ~BigInt(mask)) !== 0n) {
      return { expected: `${FORMS}; of the number no bit outside the mask` };
    }
    return { value: { value, mask } };
  },
};

/** RouterOS's name, which is an entry of the menu connection-mark, or the number itself. */
export const connectionMark: Kind<ConnectionMark | string> = {
  notation: `string | ${markNumber.notation}`,
  schema: {
    anyOf: [
      { type: 'string', minLength: 1 },
      { type: 'integer', minimum: 1 },
    ],
  },
  read(written) {
    if (typeof written === 'number' || /^\d/.test(String(written))) return markNumber.read(written);
    const result = entryName.read(written);
    return failed(result) ? { expected: `${result.expected}, or ${FORMS}` } : result;
  },
};
