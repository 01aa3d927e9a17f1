// What an authentication method needs, and what it has no use for: a property that is taken and then
// does nothing would let its writer believe in it.
import { isSingleHost } from './address-rules.js';
import { enabled, type Rule, readable } from './found.js';
import { isDefault } from './menu.js';
import { identityMenu } from './menus.js';
import { type Problem, show } from './problem.js';
import type { Found } from './read.js';

type Identity = Found<typeof identityMenu>;
type Method = Identity['entry']['auth-method'];
type Property = keyof Identity['entry'];

interface Uses {
  readonly needs: readonly Property[];
  readonly takes: readonly Property[];
  /** Of one version of IKE only. */
  readonly version?: 1 | 2;
}

const METHODS: Readonly<Record<Method, Uses>> = {
  'pre-shared-key': { needs: ['secret'], takes: [] },
  'digital-signature': {
    needs: ['certificate'],
    takes: ['remote-certificate', 'match-by', 'rsa-padding'],
  },
  eap: {
    needs: [],
    takes: [
      'certificate',
      'remote-certificate',
      'eap-methods',
      'ttls-inner',
      'outer-identity',
      'eap-server-name',
      'username',
      'password',
    ],
    version: 2,
  },
  'eap-local': { needs: ['certificate'], takes: ['rsa-padding', 'eap-methods'], version: 2 },
  'eap-radius': { needs: [], takes: ['certificate', 'rsa-padding'], version: 2 },
  'pre-shared-key-xauth': { needs: ['secret'], takes: ['username', 'password'], version: 1 },
  'rsa-key': { needs: ['key', 'remote-key'], takes: [], version: 1 },
  'rsa-signature-hybrid': {
    needs: [],
    takes: ['certificate', 'remote-certificate', 'username', 'password'],
    version: 1,
  },
};
const ALL = Object.values(METHODS);
const OF_METHODS = [...new Set(ALL.flatMap(({ needs, takes }) => [...needs, ...takes]))];
const rowOf = (name: Property) => identityMenu.properties.find((row) => row.name === name)!;

/** Also of a disabled identity: enabling it must not break a running configuration. */
export const methodsHaveWhatTheyNeed: Rule = (c, problems) => {
  for (const { path, entry, unread } of readable(c.identities, 'auth-method')) {
    const method = entry['auth-method'];
    const { needs, takes } = METHODS[method];
    for (const name of OF_METHODS.filter((one) => !unread.has(one))) {
      const unset = isDefault(rowOf(name), entry[name]);
      const secret = rowOf(name).kind.secret === true;
      if (unset && needs.includes(name)) {
        const expected = `a ${name}: auth-method=${method} needs one`;
        problems.push({ path: `${path}.${name}`, value: 'nothing', expected });
      } else if (!unset && !needs.includes(name) && !takes.includes(name)) {
        const value = secret ? '[hidden]' : show(entry[name]);
        const expected = `nothing: auth-method=${method} has no use for it`;
        problems.push({ path: `${path}.${name}`, value, expected });
      }
    }
  }
};

/** What this gateway speaks as EAP server. */
const LOCAL_METHODS: readonly string[] = ['eap-tls', 'eap-mschapv2'];

/** Spec: match-by=certificate compares with remote-certificate; EAP methods want their credentials. */
export const credentialsAreComplete: Rule = (c, problems) => {
  for (const { path, entry, unread } of readable(c.identities, 'auth-method')) {
    const missing = (name: Property, why: string): void => {
      if (unread.has(name) || !isDefault(rowOf(name), entry[name])) return;
      problems.push({ path: `${path}.${name}`, value: 'nothing', expected: `a ${name}: ${why}` });
    };
    if (entry['match-by'] === 'certificate') missing('remote-certificate', 'match-by names it');
    if (unread.has('eap-methods')) continue;
    if (entry['auth-method'] === 'eap-local') {
      const other = entry['eap-methods'].find((one) => !LOCAL_METHODS.includes(one));
      const expected = `${LOCAL_METHODS.join(' and ')}: others need auth-method=eap-radius`;
      if (other) problems.push({ path: `${path}.eap-methods`, value: show(other), expected });
    }
    if (entry['auth-method'] !== 'eap') continue;
    wantsOfTls(path, entry, unread, problems);
    for (const method of entry['eap-methods']) {
      const why = `${method} needs one`;
      if (method === 'eap-tls') missing('certificate', why);
      else for (const name of ['username', 'password'] as const) missing(name, why);
    }
  }
};

