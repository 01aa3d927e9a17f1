// A client of culvert's with an address of charon's pool, to whom charon leaves it to authenticate anew, and
// says until when (RFC 4478).
import { AES_GCM_128 } from './algorithms.js';
import { type Options, SECRET } from './tunnel.js';

/** How long charon lets an IKE SA live. */
export const SECONDS = 14;

/** For charon. */
export const POOLED = `connections { gw {
    version = 2
    local_addrs = 192.0.2.2
    remote_addrs = %any
    proposals = ${AES_GCM_128.strongswan.ike}
    reauth_time = ${SECONDS}s
    rand_time = 0s
    over_time = 60s
    pools = rw4
    local { auth = psk
      id = sun.example }
    remote { auth = psk }
    children { gw {
      local_ts = 198.19.0.0/16
      esp_proposals = ${AES_GCM_128.strongswan.esp} } } } }
pools { rw4 { addrs = 10.9.0.0/24 } }
secrets { ike-1 { secret = "${SECRET}" } }
`;

export const CLIENT: Options = {
  initiator: 'culvert',
  charon: 'mem_pool { reassign_online = yes }',
  identity: { 'generate-policy': 'port-strict', 'mode-config': 'road' },
  policies: [{ template: true, 'src-address': '::/0', 'dst-address': '::/0', proposal: 'lab' }],
  menus: {
    'mode-config': [{ name: 'road', 'src-address-list': 'lan', 'use-responder-dns': 'no' }],
    'address-list': [{ list: 'lan', address: '198.18.0.0/16' }],
  },
};
