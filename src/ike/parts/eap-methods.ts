// The methods of an identity with EAP, as src/eap's two drivers want them.
import type { Conversation } from '../../eap/authenticator.js';
import { LocalConversation } from '../../eap/local.js';
import { METHODS, type MethodName, type PeerMethod, type ServerMethod } from '../../eap/method.js';
import { MschapPeer, MschapServer } from '../../eap/mschapv2.js';
import { EapPeer } from '../../eap/peer.js';
import type { EapIdentity, EapLocalIdentity } from '../../policy/database.js';
import type { World } from '../exchange.js';

const isMethod = (name: string): name is MethodName => Object.hasOwn(METHODS, name);

/** Those that prove both sides and make keys: only they may stand alone (RFC 5998 §4). */
const usable = (names: readonly string[], alone: boolean): MethodName[] =>
  names.filter(isMethod).filter((name) => !alone || METHODS[name].mutual);

/** Whether EAP alone could prove who the responder is, too. */
export const mayStandAlone = ({ eapMethods }: EapIdentity): boolean =>
  usable(eapMethods, true).length > 0;

/** Initiator. `claims`: what our IKE identity says, for who has no user name. */
export function eapPeer(
  { context }: World,
  { eapMethods, username, password }: EapIdentity,
  { alone, claims }: { readonly alone: boolean; readonly claims: string },
): EapPeer {
  const random = (bytes: number) => context.random(bytes);
  const make = (name: MethodName): PeerMethod => {
    if (name === 'eap-mschapv2') return new MschapPeer({ username, password }, random);
    throw new Error(`bug: ${name} is not there yet`);
  };
  const methods = usable(eapMethods, alone).map((name) => ({
    type: METHODS[name].type,
    make: () => make(name),
  }));
  return new EapPeer({ identity: username || claims, methods });
}

/** Responder, where we decide ourselves. */
export function localConversation(
  { context, databases }: World,
  { eapMethods }: EapLocalIdentity,
  alone: boolean,
): Conversation {
  const random = (bytes: number) => context.random(bytes);
  const make = (name: MethodName, identity: string): ServerMethod => {
    if (name !== 'eap-mschapv2') throw new Error(`bug: ${name} is not there yet`);
    const found = databases.users.find((user) => user.name === identity && user.password !== '');
    return new MschapServer(found, identity, random);
  };
  const methods = usable(eapMethods, alone).map((name) => ({
    type: METHODS[name].type,
    make: (identity: string) => make(name, identity),
  }));
  return new LocalConversation(methods, random(1)[0]!);
}