/** What is said or checked within TLS is of no use to a method without it. */
function wantsOfTls(
  path: string,
  entry: Identity['entry'],
  unread: Identity['unread'],
  problems: Problem[],
): void {
  const methods = entry['eap-methods'];
  const wrong = (name: 'outer-identity' | 'eap-server-name', expected: string): void => {
    if (unread.has(name) || isDefault(rowOf(name), entry[name])) return;
    problems.push({ path: `${path}.${name}`, value: show(entry[name]), expected });
  };
  if (methods.includes('eap-mschapv2')) {
    wrong('outer-identity', 'nothing: eap-mschapv2 says the user name in the clear');
  }
  if (methods.every((method) => method === 'eap-mschapv2')) {
    wrong('eap-server-name', 'nothing: with eap-mschapv2 alone the server shows no certificate');
  }
}

/** A subject is a certificate's: ours needs a certificate of ours, the peer's one that it shows. */
export const subjectsHaveCertificates: Rule = (c, problems) => {
  for (const { path, entry } of readable(c.identities, 'auth-method', 'certificate')) {
    const wrong = (property: string, expected: string): void => {
      problems.push({ path: `${path}.${property}`, value: '"dn"', expected });
    };
    const method = entry['auth-method'];
    if (entry['my-id']?.kind === 'dn' && entry.certificate.length === 0) {
      wrong('my-id', 'another kind: dn is the subject of our certificate, and there is none');
    }
    const shows = ['digital-signature', 'eap', 'rsa-signature-hybrid'].includes(method);
    if (entry['remote-id']?.kind === 'dn' && !shows) {
      wrong('remote-id', `another kind: with auth-method=${method} the peer shows no certificate`);
    }
  }
};

const isEapServer = (method: Method): boolean => method === 'eap-local' || method === 'eap-radius';

/** Spec: which methods and identities exist in which version; EAP calls one host. */
export const identitiesFitTheirPeer: Rule = (c, problems) => {
  const peers = new Map(
    readable(c.peers, 'name', 'exchange-mode', 'address').map(({ entry }) => [entry.name, entry]),
  );
  for (const found of readable(c.identities, 'peer', 'auth-method', 'remote-id')) {
    const { path, entry } = found;
    const peer = peers.get(entry.peer);
    if (!peer) continue;
    const mode = peer['exchange-mode'];
    const version = mode === 'ike2' ? 2 : 1;
    const method = entry['auth-method'];
    const only = METHODS[method].version;
    if (only !== undefined && only !== version) {
      const expected = `a method of IKEv${version}: peer ${peer.name} has exchange-mode=${mode}`;
      problems.push({ path: `${path}.auth-method`, value: show(method), expected });
    }
    if (version === 1 && ['fqdn', 'user-fqdn', 'key-id'].includes(entry['remote-id'].kind)) {
      const why = `other kinds are of IKEv2, and peer ${peer.name} has exchange-mode=${mode}`;
      const expected = `auto, address or ignore: ${why}`;
      const value = show(found.written['remote-id']);
      problems.push({ path: `${path}.remote-id`, value, expected });
    }
    if (method === 'eap' && !isSingleHost(peer.address)) {
      const expected = `a peer that is one host: ${peer.name} is a network, and EAP is for who calls`;
      problems.push({ path: `${path}.peer`, value: show(entry.peer), expected });
    }
  }
};

/**
 * Two identities of one peer must be told apart by what the peer says it is, shows, or wants to reach; and
 * where we call there is no use in the same one twice.
 */
export const identitiesAreDistinct: Rule = (c, problems) => {
  const first = new Map<string, string>();
  const needed = ['peer', 'auth-method', 'remote-id', 'match-by', 'remote-certificate', 'my-id'];
  for (const { path, entry, written } of enabled(c.identities, ...needed, 'certificate')) {
    const method = entry['auth-method'];
    const remote = written['remote-id'] ?? 'auto';
    const shows = entry['match-by'] === 'certificate' ? entry['remote-certificate'] : '';
    const ours = [written['my-id'] ?? 'auto', entry.certificate];
    // Who brings no AUTH meets other entries than who does, and a secret is not a signature.
    const users = isEapServer(method) ? 'users' : method;
    const key = JSON.stringify([entry.peer, users, remote, shows, ours]);
    const other = first.get(key);
    if (other !== undefined) {
      const expected = `another remote-id, my-id or certificate: ${other} of the same peer has all of them`;
      problems.push({ path: `${path}.remote-id`, value: show(remote), expected });
    } else first.set(key, path);
  }
};

/** The properties that some methods use and others do not. */
export const MATTERS_TO: readonly string[] = OF_METHODS;

/** Which of them `method` uses; undefined where there is no such method. */
export function usesOf(method: string): readonly string[] | undefined {
  if (!Object.hasOwn(METHODS, method)) return undefined;
  const { needs, takes } = METHODS[method as Method];
  return [...needs, ...takes];
}
