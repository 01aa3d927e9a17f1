// Menus `radius` and `radius-incoming`: who decides about users, and what of it may come uncalled.
import {
  choice,
  duration,
  entryName,
  failed,
  flag,
  integer,
  type Kind,
  listOf,
  optional,
  text,
} from '../kind.js';
import { menu, property } from '../menu.js';
import { address, secret } from '../network-kind.js';
import { comment, disabled } from './common.js';

const SERVICES = ['ipsec', 'dhcp', 'dot1x', 'hotspot', 'login', 'ppp', 'wireless'] as const;

export const radiusMenu = menu({
  name: 'radius',
  list: true,
  text: 'RADIUS servers that decide about users, in the order they are asked (RouterOS: /radius).',
  properties: [
    property({
      name: 'service',
      kind: listOf(SERVICES),
      text: 'What the server is for; only ipsec concerns this gateway.',
      shown: ['interop/radius.test.ts'],
    }),
    property({
      name: 'address',
      kind: address,
      text: 'Its address.',
      shown: ['interop/radius.test.ts'],
    }),
    property({
      name: 'protocol',
      kind: choice(['udp', 'radsec']),
      default: 'udp',
      text:
        'udp: RFC 2865, protected by the secret alone; radsec: over TLS (RFC 6614), accounting too, ' +
        'to port 2083 unless authentication-port is another than 1812.',
      shown: ['interop/radsec.test.ts'],
    }),
    property({
      name: 'secret',
      kind: secret,
      default: '',
      only: 'protocol=udp',
      text: 'The secret shared with it. Must be set with protocol=udp; TLS does without.',
      shown: ['interop/radius.test.ts'],
    }),
    property({
      name: 'authentication-port',
      kind: integer(1, 65535),
      default: 1812,
      text: 'Its port for authentication.',
      shown: ['interop/radius.test.ts'],
    }),
    property({
      name: 'accounting-port',
      kind: integer(1, 65535),
      default: 1813,
      only: 'protocol=udp',
      text: 'Its UDP port for accounting.',
      shown: ['interop/radius.test.ts'],
    }),
    property({
      name: 'timeout',
      kind: milliseconds(),
      default: '300ms',
      text:
        'How long an answer is waited for before the next server is asked; each server is asked ' +
        'three times, the wait doubles every time.',
      shown: ['radius/client.test.ts', 'interop/radius.test.ts'],
    }),
    property({
      name: 'dead-time',
      kind: duration(0, 3600),
      default: '1m',
      ours: true,
      text: 'How long a server that did not answer three times is not asked, if there is another.',
      shown: ['radius/client.test.ts'],
    }),
    property({
      name: 'src-address',
      kind: optional(address),
      default: '',
      text: 'Our address towards it.',
      shown: ['daemon/radius.test.ts'],
    }),
    property({
      name: 'certificate',
      kind: optional(entryName),
      default: '',
      only: 'protocol=radsec',
      text:
        'The certificate, with its key, that we show the server; must be set with radsec. The ' +
        'server must show one of a CA that is trusted in the menu certificate.',
      shown: ['interop/radsec.test.ts'],
    }),
    property({
      name: 'server-name',
      kind: text,
      default: '',
      ours: true,
      only: 'protocol=radsec',
      text: "The name that the server's certificate must hold. Empty: its address.",
      shown: ['interop/radsec.test.ts'],
    }),
    disabled('interop/radius.test.ts'),
    comment,
  ],
});

export const radiusIncomingMenu = menu({
  name: 'radius-incoming',
  list: false,
  text:
    'What the RADIUS servers may send of their own accord (RFC 5176): Disconnect, and changes of ' +
    'limits (RouterOS: /radius incoming).',
  properties: [
    property({
      name: 'accept',
      kind: flag,
      default: false,
      text: 'Whether such requests are listened for; only servers of the menu radius may send them.',
      shown: ['daemon/radius-door.test.ts'],
    }),
    property({
      name: 'port',
      kind: integer(1, 65535),
      default: 3799,
      text: 'The UDP port they come to.',
      shown: ['daemon/radius-door.test.ts'],
    }),
    property({
      name: 'require-timestamp',
      kind: flag,
      default: true,
      ours: true,
      text:
        'Whether a request must say when it was made (Event-Timestamp, at most 5 minutes off). ' +
        'Without that an old request may be played back.',
      shown: ['radius/incoming.test.ts', 'daemon/radius-door.test.ts'],
    }),
  ],
});

/** RouterOS writes `300ms`, `3s`, `1s500ms`. */
function milliseconds(): Kind<number> {
  const seconds = duration(1, 60);
  return {
    notation: 'time: 10ms..1m',
    schema: { anyOf: [{ type: 'string', pattern: '^[0-9hmswd:]+$' }, { type: 'integer' }] },
    read(written: unknown) {
      const [, s, ms] = /^(?:(\d{1,2})s)?(\d{2,5})ms$/.exec(String(written)) ?? [];
      const value = Number(s ?? 0) * 1000 + Number(ms);
      if (ms !== undefined && value >= 10 && value <= 60_000) return { value };
      const whole = seconds.read(written);
      if (ms === undefined && !failed(whole)) return { value: whole.value * 1000 };
      return { expected: 'a time such as 300ms or 3s, from 10 ms to 60 s' };
    },
  };
}
