// A RADIUS server that lies, for one user name each in its own way: it stands before FreeRADIUS, whose
// secret it has, and changes what that answers.
//   radius-liar.js ADDRESS PORT SERVER-PORT
import { createSocket, type RemoteInfo } from 'node:dgram';
import { allOf, firstOf, joinEap, splitEap } from '../../src/radius/attributes.js';
import { sealAnswer } from '../../src/radius/authenticators.js';
import { ACCESS_ACCEPT, ACCESS_REJECT } from '../../src/radius/numbers.js';
import { type Attribute, decodePacket, type Packet } from '../../src/radius/packet.js';
import { RADIUS_SECRET } from './freeradius.js';

const [address = '', port, serverPort] = process.argv.slice(2);
const SECRET = new TextEncoder().encode(RADIUS_SECRET);
const OTHER = new TextEncoder().encode('the secret of somebody else');
const [MESSAGE_AUTHENTICATOR, EAP_MESSAGE, VENDOR_SPECIFIC] = [80, 79, 26];
const SEND_KEY = 'MS-MPPE-Send-Key';
const without = (attributes: readonly Attribute[], type: number): Attribute[] =>
  attributes.filter((one) => one.type !== type);

type Lie = (answer: Packet, asked: Packet, bytes: Buffer) => Uint8Array | undefined;

/** As the server would have sent it, with these attributes. */
const sealed = (
  answer: Packet,
  asked: Packet,
  attributes: readonly Attribute[],
  { secret = SECRET, sign = true } = {},
): Uint8Array => {
  const content = { ...answer, attributes: without(attributes, MESSAGE_AUTHENTICATOR) };
  return sealAnswer(content, secret, asked.authenticator, sign);
};

/** Only what lets somebody in is changed: all before it is as it was. */
const ofAccepts =
  (lie: Lie): Lie =>
  (answer, asked, bytes) =>
    answer.code === ACCESS_ACCEPT ? lie(answer, asked, bytes) : bytes;

const LIES: Readonly<Record<string, Lie>> = {
  silent: () => undefined,
  // CVE-2024-3596: without Message-Authenticator a collision of MD5 is all it takes.
  unsigned: ofAccepts((answer, asked) => sealed(answer, asked, answer.attributes, { sign: false })),
  foreign: ofAccepts((answer, asked) =>
    sealed(answer, asked, answer.attributes, { secret: OTHER }),
  ),
  turned: (answer, _asked, bytes) => {
    if (answer.code === ACCESS_REJECT) bytes[0] = ACCESS_ACCEPT;
    return bytes;
  },
  keyless: ofAccepts((answer, asked) =>
    sealed(answer, asked, without(answer.attributes, VENDOR_SPECIFIC)),
  ),
  halfkey: ofAccepts((answer, asked) => {
    const send = answer.attributes.filter(
      (one) => allOf({ attributes: [one] }, SEND_KEY).length > 0,
    );
    return sealed(answer, asked, [...without(answer.attributes, VENDOR_SPECIFIC), ...send]);
  }),
  torn: ofAccepts((answer, asked) => {
    const [, identifier = 0] = joinEap(answer)!;
    const failure = splitEap(Uint8Array.of(4, identifier, 0, 4));
    return sealed(answer, asked, [...without(answer.attributes, EAP_MESSAGE), ...failure]);
  }),
};

const door = createSocket('udp4');
door.on('message', (bytes, from) => {
  const asked = decodePacket(bytes);
  ask(asked, bytes, from);
});
door.bind(Number(port), address);

/** One socket a question: the answer needs no table to find its way back. */
function ask(asked: Packet, bytes: Buffer, from: RemoteInfo): void {
  const lie = LIES[firstOf(asked, 'User-Name') ?? ''];
  const line = createSocket('udp4');
  const timer = setTimeout(() => line.close(), 10_000);
  line.on('message', (answer) => {
    clearTimeout(timer);
    line.close();
    const said = lie ? lie(decodePacket(answer), asked, answer) : answer;
    if (said) door.send(said, from.port, from.address);
  });
  line.send(bytes, Number(serverPort), address);
}
